import { describe, expect, it } from 'vitest';
import type { Node } from '../../../src/model/node.js';
import type { Task } from '../../../src/model/task.js';
import { ClusterState } from '../../../src/scheduler/cluster-state.js';
import { demandOf, occupancyOf, occupiesNode } from '../../../src/scheduler/demand.js';
import { brokenRules, filters } from '../../../src/scheduler/filters.js';
import { explainUnplaced, placeTask } from '../../../src/scheduler/place-task.js';
import { schedulers } from '../../../src/scheduler/schedulers.js';
import { aNode, aTask } from '../../support/cluster-builders.js';

function why(task: Task, nodes: Node[], placed: Task[] = []): string {
  const state = new ClusterState();
  for (const node of nodes) state.setNode(node);
  for (const other of placed) state.occupy(occupancyOf(other), other.spec.nodeName ?? '');
  const result = placeTask(schedulers.spread, demandOf(task), state.snapshot(), {});
  return result.placed ? `on ${result.node.name}` : result.message;
}

const big = aTask('big', { resources: { cpu: 2 } });

it('counts what an admin says that a worker has, as it counts CPU', () => {
  const node = aNode('n1', { status: { capacity: { 'nvidia.com/gpu': '2' } } });
  const wants = (name: string, gpus: number, nodeName?: string): Task =>
    aTask(name, { resources: { limits: { 'nvidia.com/gpu': gpus } }, ...(nodeName === undefined ? {} : { nodeName }) });
  expect(why(wants('a', 2), [node])).toBe('on n1');
  expect(why(wants('b', 1), [node], [wants('a', 1, 'n1')])).toBe('on n1');
  expect(why(wants('b', 2), [node], [wants('a', 1, 'n1')])).toBe('no worker fits: n1: needs 2 nvidia.com/gpu, 1 free');
  const state = new ClusterState();
  state.setNode(node);
  state.occupy(occupancyOf(wants('a', 2, 'n1')), 'n1');
  state.release('default/a');
  expect(state.snapshot().node('n1')?.allocated).toEqual(new ClusterState().allocatedOn('n1').amounts);
});

