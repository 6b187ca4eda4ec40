import { describe, expect, it } from 'vitest';
import { specHash } from '../../../src/model/spec-hash.js';
import { canMove, taskStates, type State } from '../../../src/model/task-state.js';
import type { StoredTask } from '../../../src/model/task.js';
import { planTask, type TaskFacts } from '../../../src/controllers/plan-task.js';
import { changeTask } from '../../../src/controllers/task-changes.js';
import { ClusterState } from '../../../src/scheduler/cluster-state.js';
import type { NodeInfo } from '../../../src/scheduler/node-info.js';
import { aNode, aStoredTask } from '../../support/cluster-builders.js';

const at = '2026-01-01T00:00:00Z';

function nodeInfo(...[name = 'n1', overrides = {}]: Partial<Parameters<typeof aNode>>): NodeInfo {
  const state = new ClusterState();
  state.setNode(aNode(name, overrides));
  const info = state.snapshot().node(name);
  if (info === undefined) throw new Error('no node');
  return info;
}

const facts = (overrides: Partial<TaskFacts> = {}): TaskFacts => ({
  node: nodeInfo(),
  nodeLostSince: undefined,
  evictingTaints: [],
  onNodeSince: 0,
  notReadyTolerationMilliseconds: 300_000,
  ...overrides,
});

const noNode = facts({ node: undefined });
const on = (state: State, spec: Partial<StoredTask['spec']> = {}, status: StoredTask['status'] = {}): StoredTask =>
  aStoredTask('t', { nodeName: 'n1', ...spec }, { state, ...status });

const evicted = { conditions: [{ type: 'DisruptionTarget', status: 'True' as const }] };

describe('what the manager does about a task', () => {
  it.each<[string, StoredTask, TaskFacts, string | undefined]>([
    ['waiting: the scheduler has it', aStoredTask('t'), noNode, undefined],
    ['running where it should', on('Running'), facts(), undefined],
    ['running without a node', aStoredTask('t', {}, { state: 'Running' }), noNode, 'unbind Unassigned'],
    ['running on a node that is gone', on('Running'), noNode, 'unbind NodeDeleted'],
    ['running, and evicted', on('Running', {}, evicted), facts(), 'unbind Evicted'],
    ['backing off, and evicted', on('Scheduled', {}, evicted), facts(), 'unbind Evicted'],
    ['completed, and evicted', on('Completed', {}, evicted), facts(), 'release'],
    ['failed for good, and evicted', on('Failed', { restartPolicy: 'Never' }, evicted), facts(), 'release'],
    ['completed on a node that is gone', on('Completed', { restartPolicy: 'OnFailure' }), noNode, undefined],
    ['to run always, completed on a node that is gone', on('Completed'), noNode, 'startAgain undefined'],
    ['to run always, completed on a node that is there', on('Completed'), facts(), undefined],
    ['failed for good on a node that is gone', on('Failed', { restartPolicy: 'Never' }), noNode, undefined],
    ['failed, to be restarted, on a node that is gone', on('Failed'), noNode, 'unbind NodeDeleted'],
    [
      'being deleted on a node that is gone',
      aStoredTask('t', { nodeName: 'n1' }, { state: 'Running' }, { deletionTimestamp: at }),
      noNode,
      undefined,
    ],
    ['stopped while waiting', aStoredTask('t', { desiredState: 'Completed' }), noNode, 'complete'],
    ['stopped while running: the worker does it', on('Running', { desiredState: 'Completed' }), facts(), undefined],
    [
      'stopped while waiting for a node named by hand',
      on('Pending', { desiredState: 'Completed' }),
      noNode,
      'complete',
    ],
    [
      'stopped after it failed for good, with no worker left',
      on('Failed', { restartPolicy: 'Never', desiredState: 'Completed' }),
      noNode,
      'complete',
    ],
    ['a node named by hand', on('Pending'), facts(), 'acceptNodeName'],
    ['a node named by hand that does not exist', on('Pending'), noNode, 'explain NodeNotFound'],
    ['stopped and started again', on('Completed', {}, { reason: 'Stopped' }), facts(), 'startAgain n1'],
    [
      'stopped and started again, cordoned meanwhile',
      on('Completed', {}, { reason: 'Stopped' }),
      facts({ node: nodeInfo('n1', { spec: { unschedulable: true } }) }),
      'startAgain undefined',
    ],
    [
      'stopped and started again, its node gone',
      on('Completed', {}, { reason: 'Stopped' }),
      noNode,
      'startAgain undefined',
    ],
    [
      'ended well',
      on('Completed', {}, { reason: 'Completed', specHash: specHash({ image: 'busybox' }) }),
      facts(),
      undefined,
    ],
    [
      'ended well, new image since',
      on('Completed', { image: 'nginx' }, { reason: 'Completed', specHash: specHash({ image: 'busybox' }) }),
      facts(),
      'startAgain n1',
    ],
    [
      'failed for good, new image since',
      on('Failed', { restartPolicy: 'Never', image: 'nginx' }, { specHash: specHash({ image: 'busybox' }) }),
      facts(),
      'startAgain n1',
    ],
    [
      'ended well, new image, but stopped',
      on('Completed', { image: 'nginx', desiredState: 'Completed' }, { reason: 'Stopped', specHash: 'old' }),
      facts(),
      undefined,
    ],
  ])('%s', (_name, task, given, expected) => {
    const { step } = planTask(task, given, 0);
    const shown =
      step === undefined
        ? undefined
        : [
            step.type,
            ...('reason' in step ? [step.reason] : []),
            ...(step.type === 'startAgain' ? [String(step.nodeName)] : []),
          ].join(' ');
    expect(shown).toBe(expected);
  });

  it('waits for a lost node as long as the default, a toleration, or for ever', () => {
    const lost = facts({ nodeLostSince: 1000 });
    expect(planTask(on('Running'), lost, 300_999)).toEqual({ againAfterMilliseconds: 1 });
    expect(planTask(on('Running'), lost, 301_000).step).toMatchObject({
      type: 'unbind',
      reason: 'NodeLost',
      because: 'nodeLost',
    });
    const tolerations = [{ key: 'orch.dev/not-ready', operator: 'Exists' as const, tolerationSeconds: 0 }];
    expect(planTask(on('Running', { tolerations }), lost, 1000).step).toMatchObject({ reason: 'NodeLost' });
    expect(planTask(on('Running', { tolerations: [{ operator: 'Exists' }] }), lost, 1e12)).toEqual({});
  });

  it('moves a task whose changed spec does not fit, but not because the node has shrunk', () => {
    const condition = { type: 'Scheduled', status: 'True' as const, reason: 'Placed', observedGeneration: 1 };
    const small = facts({ node: nodeInfo('n1', { status: { allocatable: { cpu: '1', memory: '1Gi' } } }) });
    const task = (generation: number): StoredTask =>
      aStoredTask(
        't',
        { nodeName: 'n1', resources: { cpu: 2 } },
        { state: 'Running', conditions: [condition] },
        { generation },
      );
    expect(planTask(task(1), small, 0)).toEqual({});
    expect(planTask(task(2), small, 0).step).toMatchObject({
      type: 'unbind',
      reason: 'NoLongerFits',
      message: 'moved: its changed spec does not fit on n1: needs 2 CPUs, has 1 in all',
    });
    expect(planTask(task(2), facts(), 0).step).toEqual({ type: 'confirmFit' });
  });
});

