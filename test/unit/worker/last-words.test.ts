import { afterEach, beforeEach, expect, it } from 'vitest';
import { secretKind, type Secret } from '../../../src/model/secret.js';
import type { TaskSpec } from '../../../src/model/task.js';
import { RuntimeError } from '../../../src/runtime/container-runtime.js';
import { WorkerFixture } from './worker-fixture.js';

let cluster: WorkerFixture;

beforeEach(async () => {
  cluster = await WorkerFixture.open();
});
afterEach(() => cluster.worker.stop());

async function messageOf(script: string, more: Partial<TaskSpec> = {}): Promise<string | undefined> {
  await cluster.assign('web', { command: ['sh', '-c', script], restartPolicy: 'Never', ...more });
  await cluster.seconds(5);
  const { status } = await cluster.task('web');
  expect(status?.lastTermination).toMatchObject({ finishTime: expect.any(String) });
  return status?.lastTermination?.message;
}

const path = { terminationMessagePath: '/dev/termination-log' };
const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' } as const;
const writing = 'echo seen; echo why > /dev/termination-log; exit 3';

it.each<[string, string, Partial<TaskSpec>, string | undefined]>([
  ['what it wrote', writing, path, 'why\n'],
  ['what it wrote rather than its output', writing, fallback, 'why\n'],
  ['what it wrote elsewhere', 'echo x > /var/why; exit 0', { terminationMessagePath: '/var/why' }, 'x\n'],
  ['the end of its output after a failure', 'echo seen; exit 1', fallback, 'seen\n'],
  ['at most 2048 bytes of its output', `echo ${'x'.repeat(3000)}; exit 1`, fallback, `${'x'.repeat(2047)}\n`],
  ['nothing of its output after a success', 'echo seen; exit 0', fallback, undefined],
  ['nothing where nobody asked', writing, {}, undefined],
])('tells of a program that has ended %s', async (_what, script, more, expected) => {
  expect(await messageOf(script, more)).toBe(expected);
});

it('tells an end although its message cannot be read', async () => {
  cluster.engine.faults.failNext('readTerminationMessage', new RuntimeError('Unavailable', 'archive: no'));
  expect(await messageOf(writing, path)).toBeUndefined();
});

it('keeps the message over a restart of the container and of the worker', async () => {
  await messageOf('echo why > /dev/termination-log; sleep 1; exit 3', { ...path, restartPolicy: 'Always' });
  await cluster.worker.stop();
  await cluster.startWorker();
  await cluster.seconds(30);
  const { status } = await cluster.task('web');
  expect(status?.restartCount).toBeGreaterThan(0);
  expect(status?.lastTermination?.message).toBe('why\n');
});

it('tells no value of a Secret', async () => {
  await cluster.registry.create<Secret>(secretKind, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login', namespace: 'default' },
    stringData: { password: 'tell-nobody' },
  });
  const env = [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } }];
  expect(await messageOf('echo it is $PASSWORD > /dev/termination-log; exit 3', { ...path, env })).toBe('it is ***\n');
});