describe('why a worker does not take a task', () => {
  it.each<[string, Task, Node, string]>([
    ['not ready', big, aNode('n1', { status: { conditions: [] } }), 'n1: is not ready'],
    [
      'no answer',
      big,
      aNode('n1', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }),
      'n1: is not ready',
    ],
    ['cordoned', big, aNode('n1', { spec: { unschedulable: true } }), 'n1: is cordoned'],
    [
      'a label that is missing',
      aTask('t', { nodeSelector: { disk: 'ssd' } }),
      aNode('n1'),
      'n1: lacks the label disk=ssd',
    ],
    [
      'a label of another value',
      aTask('t', { nodeSelector: { disk: 'ssd' } }),
      aNode('n1', { labels: { disk: 'hdd' } }),
      'n1: lacks the label disk=ssd (has hdd)',
    ],
    [
      'a taint',
      big,
      aNode('n1', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } }),
      'n1: has the taint gpu=yes:NoSchedule, not tolerated',
    ],
    [
      'what its worker forbids',
      aTask('t', { hostNetwork: true, volumes: [{ name: 'v', hostPath: { path: '/srv' } }] }),
      aNode('n1', { status: { nodeInfo: { forbids: 'hostNetwork,dockerVolume' } } }),
      'n1: forbids hostNetwork, which the task asks for',
    ],
    [
      'a taint that it puts up with for a while, after one drove it away from a node',
      {
        ...aTask('t', { tolerations: [{ key: 'old', operator: 'Exists', tolerationSeconds: 60 }] }),
        status: { moves: 1, drivenAway: true },
      },
      aNode('n1', { spec: { taints: [{ key: 'old', effect: 'NoExecute' }] } }),
      'n1: has the taint old:NoExecute, tolerated for 60 s only',
    ],
    [
      'a device that it has not',
      aTask('t', { resources: { limits: { 'nvidia.com/gpu': 1 } } }),
      aNode('n1'),
      'n1: needs 1 nvidia.com/gpu, the worker has none',
    ],
    [
      'more huge pages than it has',
      aTask('t', { resources: { limits: { 'hugepages-2Mi': '8Mi' } } }),
      aNode('n1', { status: { capacity: { 'hugepages-2Mi': '4Mi' } } }),
      'n1: needs 8Mi hugepages-2Mi, has 4Mi in all',
    ],
    [
      'more than it ever has',
      big,
      aNode('n1', { status: { allocatable: { cpu: '1500m', memory: '1Gi' } } }),
      'n1: needs 2 CPUs, has 1.5 in all',
    ],
    ['memory', aTask('t', { resources: { memory: '9Gi' } }), aNode('n1'), 'n1: needs 9Gi of memory, has 8Gi in all'],
    [
      'disk of which the worker has told nothing',
      aTask('t', { resources: { disk: '1Gi' } }),
      aNode('n1', { status: { allocatable: { cpu: '1', memory: '1Gi' } } }),
      'n1: needs 1Gi of disk, the worker has not reported any',
    ],
    [
      'its limit of tasks',
      aTask('t'),
      aNode('n1', { status: { allocatable: { cpu: '1', memory: '1Gi', pods: '0' } } }),
      'n1: already has 0 tasks, its limit is 0',
    ],
    ['another node named', aTask('t', { nodeName: 'n2' }), aNode('n1'), 'there is no worker named n2'],
  ])('%s', (_name, task, node, message) => {
    expect(why(task, [node])).toBe(`no worker fits: ${message}`);
  });

  it('tells what is free when other tasks have taken the rest', () => {
    const placed = aTask('other', { nodeName: 'n1', resources: { cpu: '3500m' } }, { state: 'Running' });
    expect(why(big, [aNode('n1')], [placed])).toBe('no worker fits: n1: needs 2 CPUs, 0.5 free');
  });

  it('tells every reason of a node, and every node', () => {
    const task = aTask('t', { resources: { cpu: 5 }, nodeSelector: { zone: 'a' } });
    expect(why(task, [aNode('n1'), aNode('n2', { labels: { zone: 'a' } })])).toBe(
      'no worker fits: n1: lacks the label zone=a and needs 5 CPUs, has 4 in all; n2: needs 5 CPUs, has 4 in all',
    );
  });

  it('says so when there is no worker at all', () => {
    expect(why(big, [])).toContain('there is no worker yet');
  });

  it('stays short among hundreds of workers: equal reasons are counted', () => {
    const nodes = Array.from({ length: 300 }, (_, index) =>
      aNode(`w${String(index).padStart(3, '0')}`, index % 3 === 0 ? { spec: { unschedulable: true } } : {}),
    );
    const message = why(aTask('t', { resources: { cpu: 5 } }), nodes);
    expect(message).toBe(
      'none of 300 workers fits: 200 without enough free CPU (w001, w002, w004, w005, w007 and 195 more); ' +
        '100 cordoned (w000, w003, w006, w009, w012 and 95 more)',
    );
  });

  it('has words for every broken rule', () => {
    const everything = aTask('t', {
      resources: { cpu: 9, memory: '99Gi', disk: '999Gi', limits: { 'example.com/gpu': 1 } },
      nodeSelector: { a: 'b' },
      nodeName: 'x',
      ports: [{ containerPort: 80, hostPort: 80 }],
    });
    const state = new ClusterState();
    state.setNode(
      aNode('n1', {
        spec: { unschedulable: true, taints: [{ key: 'k', effect: 'NoExecute' }] },
        status: { allocatable: { cpu: '4', memory: '8Gi', tasks: '10' } },
      }),
    );
    state.occupy(demandOf(aTask('holder', { ports: [{ containerPort: 80, hostPort: 80 }] })), 'n1');
    const [node] = [...state.snapshot()];
    if (node === undefined) throw new Error('no node');
    for (const rule of filters) {
      expect(rule.reason(demandOf(everything), node), rule.name).not.toMatch(/undefined|NaN|^$/);
      expect(rule.summary(demandOf(everything), node), rule.name).not.toMatch(/undefined|NaN|^$/);
    }
    expect(brokenRules(demandOf(aTask('t')), node).map(({ name }) => name)).toEqual(['schedulable', 'taints']);
    expect(explainUnplaced(demandOf(aTask('t')), state.snapshot())).toContain('is cordoned and has the taint');
  });
});