describe('every step', () => {
  const tasks: StoredTask[] = taskStates.flatMap((state) =>
    [undefined, 'n1'].flatMap((nodeName) =>
      (['Running', 'Completed'] as const).flatMap((desiredState) =>
        (['Always', 'Never'] as const).flatMap((restartPolicy) =>
          ['Stopped', 'Placed'].flatMap((reason) =>
            ['AssignedByHand', 'Placed'].map((placed) =>
              aStoredTask(
                't',
                { ...(nodeName ? { nodeName } : {}), desiredState, restartPolicy },
                {
                  state,
                  reason,
                  specHash: 'of-an-older-spec',
                  conditions: [{ type: 'Scheduled', status: 'True', reason: placed, observedGeneration: 7 }],
                },
              ),
            ),
          ),
        ),
      ),
    ),
  );
  const situations = [
    facts(),
    noNode,
    facts({ nodeLostSince: -1e9 }),
    facts({ node: nodeInfo('n1', { spec: { unschedulable: true } }) }),
  ];

  it('is a move that the life of a task allows, and after few of them there is nothing left to do', () => {
    for (const start of tasks) {
      for (const given of situations) {
        let task = start;
        let steps = 0;
        for (;;) {
          const current: TaskFacts = task.spec.nodeName ? given : { ...given, node: undefined };
          const { step } = planTask(task, current, 0);
          if (step === undefined) break;
          const next = changeTask(task, step, at);
          expect(canMove(task.status?.state, next.status?.state ?? 'Pending')).toBe(true);
          expect(next, `${step.type} must change something`).not.toEqual(task);
          task = next;
          expect(++steps, JSON.stringify([start, task])).toBeLessThan(4);
        }
      }
    }
  });

  it('does not touch the task that it is given', () => {
    const task = Object.freeze(on('Completed', {}, { reason: 'Stopped' }));
    const copy = structuredClone(task);
    changeTask(task, { type: 'startAgain', nodeName: undefined }, at);
    changeTask(task, { type: 'bind', nodeName: 'n9', schedulerName: 'spread' }, at);
    expect(task).toEqual(copy);
  });
});

describe('a task that was evicted', () => {
  const steps = {
    unbind: { type: 'unbind', reason: 'Evicted', message: 'm', keepNodeName: false, because: 'other' },
    release: { type: 'release' },
  } as const;

  it.each(Object.values(steps))('is asked once, leaves its node and counts the move: %o', (step) => {
    const isOver = step.type === 'release';
    const task = on(isOver ? 'Completed' : 'Running', { restartPolicy: 'OnFailure' }, { ...evicted, moves: 1 });
    const changed = changeTask(task, step, at);
    expect(changed.spec.nodeName).toBeUndefined();
    expect(changed.status?.moves).toBe(2);
    expect(changed.status?.conditions?.some(({ type }) => type === 'DisruptionTarget')).toBe(false);
    expect(planTask(changed, noNode, 0).step).toBeUndefined();
  });
});
