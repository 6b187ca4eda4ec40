import type { StoredDeployment } from '../../model/deployment.js';
import type { StoredReplicaSet } from '../../model/replica-set.js';
import type { Registry } from '../../registry/registry.js';
import type { RolloutStep } from './plan-rollout.js';
import type { Replicas } from './replicas.js';
import { planScalingEvents, presentSizes, type ToldSizes } from './scaling-events.js';

/** As Kubernetes' controller of that name says it. */
const source = 'deployment-controller';

/**
 * Records what happens to Deployments: that the number of tasks of a template changes, and why tasks cannot be made. Always holds: what
 * a resync finds as it was is not told again.
 */
export class DeploymentEvents {
  readonly #registry: Registry;
  /** By Deployment uid. */
  readonly #told = new Map<string, ToldSizes>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Call before a pass over a Deployment: what there is already is no news. */
  expect({ metadata }: StoredDeployment, records: readonly StoredReplicaSet[], replicas: Replicas): void {
    if (!this.#told.has(metadata.uid)) this.#told.set(metadata.uid, presentSizes(records, replicas));
  }

  /** `steps`: those that came about. `replicas`: as they were before. */
  async tellSteps(deployment: StoredDeployment, replicas: Replicas, steps: readonly RolloutStep[]): Promise<void> {
    const { uid } = deployment.metadata;
    const { events, told } = planScalingEvents(deployment, replicas, steps, this.#told.get(uid) ?? new Map());
    this.#told.set(uid, told);
    for (const event of events) await this.#record(deployment, { type: 'Normal', ...event });
  }

  /** Why a task could not be made, unless the status says so already. */
  async tellRefusal(deployment: StoredDeployment, message: string): Promise<void> {
    const known = deployment.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    if (known?.message !== message)
      await this.#record(deployment, { type: 'Warning', reason: 'FailedCreate', message });
  }

  forget(uid: string): void {
    this.#told.delete(uid);
  }

  async #record(
    { apiVersion, kind, metadata }: StoredDeployment,
    event: { type: 'Normal' | 'Warning'; reason: string; message: string },
  ): Promise<void> {
    const { name, namespace = 'default', uid } = metadata;
    await this.#registry.recordTaskEvent({ regarding: { apiVersion, kind, name, namespace, uid }, ...event, source });
  }
}
