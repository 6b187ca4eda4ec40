import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createTestCluster,
  docker,
  manifests,
  taskManifest,
  type Daemon,
  type TestCluster,
} from '../support/orch-process.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait-for.js';

// A line between worker and manager that is cut and stalled, and a manager that stands still.
const graceSeconds = 6;
let cluster: TestCluster;
let manager: Daemon;
let proxy: TcpProxy;

beforeAll(async () => {
  cluster = await createTestCluster();
  const flags = ['--node-grace-seconds', String(graceSeconds), '--not-ready-toleration-seconds', '2'];
  manager = await cluster.startManager(...flags);
  proxy = await startTcpProxy(cluster.port);
  await cluster.startWorker('node-1', '--manager', `https://127.0.0.1:${proxy.port}`);
  await cluster.must(
    ['apply', '-f', '-', '--wait', '--timeout', '60s'],
    manifests(taskManifest('a'), taskManifest('b')),
  );
});
afterAll(async () => {
  await cluster.removeAll();
  await proxy.close();
});

const identities = async (): Promise<string[]> => {
  const ids = (await cluster.containers({ running: true })).map(({ id }) => id);
  return (await docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...ids)).split('\n').sort();
};
const isReady = async (): Promise<boolean> => !(await cluster.must(['get', 'nodes'])).includes('NotReady');

it('AP-01, ND-03: takes in every change over a line that is cut again and again, and restarts nothing', async () => {
  const before = await identities();
  for (let round = 0; round < 6; round++) {
    await cluster.must(['apply', '-f', '-'], taskManifest(`extra-${round}`));
    proxy.cut();
    if (round % 2 === 1) await cluster.must(['delete', 'task', `extra-${round - 1}`, '--no-wait']);
  }
  await waitFor(
    'exactly what is wanted to run',
    async () => {
      const running = (await cluster.containers({ running: true })).map(({ task }) => task).sort();
      return running.join() === ['a', 'b', 'extra-1', 'extra-3', 'extra-5'].map((name) => `default/${name}`).join();
    },
    60,
  );
  await cluster.waitForState('extra-5', 'Running');
  expect(await identities()).toEqual(expect.arrayContaining(before));
  await cluster.must(['delete', 'task', 'extra-1', 'extra-3', 'extra-5', '--timeout', '60s']);
});

it('ND-04, ND-05: moves and stops nothing while the line of the only worker is silent, and catches up afterwards', async () => {
  const before = await identities();
  proxy.setStalled(true);
  try {
    await waitFor('the node to be taken for lost', async () => !(await isReady()), 60);
    await cluster.must(['apply', '-f', '-'], taskManifest('late'));
    await docker('kill', (await cluster.task('b')).status?.containerID ?? '');
    await waitFor('the worker to go on alone', async () => (await cluster.containers({ running: true })).length === 2);
    expect((await identities()).filter((identity) => before.includes(identity))).toHaveLength(1);
  } finally {
    proxy.setStalled(false);
    proxy.cut();
  }
  await cluster.waitForState('late', 'Running', 60);
  await waitFor('the node to be ready', isReady, 60);
  const b = await waitFor('the restart to be told', async () => {
    const task = await cluster.task('b');
    return task.status?.state === 'Running' && task.status.restartCount === 1 && task;
  });
  expect(b.spec.nodeName).toBe('node-1');
  await cluster.must(['delete', 'task', 'late', '--timeout', '60s']);
});

it('ND-05: a manager that stood still for longer than its grace blames no worker', async () => {
  const before = await identities();
  process.kill(manager.pid, 'SIGSTOP');
  try {
    // Nothing can be waited for while it stands still but time itself.
    await waitFor('the grace and the toleration to be over', after((graceSeconds + 4) * 1000));
  } finally {
    process.kill(manager.pid, 'SIGCONT');
  }
  await waitFor('the manager to answer', isReady, 30);
  await waitFor('some judgements of the manager', after(graceSeconds * 1000));
  expect(await isReady()).toBe(true);
  expect(await identities()).toEqual(before);
  expect((await cluster.must(['events', '--for', 'task/a'])).match(/Evict|NodeLost|moved/i)).toBeNull();
});

function after(milliseconds: number): () => boolean {
  const end = performance.now() + milliseconds;
  return () => performance.now() >= end;
}
