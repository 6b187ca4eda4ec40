import { describe, expect, it } from 'vitest';
import { taskKind, type TaskSpec } from '../../../src/model/task.js';

function problems(spec: Partial<TaskSpec>): string[] {
  const task = {
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: { name: 'web' },
    spec: { image: 'busybox', ...spec },
  };
  return taskKind.validate(task).map(({ field, message }) => `${field}: ${message}`);
}

const gpu = 'nvidia.com/gpu';

describe('rules of a Task', () => {
  it.each<[what: string, spec: Partial<TaskSpec>]>([
    [
      'one port under two names',
      {
        ports: [
          { name: 'web', containerPort: 80 },
          { name: 'metrics', containerPort: 80 },
        ],
      },
    ],
    [
      'one port on two of the host',
      {
        ports: [
          { containerPort: 80, hostPort: 1080 },
          { containerPort: 80, hostPort: 1081 },
        ],
      },
    ],
    [
      'one port of the host on two addresses',
      {
        ports: [
          { containerPort: 80, hostPort: 1080, hostIP: '127.0.0.1' },
          { containerPort: 81, hostPort: 1080, hostIP: '127.0.0.2' },
        ],
      },
    ],
    [
      'a variable twice',
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      },
    ],
    ['requests of nothing', { resources: { requests: { cpu: 0, memory: 0 }, limits: { memory: '0' } } }],
    ['a request under a limit of nothing', { resources: { requests: { cpu: 1 }, limits: { cpu: 0 } } }],
    ['what an admin says that nodes have', { resources: { limits: { [gpu]: 1, 'hugepages-2Mi': '4Mi' } } }],
    ['the same asked for and allowed', { resources: { requests: { [gpu]: '2' }, limits: { [gpu]: 2 } } }],
    ['a probe whose path has no slash', { livenessProbe: { httpGet: { path: 'up', port: 80 } } }],
  ])('allow %s', (_, spec) => {
    expect(problems(spec)).toEqual([]);
  });

  it.each<[what: string, spec: Partial<TaskSpec>, field: string]>([
    [
      'a name twice',
      {
        ports: [
          { name: 'web', containerPort: 80 },
          { name: 'web', containerPort: 81 },
        ],
      },
      'spec.ports[1].name',
    ],
    [
      'a port of the host twice',
      {
        ports: [
          { containerPort: 80, hostPort: 1 },
          { containerPort: 81, hostPort: 1 },
        ],
      },
      'spec.ports[1].hostPort',
    ],
    [
      'a port of the host on an address and on all',
      {
        ports: [
          { containerPort: 80, hostPort: 1, hostIP: '127.0.0.1' },
          { containerPort: 81, hostPort: 1, hostIP: '0.0.0.0' },
        ],
      },
      'spec.ports[1].hostPort',
    ],
    ['less than nothing', { resources: { requests: { cpu: -1 } } }, 'spec.resources.requests.cpu'],
    ['a resource without a domain', { resources: { limits: { gpu: 1 } } }, 'spec.resources.limits.gpu'],
    [
      "a resource of Kubernetes' own domain",
      { resources: { limits: { 'kubernetes.io/x': 1 } } },
      'spec.resources.limits.kubernetes.io/x',
    ],
    ['a part of a piece', { resources: { limits: { [gpu]: '500m' } } }, `spec.resources.limits.${gpu}`],
    ['a request without a limit', { resources: { requests: { [gpu]: 1 } } }, `spec.resources.requests.${gpu}`],
    [
      'a request of less than the limit',
      { resources: { requests: { [gpu]: 1 }, limits: { [gpu]: 2 } } },
      `spec.resources.requests.${gpu}`,
    ],
    ['a toleration of nothing', { tolerations: [{ operator: 'Equal' }] }, 'spec.tolerations[0].operator'],
  ])('refuse %s', (_, spec, field) => {
    expect(problems(spec).map((problem) => problem.split(': ')[0])).toEqual([field]);
  });
});
