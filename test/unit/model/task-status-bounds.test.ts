import { expect, it } from 'vitest';
import { validateSchema } from '../../../src/manifest/validate-schema.js';
import { taskKind } from '../../../src/model/task.js';

const problems = (status: object): string[] => {
  const task = { apiVersion: 'orch.dev/v1', kind: 'Task', metadata: { name: 'web' }, spec: { image: 'busybox' } };
  return validateSchema(taskKind, { ...task, status: { state: 'Running', ...status } }).map(({ field }) => field);
};
const port = { containerPort: 80, hostPort: 8080 };

it('takes what a worker tells of a container', () => {
  const lastTermination = { exitCode: -1073741819, reason: 'Error', containerID: 'f'.repeat(64) };
  const addresses = { hostIP: '192.0.2.1', podIP: '2001:db8::1' };
  const ports = [{ ...port, hostIP: '0.0.0.0', protocol: 'TCP' }];
  expect(problems({ restartCount: 3, exitCode: 137, lastTermination, ...addresses, ports })).toEqual([]);
});

it.each<[object, string]>([
  [{ restartCount: 1e300 }, 'status.restartCount'],
  [{ exitCode: 1e99 }, 'status.exitCode'],
  [{ lastTermination: { exitCode: 2 ** 31 } }, 'status.lastTermination.exitCode'],
  [{ ports: [{ ...port, hostPort: 1e308 }] }, 'status.ports[0].hostPort'],
  [{ ports: [{ ...port, containerPort: 65_536 }] }, 'status.ports[0].containerPort'],
  [{ ports: [{ ...port, hostIP: '\u001b' }] }, 'status.ports[0].hostIP'],
  [{ hostIP: 'x' }, 'status.hostIP'],
  [{ containerID: 'x'.repeat(300) }, 'status.containerID'],
])('refuses %j', (status, field) => {
  expect(problems(status)).toEqual([field]);
});
