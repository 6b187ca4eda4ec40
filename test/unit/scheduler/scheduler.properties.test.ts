import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClusterState } from '../../../src/scheduler/cluster-state.js';
import { demandOf } from '../../../src/scheduler/demand.js';
import { brokenRules, passesAll } from '../../../src/scheduler/filters.js';
import { portsConflict } from '../../../src/scheduler/host-ports.js';
import { placeTask } from '../../../src/scheduler/place-task.js';
import type { PickState, SchedulerName } from '../../../src/scheduler/scheduler.js';
import { schedulers } from '../../../src/scheduler/schedulers.js';
import { aNode, aTask } from '../../support/cluster-builders.js';

const schedulerNames = fc.constantFrom(...(Object.keys(schedulers) as SchedulerName[]));
const nodeArbitrary = fc.record({
  cpu: fc.integer({ min: 0, max: 4000 }),
  memory: fc.integer({ min: 0, max: 4096 }),
  maxTasks: fc.option(fc.integer({ min: 0, max: 5 })),
  unschedulable: fc.boolean(),
});
const taskArbitrary = fc.record({
  cpu: fc.integer({ min: 1, max: 2000 }),
  memory: fc.integer({ min: 6, max: 2048 }),
  hostPort: fc.option(fc.integer({ min: 1, max: 4 })),
  hostIP: fc.constantFrom('', '127.0.0.1', '10.0.0.1'),
  hostNetwork: fc.boolean(),
});
/** Place the next task, or remove one that was placed. */
const script = fc.array(fc.oneof({ weight: 4, arbitrary: taskArbitrary }, { weight: 1, arbitrary: fc.nat(50) }), {
  maxLength: 40,
});

function run(name: SchedulerName, nodes: unknown[], steps: unknown[]): { log: string[]; state: ClusterState } {
  const state = new ClusterState();
  for (const [index, node] of (
    nodes as { cpu: number; memory: number; maxTasks: number | null; unschedulable: boolean }[]
  ).entries()) {
    state.setNode(
      aNode(`n${index}`, {
        spec: { unschedulable: node.unschedulable },
        status: {
          allocatable: {
            cpu: `${node.cpu}m`,
            memory: `${node.memory}Mi`,
            ...(node.maxTasks === null ? {} : { tasks: String(node.maxTasks) }),
          },
        },
      }),
    );
  }
  const log: string[] = [];
  let pickState: PickState = {};
  for (const [index, step] of steps.entries()) {
    if (typeof step === 'number') {
      state.release(`default/t${step}`);
      continue;
    }
    const wish = step as { cpu: number; memory: number; hostPort: number | null; hostIP: string; hostNetwork: boolean };
    const port =
      wish.hostPort === null ? [] : [{ containerPort: wish.hostPort, hostPort: wish.hostPort, hostIP: wish.hostIP }];
    const demand = demandOf(
      aTask(`t${index}`, {
        resources: { cpu: `${wish.cpu}m`, memory: `${wish.memory}Mi` },
        ports: port,
        hostNetwork: wish.hostNetwork,
      }),
    );
    const result = placeTask(schedulers[name], demand, state.snapshot(), pickState);
    log.push(result.placed ? result.node.name : result.message);
    if (!result.placed) continue;
    pickState = result.state;
    state.occupy(demand, result.node.name);
  }
  return { log, state };
}

