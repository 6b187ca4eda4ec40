import { describe, expect, it } from 'vitest';
import type { Node } from '../../../src/model/node.js';
import { ClusterState } from '../../../src/scheduler/cluster-state.js';
import { demandOf } from '../../../src/scheduler/demand.js';
import { placeTask } from '../../../src/scheduler/place-task.js';
import { candidateLimit, type PickState, type SchedulerName } from '../../../src/scheduler/scheduler.js';
import { schedulers } from '../../../src/scheduler/schedulers.js';
import { aNode, aTask } from '../../support/cluster-builders.js';

/** Places tasks one after the other; gives the node of each. */
function placeAll(name: SchedulerName, nodes: Node[], tasks: ReturnType<typeof aTask>[]): string[] {
  const state = new ClusterState();
  for (const node of nodes) state.setNode(node);
  let pickState: PickState = {};
  return tasks.map((task) => {
    const result = placeTask(schedulers[name], demandOf(task), state.snapshot(), pickState);
    if (!result.placed) return 'none';
    pickState = result.state;
    state.occupy(demandOf(task), result.node.name);
    return result.node.name;
  });
}

const tasks = (count: number, spec: Parameters<typeof aTask>[1] = {}): ReturnType<typeof aTask>[] =>
  Array.from({ length: count }, (_, index) => aTask(`t${index}`, spec));

const names = Object.keys(schedulers) as SchedulerName[];

describe('how schedulers choose', () => {
  it('roundRobin goes around in name order and comes back to the first', () => {
    expect(placeAll('roundRobin', [aNode('b'), aNode('a'), aNode('c')], tasks(5))).toEqual(['a', 'b', 'c', 'a', 'b']);
  });

  it('roundRobin goes on where it was when the last node is gone', () => {
    const state = new ClusterState();
    for (const name of ['a', 'c']) state.setNode(aNode(name));
    const result = placeTask(schedulers.roundRobin, demandOf(aTask('t')), state.snapshot(), { lastNode: 'b' });
    expect(result.placed && result.node.name).toBe('c');
  });

  it('spread gives every node the same number of tasks', () => {
    const placed = placeAll('spread', [aNode('a'), aNode('b'), aNode('c')], tasks(6));
    for (const name of ['a', 'b', 'c']) expect(placed.filter((node) => node === name)).toHaveLength(2);
  });

  it('binpack fills one node before it opens another', () => {
    const placed = placeAll('binpack', [aNode('a'), aNode('b')], tasks(5, { resources: { cpu: 1 } }));
    expect(placed).toEqual(['a', 'a', 'a', 'a', 'b']);
  });

  it('greedy takes the node with the most free of what it is shortest of', () => {
    const small = aNode('small', { status: { allocatable: { cpu: '2', memory: '2Gi' } } });
    const large = aNode('xlarge', { status: { allocatable: { cpu: '8', memory: '8Gi' } } });
    const placed = placeAll('greedy', [small, large], tasks(5, { resources: { cpu: 1 } }));
    expect(placed.filter((node) => node === 'xlarge').length).toBeGreaterThan(2);
    expect(placed).toContain('small');
  });

  it('epvm puts a memory-hungry task where memory is cheap, though CPU is dearer there', () => {
    const state = new ClusterState();
    for (const name of ['cpu-busy', 'memory-busy']) state.setNode(aNode(name));
    state.occupy(demandOf(aTask('x', { resources: { cpu: 3 } })), 'cpu-busy');
    state.occupy(demandOf(aTask('y', { resources: { memory: '6Gi' } })), 'memory-busy');
    const place = (spec: Parameters<typeof aTask>[1]): string | false => {
      const result = placeTask(schedulers.epvm, demandOf(aTask('t', spec)), state.snapshot(), {});
      return result.placed && result.node.name;
    };
    expect(place({ resources: { memory: '2Gi', cpu: '100m' } })).toBe('cpu-busy');
    expect(place({ resources: { cpu: 1, memory: '100Mi' } })).toBe('memory-busy');
  });
});

describe.each(names)('%s', (name) => {
  it('never lets a node win that has told nothing of itself', () => {
    const silent = aNode('a-silent', { status: { allocatable: {} } });
    expect(placeAll(name, [silent, aNode('b')], tasks(4))).toEqual(['b', 'b', 'b', 'b']);
    const garbled = aNode('a-garbled', { status: { allocatable: { cpu: 'NaN', memory: '-1' } } });
    expect(placeAll(name, [garbled, aNode('b')], tasks(1))).toEqual(['b']);
  });

  it('never lets a score win that is no number', () => {
    const state = new ClusterState();
    for (const node of ['a', 'b', 'c']) state.setNode(aNode(node));
    const candidates = [...state.snapshot()];
    expect(schedulers[name].pick([Number.NaN, 5, 7], candidates, {})?.node.name).toBe('b');
    expect(schedulers[name].pick([0, 5], [], {})).toBeUndefined();
  });

  it('stops when nothing fits any more, and drops nothing silently', () => {
    const placed = placeAll(name, [aNode('a'), aNode('b')], tasks(10, { resources: { cpu: 1 } }));
    expect(placed.filter((node) => node !== 'none')).toHaveLength(8);
  });

  it('does not send a restarted task to the same worker always: equal nodes take turns', () => {
    const placed = placeAll(name, [aNode('a'), aNode('b')], tasks(2));
    if (name !== 'binpack') expect(new Set(placed).size).toBe(2);
    else expect(placed).toEqual(['a', 'a']);
  });

  it('finds the one node with room among thousands', () => {
    const state = new ClusterState();
    for (let index = 0; index < 2000; index++) {
      state.setNode(aNode(`n${index}`, index === 1234 ? {} : { spec: { unschedulable: true } }));
    }
    const result = placeTask(schedulers[name], demandOf(aTask('t')), state.snapshot(), { lastNode: 'n1235' });
    expect(result.placed && result.node.name).toBe('n1234');
  });

  it(`scores at most ${candidateLimit} nodes`, () => {
    const state = new ClusterState();
    for (let index = 0; index < 1000; index++) state.setNode(aNode(`n${index}`));
    const candidates = schedulers[name].selectCandidateNodes(demandOf(aTask('t')), state.snapshot(), {});
    expect(candidates).toHaveLength(candidateLimit);
  });
});
