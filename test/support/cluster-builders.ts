import type { Node } from '../../src/model/node.js';
import type { StoredTask, Task } from '../../src/model/task.js';

/** A node that is ready and roomy unless told otherwise. */
export function aNode(
  name: string,
  overrides: Partial<Pick<Node, 'spec' | 'status'>> & { labels?: Record<string, string> } = {},
): Node {
  const { labels, spec, status } = overrides;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, ...(labels ? { labels } : {}) },
    ...(spec ? { spec } : {}),
    status: {
      allocatable: { cpu: '4', memory: '8Gi', disk: '100Gi' },
      conditions: [{ type: 'Ready', status: 'True' }],
      ...status,
    },
  };
}

/** A task of the smallest valid spec unless told otherwise. */
export function aTask(name: string, spec: Partial<Task['spec']> = {}, status?: Task['status']): Task {
  return {
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: { name, namespace: 'default' },
    spec: { image: 'busybox', ...spec },
    ...(status ? { status } : {}),
  };
}

/** As the registry would hand it out. */
export function aStoredTask(
  name: string,
  spec: Partial<Task['spec']> = {},
  status: Task['status'] = { state: 'Pending' },
  metadata: Partial<StoredTask['metadata']> = {},
): StoredTask {
  const task = aTask(name, spec, status);
  return {
    ...task,
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-of-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation: 1,
      ...metadata,
    },
  };
}
