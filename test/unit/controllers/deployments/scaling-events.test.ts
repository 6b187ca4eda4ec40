import { describe, expect, it } from 'vitest';
import type { RolloutStep } from '../../../../src/controllers/deployments/plan-rollout.js';
import { planScalingEvents, presentSizes } from '../../../../src/controllers/deployments/scaling-events.js';
import type { Replicas } from '../../../../src/controllers/deployments/replicas.js';
import { templateHashLabel } from '../../../../src/model/pod-template.js';
import type { StoredTask } from '../../../../src/model/task.js';
import { aStoredTask } from '../../../support/cluster-builders.js';
import { aDeployment } from './deployment-fixture.js';

const task = (hash: string, name = hash): StoredTask => {
  const stored = aStoredTask(name);
  return { ...stored, metadata: { ...stored.metadata, labels: { [templateHashLabel]: hash } } };
};
const replicas = (updated: number, old = 0): Replicas => ({
  hash: 'new',
  updated: Array.from({ length: updated }, () => ({ task: task('new'), isReady: true, isAvailable: true })),
  old: Array.from({ length: old }, () => ({ task: task('old'), isReady: true, isAvailable: true })),
  leaving: [],
  strays: [],
});
const create = (hash = 'new'): RolloutStep => ({
  type: 'create',
  name: hash,
  isOfOlderTemplate: false,
  blueprint: { labels: { [templateHashLabel]: hash }, annotations: {}, spec: { image: 'busybox' } },
});
const remove = (hash: string): RolloutStep => ({ type: 'delete', task: task(hash) });
const tell = (before: Replicas, steps: RolloutStep[], told: [string, number][]): string[] =>
  planScalingEvents(aDeployment(), before, steps, new Map(told)).events.map(({ message }) => message);

describe('planScalingEvents', () => {
  it('tells of the first tasks of a template', () => {
    expect(tell(replicas(0), [create(), create(), create()], [])).toEqual([
      'Scaled up replica set web-new from 0 to 3',
    ]);
  });

  it('tells of a rollout step, growth first', () => {
    expect(
      tell(
        replicas(1, 3),
        [remove('old'), create()],
        [
          ['new', 1],
          ['old', 3],
        ],
      ),
    ).toEqual(['Scaled up replica set web-new from 1 to 2', 'Scaled down replica set web-old from 3 to 2']);
  });

  it('says nothing of a task that is made in the place of a lost one', () => {
    expect(tell(replicas(2), [create()], [['new', 3]])).toEqual([]);
  });

  it('says nothing where only some of the lost ones are made again', () => {
    expect(tell(replicas(1), [create()], [['new', 3]])).toEqual([]);
  });

  it('remembers what it told', () => {
    const { told } = planScalingEvents(aDeployment(), replicas(3), [remove('new')], new Map([['new', 3]]));
    expect([...told]).toEqual([['new', 2]]);
  });
});

describe('presentSizes', () => {
  it('takes what there is as told', () => {
    expect([...presentSizes([], replicas(2, 1))]).toEqual([
      ['new', 2],
      ['old', 1],
    ]);
  });
});