describe('taints', () => {
  const tainted = aNode('n1', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } });

  it.each<[string, NonNullable<Task['spec']['tolerations']>, boolean]>([
    ['the same value', [{ key: 'gpu', value: 'yes' }], true],
    ['another value', [{ key: 'gpu', value: 'no' }], false],
    ['Exists', [{ key: 'gpu', operator: 'Exists' }], true],
    ['Exists without key', [{ operator: 'Exists' }], true],
    ['another effect', [{ key: 'gpu', operator: 'Exists', effect: 'NoExecute' }], false],
    ['nothing', [], false],
  ])('a toleration of %s', (_name, tolerations, fits) => {
    expect(why(aTask('t', { tolerations }), [tainted]).startsWith('on n1')).toBe(fits);
  });

  it('PreferNoSchedule keeps tasks away only while another worker fits', () => {
    const avoided = aNode('a', { spec: { taints: [{ key: 'old', effect: 'PreferNoSchedule' }] } });
    expect(why(aTask('t'), [avoided, aNode('b')])).toBe('on b');
    expect(why(aTask('t'), [avoided])).toBe('on a');
  });
});

describe('host ports', () => {
  const web = aTask('web', { nodeName: 'n1', ports: [{ containerPort: 80, hostPort: 8080 }] }, { state: 'Running' });

  it('are not given to two tasks, and the message names the holder', () => {
    const other = aTask('other', { ports: [{ containerPort: 81, hostPort: 8080 }] });
    expect(why(other, [aNode('n1')], [web])).toBe('no worker fits: n1: host port 8080/TCP is taken by default/web');
    expect(why(other, [aNode('n1'), aNode('n2')], [web])).toBe('on n2');
  });

  it.each<[string, Partial<Task['spec']>, boolean]>([
    ['the other protocol', { ports: [{ containerPort: 1, hostPort: 8080, protocol: 'UDP' }] }, true],
    ['any free port', { ports: [{ containerPort: 8080, hostPort: 0 }] }, true],
    ['an unpublished port', { ports: [{ containerPort: 8080 }] }, true],
    [
      'one address of the taken port on all',
      { ports: [{ containerPort: 1, hostPort: 8080, hostIP: '127.0.0.1' }] },
      false,
    ],
    ["the host's network", { hostNetwork: true, ports: [{ containerPort: 8080 }] }, false],
    ['all addresses, written out', { ports: [{ containerPort: 1, hostPort: 8080, hostIP: '0.0.0.0' }] }, false],
  ])('%s', (_name, spec, fits) => {
    expect(why(aTask('t', spec), [aNode('n1')], [web]).startsWith('on n1')).toBe(fits);
  });

  it('two addresses may have the same port', () => {
    const one = aTask('one', { nodeName: 'n1', ports: [{ containerPort: 1, hostPort: 53, hostIP: '127.0.0.1' }] });
    const two = aTask('two', { ports: [{ containerPort: 1, hostPort: 53, hostIP: '127.0.0.2' }] });
    expect(why(two, [aNode('n1')], [one])).toBe('on n1');
  });

  it('counts the port that the engine chose for hostPort 0', () => {
    const chosen = aTask(
      'chosen',
      { nodeName: 'n1', ports: [{ containerPort: 80, hostPort: 0 }] },
      { state: 'Running', ports: [{ containerPort: 80, hostPort: 32768 }] },
    );
    const wants = aTask('wants', { ports: [{ containerPort: 80, hostPort: 32768 }] });
    expect(why(wants, [aNode('n1')], [chosen])).toContain('32768/TCP is taken by default/chosen');
  });
});

function beingDeleted(task: Task): Task {
  return { ...task, metadata: { ...task.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
}

describe('occupiesNode', () => {
  it.each<[string, Task, boolean]>([
    ['unbound', aTask('t'), false],
    ['bound by hand, not yet confirmed', aTask('t', { nodeName: 'n' }), true],
    ['running', aTask('t', { nodeName: 'n' }, { state: 'Running' }), true],
    ['failed and about to be restarted', aTask('t', { nodeName: 'n' }, { state: 'Failed' }), true],
    ['failed for good', aTask('t', { nodeName: 'n', restartPolicy: 'Never' }, { state: 'Failed' }), false],
    ['completed', aTask('t', { nodeName: 'n' }, { state: 'Completed' }), false],
    ['running and being deleted', beingDeleted(aTask('t', { nodeName: 'n' }, { state: 'Running' })), true],
    [
      'failed for good and being deleted',
      beingDeleted(aTask('t', { nodeName: 'n', restartPolicy: 'Never' }, { state: 'Failed' })),
      false,
    ],
  ])('%s', (_name, task, expected) => {
    expect(occupiesNode(task)).toBe(expected);
  });
});
