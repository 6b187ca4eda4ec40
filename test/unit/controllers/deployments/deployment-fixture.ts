import { expect } from 'vitest';
import {
  hashInRecords,
  planRevisions,
  type RevisionStep,
} from '../../../../src/controllers/deployments/plan-revisions.js';
import { planRollout, type RolloutStep } from '../../../../src/controllers/deployments/plan-rollout.js';
import type { ReadyTime } from '../../../../src/controllers/deployments/ready-times.js';
import { sortReplicas, type Replicas } from '../../../../src/controllers/deployments/replicas.js';
import {
  revisionAnnotation,
  type DeploymentSpec,
  type DeploymentStatus,
  type StoredDeployment,
} from '../../../../src/model/deployment.js';
import { templateHashLabel } from '../../../../src/model/pod-template.js';
import type { StoredReplicaSet } from '../../../../src/model/replica-set.js';
import type { StoredTask } from '../../../../src/model/task.js';
import { aStoredTask } from '../../../support/cluster-builders.js';

export const now = Date.parse('2026-01-01T00:00:00Z');

/** A Deployment `web` of three, made from `busybox:IMAGE`. */
export function aDeployment(
  spec: Partial<DeploymentSpec> & { image?: string } = {},
  status?: DeploymentStatus,
  generation = 1,
): StoredDeployment {
  const { image = '1', ...rest } = spec;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'u-web',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation,
    },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: `busybox:${image}` }] },
      },
      ...rest,
    },
    ...(status ? { status } : {}),
  };
}

/** The records of one Deployment, to which the planner's steps are done, as the registry would do them. */
export class PlayedRecords {
  records: StoredReplicaSet[] = [];
  annotations: Record<string, string> = {};

  do(step: RevisionStep): void {
    switch (step.type) {
      case 'number':
        this.annotations = { ...this.annotations, [revisionAnnotation]: String(step.revision) };
        return;
      case 'delete':
        this.records = this.records.filter((record) => record !== step.record);
        return;
      case 'create': {
        const { name = '' } = step.record.metadata;
        expect(this.records.map(({ metadata }) => metadata.name)).not.toContain(name);
        this.records = [...this.records, stored(step.record, name)];
        return;
      }
      case 'write': {
        const { status, spec, ...metadata } = step.content;
        const next = { ...step.record, spec, status: { ...status, observedGeneration: 1 } };
        next.metadata = { ...next.metadata, ...metadata };
        this.records = this.records.map((record) => (record === step.record ? next : record));
      }
    }
  }
}

function stored(record: object, name: string): StoredReplicaSet {
  const { metadata, ...rest } = record as StoredReplicaSet;
  const system = { uid: `u-${name}`, resourceVersion: '1', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' };
  return { ...rest, metadata: { ...metadata, ...system } };
}

/** The tasks of one Deployment, to which the planner's steps are done. */
export class PlayedTasks {
  readonly history = new PlayedRecords();
  tasks: StoredTask[] = [];
  /** For how long the ready ones have been that. */
  readyFor: (task: StoredTask) => ReadyTime = () => ({ milliseconds: 0, isAtLeast: false });

  sorted(deployment: StoredDeployment): Replicas {
    const hash = hashInRecords(deployment, this.history.records);
    return sortReplicas(deployment, this.tasks, new Set(), (task) => this.readyFor(task), hash);
  }

  /** The next steps, after what is to be known of them has been written down. */
  plan(deployment: StoredDeployment): RolloutStep[] {
    const replicas = this.sorted(deployment);
    const { steps, sizes } = planRollout(deployment, replicas, this.history.records);
    for (const step of planRevisions(deployment, this.history.records, replicas, sizes)) this.history.do(step);
    return steps;
  }

  do(step: RolloutStep): void {
    if (step.type === 'create') {
      const { labels, spec } = step.blueprint;
      this.tasks.push(aStoredTask(step.name, spec, { state: 'Pending' }, { labels }));
    } else {
      const { name } = step.task.metadata;
      this.change(name, (task) => ({
        ...task,
        metadata: { ...task.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
      }));
    }
  }

  /** All that are on their way out are gone. */
  leave(): void {
    this.tasks = this.tasks.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  setReady(isReady: boolean, which: (task: StoredTask) => boolean = () => true): void {
    for (const { metadata } of this.tasks.filter(which)) {
      this.change(metadata.name, (task) => ({
        ...task,
        status: {
          state: 'Running',
          conditions: [
            { type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:00Z' },
          ],
        },
      }));
    }
  }

  /** New tasks become ready, old ones go and steps are done, until nothing is left to do. Returns the rounds. */
  settle(deployment: StoredDeployment, mayStart: (task: StoredTask) => boolean = () => true): number {
    for (let round = 0; round < 100; round += 1) {
      this.leave();
      this.setReady(true, mayStart);
      const { records } = this.history;
      const steps = this.plan(deployment);
      // What was written down brings the Deployment up again.
      if (steps.length === 0 && this.history.records === records) return round;
      for (const step of steps) this.do(step);
    }
    throw new Error('the rollout does not come to an end');
  }

  images(): string[] {
    return this.tasks.map(({ spec }) => spec.image).sort();
  }

  hashes(): Set<string | undefined> {
    return new Set(this.tasks.map(({ metadata }) => metadata.labels?.[templateHashLabel]));
  }

  private change(name: string, change: (task: StoredTask) => StoredTask): void {
    this.tasks = this.tasks.map((task) => (task.metadata.name === name ? change(task) : task));
  }
}
