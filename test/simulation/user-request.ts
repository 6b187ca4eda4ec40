import { deploymentKind } from '../../src/model/deployment.js';
import { nodeKind } from '../../src/model/node.js';
import { taskKind } from '../../src/model/task.js';
import type { Action } from './scenario.js';
import type { UserApi } from './user-api.js';

/** What users do by asking the manager for it. */
export type UserAction = Extract<
  Action,
  {
    do: 'apply' | 'edit' | 'delete' | 'deleteNode' | 'applyDeployment' | 'editDeployment' | 'deleteDeployment';
  }
>;

const asUser = { fieldManager: 'user', force: true };

/** Asks for it once. */
export async function request(api: UserApi, action: UserAction): Promise<void> {
  switch (action.do) {
    case 'deleteNode':
      await api.delete(nodeKind, { name: action.worker });
      return;
    case 'apply': {
      const key = keyOf(action.task);
      const task = { apiVersion: 'orch.dev/v1', kind: 'Task', metadata: { ...key }, spec: action.spec };
      await api.apply(taskKind, key, task, asUser);
      return;
    }
    case 'edit':
      await api.patch(taskKind, keyOf(action.task), { spec: action.spec });
      return;
    case 'delete': {
      const { gracePeriodSeconds } = action;
      await api.delete(taskKind, keyOf(action.task), gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });
      return;
    }
    case 'applyDeployment': {
      const key = keyOf(action.deployment);
      const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...key }, spec: action.spec };
      await api.apply(deploymentKind, key, deployment, asUser);
      return;
    }
    case 'editDeployment':
      await api.patch(deploymentKind, keyOf(action.deployment), { spec: action.spec });
      return;
    case 'deleteDeployment':
      await api.delete(deploymentKind, keyOf(action.deployment));
      return;
  }
}

function keyOf(name: string): { namespace: string; name: string } {
  return { namespace: 'default', name };
}
