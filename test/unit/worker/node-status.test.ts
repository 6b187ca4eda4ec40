import { describe, expect, it } from 'vitest';
import type { Node } from '../../../src/model/node.js';
import type { RuntimeInfo } from '../../../src/runtime/container-runtime.js';
import { nodeStatus, nodeStatusPatch, type NodeFacts } from '../../../src/worker/node-status.js';
import { noAmounts } from '../../../src/model/resources.js';

const info: RuntimeInfo = {
  bootId: 'b',
  operatingSystem: 'linux',
  architecture: 'amd64',
  kernelVersion: '6',
  version: 'docker://1',
  capacity: { cpuMillicores: 2000, memoryBytes: 2 ** 30, diskBytes: 2 ** 30 },
};

const facts = (extendedResources: Record<string, number>): NodeFacts => ({
  name: 'n1',
  sessionId: 's',
  version: '1.0.0',
  labels: {},
  addresses: [],
  reserved: noAmounts,
  maxTasks: 10,
  forbidden: [],
  extendedResources,
});

const nodeThatSays = (status: Node['status']): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1' },
  status: status ?? {},
});

describe('extended resources that a worker was told of', () => {
  const told = nodeStatus(facts({ 'nvidia.com/gpu': 2, 'hugepages-2Mi': 2 ** 29 }), info);

  it('are capacity and allocatable of its node', () => {
    for (const amounts of [told.capacity, told.allocatable]) {
      expect(amounts).toMatchObject({ cpu: '2', 'nvidia.com/gpu': '2', 'hugepages-2Mi': '512Mi' });
    }
  });

  it('are taken back when it is told of them no more, and those that others said stay', () => {
    const also = { 'example.com/fpga': '1' };
    const before = nodeThatSays({ ...told, capacity: { ...told.capacity, ...also } });
    const patch = nodeStatusPatch(before, nodeStatus(facts({ 'nvidia.com/gpu': 1 }), info), [], 'now');
    expect(patch?.['capacity']).toMatchObject({ 'nvidia.com/gpu': '1', 'hugepages-2Mi': null, ...also });
    expect(nodeStatusPatch(before, told, [], 'now')).toBeUndefined();
  });
});
