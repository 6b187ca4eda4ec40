import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createTestCluster,
  docker,
  manifests,
  taskManifest,
  type Daemon,
  type TestCluster,
} from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

let cluster: TestCluster;
let manager: Daemon;
let worker: Daemon;
const names = ['one', 'two', 'three'];

beforeAll(async () => {
  cluster = await createTestCluster();
  manager = await cluster.startManager();
  worker = await cluster.startWorker('node-1');
});
afterAll(() => cluster.removeAll());

const identities = async (): Promise<string[]> => {
  const ids = (await cluster.containers({ running: true })).map(({ id }) => id);
  return (await docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}} {{.State.Pid}}', ...ids))
    .split('\n')
    .sort();
};

it('survives kill -9 of manager and worker in the middle of an apply: nothing acknowledged is lost, nothing is doubled', async () => {
  await cluster.must(['apply', '-f', '-'], manifests(...names.map((name) => taskManifest(name))));
  // Somewhere between the first binding and the last start: wherever it hits, the end must be the same.
  await pause(400);
  await Promise.all([manager.kill('SIGKILL'), worker.kill('SIGKILL')]);
  manager = await cluster.startManager();
  worker = await cluster.startWorker('node-1');
  for (const name of names) await cluster.waitForState(name, 'Running');
  const running = await cluster.containers({ running: true });
  expect(running.map(({ task }) => task).sort()).toEqual(names.map((name) => `default/${name}`).sort());
  expect(await cluster.containers()).toHaveLength(names.length);
});

it.each([
  ['the manager', async () => void (await manager.kill('SIGKILL'))],
  ['the worker', async () => void (await worker.kill('SIGKILL'))],
  ['both', async () => void (await Promise.all([manager.kill('SIGKILL'), worker.kill('SIGKILL')]))],
])('ND-01: keeps the very same containers when %s is killed and started again', async (which, kill) => {
  const before = await identities();
  await kill();
  if (which !== 'the worker') manager = await cluster.startManager();
  if (which !== 'the manager') worker = await cluster.startWorker('node-1');
  for (const name of names) await cluster.waitForState(name, 'Running');
  expect(await identities()).toEqual(before);
  expect((await cluster.tasks()).map((task) => task.status?.restartCount ?? 0)).toEqual([0, 0, 0]);
});

it('OP-04: ends by itself and with 0 on SIGTERM, and its containers go on', async () => {
  const before = await identities();
  expect(await Promise.all([manager.kill('SIGTERM'), worker.kill('SIGTERM')])).toEqual([0, 0]);
  expect(await identities()).toEqual(before);
  manager = await cluster.startManager();
  worker = await cluster.startWorker('node-1');
});

it('ND-06: goes on without a manager: a container that dies meanwhile is started again', async () => {
  const victim = (await cluster.task('one')).status?.containerID ?? '';
  await manager.kill('SIGKILL');
  await docker('kill', victim);
  await waitFor(
    'three containers to run again',
    async () => (await cluster.containers({ running: true })).length === 3,
  );
  manager = await cluster.startManager();
  const task = await waitFor('the report of the new container', async () => {
    const one = await cluster.task('one');
    return one.status?.state === 'Running' && one.status.containerID !== victim && one;
  });
  expect(task.status?.restartCount).toBe(1);
});

it('refuses a second manager on the same data folder and says who holds it', async () => {
  const second = await cluster.orch(['manager', '--data', `${cluster.directory}/data`, '--port', '0']);
  expect(second.exitCode).toBe(1);
  expect(second.stderr).toContain(String(manager.pid));
  expect((await cluster.tasks()).length).toBe(3);
});