describe('every scheduler, whatever comes', () => {
  it('never exceeds what a node has, never gives one host port twice, never uses a cordoned node', () => {
    fc.assert(
      fc.property(schedulerNames, fc.array(nodeArbitrary, { maxLength: 5 }), script, (name, nodes, steps) => {
        for (const node of run(name, nodes, steps).state.snapshot()) {
          expect(node.allocated.cpuMillicores).toBeLessThanOrEqual(node.allocatable.cpuMillicores ?? 0);
          expect(node.allocated.memoryBytes).toBeLessThanOrEqual(node.allocatable.memoryBytes ?? 0);
          expect(node.taskCount).toBeLessThanOrEqual(node.maxTasks ?? Number.POSITIVE_INFINITY);
          if (node.unschedulable) expect(node.taskCount).toBe(0);
          for (const claims of node.ports.values()) {
            for (const [index, claim] of claims.entries()) {
              for (const other of claims.slice(index + 1)) expect(portsConflict(claim, other)).toBe(false);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same answers to the same questions', () => {
    fc.assert(
      fc.property(schedulerNames, fc.array(nodeArbitrary, { maxLength: 5 }), script, (name, nodes, steps) => {
        expect(run(name, nodes, steps).log).toEqual(run(name, nodes, steps).log);
      }),
    );
  });

  it('leaves a task unplaced only when every node breaks a rule, and then names one for each', () => {
    fc.assert(
      fc.property(
        schedulerNames,
        fc.array(nodeArbitrary, { minLength: 1, maxLength: 5 }),
        taskArbitrary,
        (name, nodes, wish) => {
          const { state } = run(name, nodes, []);
          const demand = demandOf(aTask('t', { resources: { cpu: `${wish.cpu}m`, memory: `${wish.memory}Mi` } }));
          const result = placeTask(schedulers[name], demand, state.snapshot(), {});
          const fitting = [...state.snapshot()].filter((node) => passesAll(demand, node));
          expect(result.placed).toBe(fitting.length > 0);
          if (result.placed) return;
          for (const node of state.snapshot()) {
            expect(brokenRules(demand, node).length).toBeGreaterThan(0);
            expect(result.message).toContain(`${node.name}: `);
          }
        },
      ),
    );
  });
});

describe('ClusterState', () => {
  it('has exactly the sums of what is placed, in any order of coming and going', () => {
    const change = fc.record({
      task: fc.nat(8),
      node: fc.nat(3),
      cpu: fc.integer({ min: 0, max: 500 }),
      gone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const state = new ClusterState();
        for (let index = 0; index < 3; index++) state.setNode(aNode(`n${index}`));
        const model = new Map<number, { node: number; cpu: number }>();
        for (const { task, node, cpu, gone } of changes) {
          const demand = demandOf(
            aTask(`t${task}`, { resources: { cpu: `${cpu}m` }, ports: [{ containerPort: 1, hostPort: 100 + cpu }] }),
          );
          if (gone) {
            model.delete(task);
            state.release(demand.key);
          } else {
            model.set(task, { node, cpu });
            state.occupy(demand, `n${node}`);
          }
        }
        for (let index = 0; index < 4; index++) {
          const placed = [...model.values()].filter(({ node }) => node === index);
          const total = placed.reduce((sum, { cpu }) => sum + cpu, 0);
          expect(state.allocatedOn(`n${index}`).amounts.cpuMillicores).toBe(total);
          expect(state.allocatedOn(`n${index}`).taskCount).toBe(placed.length);
          const info = state.snapshot().node(`n${index}`);
          if (index === 3) expect(info).toBeUndefined();
          else expect([...(info?.ports.values() ?? [])].flat()).toHaveLength(placed.length);
        }
      }),
    );
  });

  it('hands out snapshots that never change', () => {
    const state = new ClusterState();
    for (let index = 0; index < 130; index++) state.setNode(aNode(`n${index}`));
    const before = state.snapshot();
    state.occupy(demandOf(aTask('t', { resources: { cpu: 1 } })), 'n77');
    state.removeNode('n3');
    expect(before.node('n77')?.taskCount).toBe(0);
    expect(before.nodeCount).toBe(130);
    expect(state.snapshot().node('n77')?.allocated.cpuMillicores).toBe(1000);
    expect(state.snapshot().node('n3')).toBeUndefined();
  });

  it('knows when room may have appeared', () => {
    const state = new ClusterState();
    const rises = (act: () => void): boolean => {
      const before = state.roomRevision;
      act();
      return state.roomRevision > before;
    };
    expect(rises(() => state.setNode(aNode('n1')))).toBe(true);
    expect(rises(() => state.setNode(aNode('n1')))).toBe(false);
    expect(rises(() => state.occupy(demandOf(aTask('t')), 'n1'))).toBe(false);
    expect(rises(() => state.release('default/t'))).toBe(true);
    expect(rises(() => state.setNode(aNode('n1', { labels: { a: 'b' } })))).toBe(true);
  });
});
