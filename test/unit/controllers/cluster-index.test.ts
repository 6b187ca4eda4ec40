import { describe, expect, it } from 'vitest';
import { ClusterIndex } from '../../../src/controllers/cluster-index.js';
import type { StoredNode } from '../../../src/model/node.js';
import { aNode, aStoredTask } from '../../support/cluster-builders.js';

const bound = (version: number): ReturnType<typeof aStoredTask> =>
  aStoredTask(
    't',
    { nodeName: 'n1', resources: { cpu: 1 } },
    { state: 'Running' },
    { resourceVersion: String(version) },
  );
const waiting = (version: number): ReturnType<typeof aStoredTask> =>
  aStoredTask('t', {}, { state: 'Pending' }, { resourceVersion: String(version), generation: version });

describe('ClusterIndex', () => {
  it('never lets an older version replace a newer one', () => {
    const index = new ClusterIndex({ monotonic: () => 0 });
    index.putTask(bound(5), 5);
    expect(index.putTask(waiting(4), 4)).toEqual({ tasks: [], nodes: [] });
    expect(index.taskWorkerMap.get('default/t')).toBe('n1');
    index.putTask(waiting(6));
    expect(index.taskWorkerMap.size).toBe(0);
    expect(index.workerTaskMap.size).toBe(0);
    expect(index.state.allocatedOn('n1').taskCount).toBe(0);
  });

  it('does not bring back a deleted task when the answer of an earlier write comes late', () => {
    const index = new ClusterIndex({ monotonic: () => 0 });
    index.putTask(waiting(3), 3);
    index.removeTask('default/t', 7);
    index.putTask(bound(6));
    expect(index.tasks.size).toBe(0);
    expect(index.state.allocatedOn('n1').taskCount).toBe(0);
    index.putTask(waiting(8), 8);
    expect(index.pending.keys()).toEqual(['default/t']);
  });

  it('does not take a list as proof that something newer is gone', () => {
    const index = new ClusterIndex({ monotonic: () => 0 });
    index.putTask(waiting(9), 9);
    index.removeTask('default/t', 8);
    expect(index.tasks.size).toBe(1);
  });

  it('knows tasks of a node that it has not seen yet', () => {
    const index = new ClusterIndex({ monotonic: () => 0 });
    index.putTask(bound(1), 1);
    expect(index.tasksOf('n1')).toEqual(['default/t']);
    const node = aNode('n1') as StoredNode;
    node.metadata = { ...node.metadata, resourceVersion: '2' };
    expect(index.putNode(node, 0, 2).tasks).toEqual(['default/t']);
    expect(index.state.snapshot().node('n1')?.allocated.cpuMillicores).toBe(1000);
  });

  it('returns to the store when a binding did not come about', () => {
    const index = new ClusterIndex({ monotonic: () => 0 });
    const task = waiting(1);
    index.putTask(task, 1);
    index.state.occupy(
      {
        key: 'default/t',
        amounts: { cpuMillicores: 1, memoryBytes: 0, diskBytes: 0 },
        ports: [],
        nodeSelector: [],
        tolerations: [],
        features: [],
        wasDrivenAway: false,
      },
      'n1',
    );
    index.forgetAssumption('default/t');
    expect(index.state.allocatedOn('n1').taskCount).toBe(0);
  });
});
