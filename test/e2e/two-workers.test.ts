import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestCluster, manifests, taskManifest, type Daemon, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

let cluster: TestCluster;
let second: Daemon;

beforeAll(async () => {
  cluster = await createTestCluster();
  await cluster.startManager('--node-grace-seconds', '3', '--not-ready-toleration-seconds', '1');
  await cluster.startWorker('node-1');
  second = await cluster.startWorker('node-2');
});
afterAll(() => cluster.removeAll());

const nodeOf = async (name: string): Promise<string | undefined> => (await cluster.task(name)).spec.nodeName;

it('spreads tasks over two workers', async () => {
  await cluster.must(
    ['apply', '-f', '-', '--wait', '--timeout', '60s'],
    manifests(taskManifest('a'), taskManifest('b')),
  );
  expect([await nodeOf('a'), await nodeOf('b')].sort()).toEqual(['node-1', 'node-2']);
});

it('gives one host port to one task per worker and explains why a third must wait', async () => {
  const ports = [{ containerPort: 18999, hostPort: 18999 }];
  const onNode = (name: string): string =>
    taskManifest(name, { ports, nodeSelector: { 'kubernetes.io/hostname': 'node-1' } });
  await cluster.must(['apply', '-f', '-'], manifests(onNode('p1'), onNode('p2')));
  const waiting = await waitFor('one of them to be refused', async () =>
    (await cluster.tasks()).find((task) => task.status?.reason === 'Unschedulable'),
  );
  expect(waiting.status?.message).toMatch(/node-1: .*18999/);
  expect(waiting.status?.message).toMatch(/node-2: /);
  const other = waiting.metadata.name === 'p1' ? 'p2' : 'p1';
  await cluster.waitForState(other, 'Running');
  await cluster.must(['delete', 'task', other]);
  await cluster.waitForState(waiting.metadata.name, 'Running');
  await cluster.must(['delete', 'task', waiting.metadata.name]);
});

it('ND-04: moves the tasks of a worker that is gone, and has no duplicates when it is back', async () => {
  await second.kill('SIGKILL');
  const both = async (): Promise<boolean> => {
    const tasks = await cluster.tasks();
    return (
      tasks.length === 2 && tasks.every((task) => task.spec.nodeName === 'node-1' && task.status?.state === 'Running')
    );
  };
  await waitFor('both tasks to run on node-1', both, 60);
  // The lost worker could not stop its container: for now there are three.
  expect(await cluster.containers({ running: true })).toHaveLength(3);
  await cluster.startWorker('node-2');
  await waitFor('the replaced container to be stopped', async () => (await cluster.containers()).length === 2, 60);
  expect(await both()).toBe(true);
});
