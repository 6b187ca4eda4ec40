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
    ['a NUL in a command', { command: ['sh', 'a\0b'] }, 'spec.command[1]'],
    ['a NUL in an argument', { args: ['a\0b'] }, 'spec.args[0]'],
    ['a NUL in a working directory', { workingDir: '/a\0b' }, 'spec.workingDir'],
    [
      'a NUL in the command of a probe',
      { livenessProbe: { exec: { command: ['a\0b'] } } },
      'spec.livenessProbe.exec.command[0]',
    ],
    [
      'a NUL in a path of the host',
      { volumes: [{ name: 'v', hostPath: { path: '/a\0/etc' } }] },
      'spec.volumes[0].hostPath.path',
    ],
    ...['//', '/.', '/./', '/a\0b'].map((mountPath): [string, Partial<TaskSpec>, string] => [
      `the mount path ${JSON.stringify(mountPath)}`,
      { volumes: [{ name: 'v' }], volumeMounts: [{ name: 'v', mountPath }] },
      'spec.volumeMounts[0].mountPath',
    ]),
    ...['localhost/../x', 'a/./b', 'a/.b', 'a/b-', 'a/b.', 'a:80:/b', 'a/-b', 'a..b'].map(
      (image): [string, Partial<TaskSpec>, string] => [`the image ${image}`, { image }, 'spec.image'],
    ),
    ['a word that is too long', { command: ['é'.repeat(65_536)] }, 'spec.command[0]'],
    ['a variable that is too long', { env: [{ name: 'ABC', value: 'x'.repeat(131_068) }] }, 'spec.env[0].value'],
    ['a toleration of nothing', { tolerations: [{ operator: 'Equal' }] }, 'spec.tolerations[0].operator'],
  ])('refuse %s', (_, spec, field) => {
    expect(problems(spec).map((problem) => problem.split(': ')[0])).toEqual([field]);
  });

  it.each(['a', 'x/a.b_c__d---e', 'localhost:5000/a', 'REG.example.com/a:V1'])('take the image %s', (image) => {
    expect(problems({ image })).toEqual([]);
  });

  it('take the longest words that there are', () => {
    expect(problems({ command: ['x'.repeat(131_071)], env: [{ name: 'ABC', value: 'x'.repeat(131_067) }] })).toEqual(
      [],
    );
  });
});
