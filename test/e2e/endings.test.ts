import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createTestCluster,
  freePort,
  manifests,
  taskManifest,
  type TaskView,
  type TestCluster,
} from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

// How containers end, and what the user is told of it.
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await createTestCluster();
  await cluster.startUp();
});
afterAll(() => cluster.removeAll());

const sh = (script: string): { command: string[]; restartPolicy: string } => ({
  command: ['sh', '-c', script],
  restartPolicy: 'Never',
});
const told = (name: string, reason: string): Promise<TaskView> =>
  waitFor(
    `${name} to say ${reason}`,
    async () => {
      const task = await cluster.task(name);
      if (task.status?.reason === reason) return task;
      throw new Error(`it is ${JSON.stringify(task.status)}`);
    },
    60,
  );

it('DK-08, DK-21: tells exit codes, signals, missing programs and lack of memory apart', async () => {
  const grow = 'exec dd if=/dev/zero of=/dev/null bs=256M count=1';
  await cluster.must(
    ['apply', '-f', '-'],
    manifests(
      taskManifest('code-125', sh('exit 125')),
      taskManifest('code-127', sh('no-such-program')),
      taskManifest('code-143', sh('exit 143')),
      taskManifest('no-program', { command: ['/nope'], restartPolicy: 'Never' }),
      taskManifest('memory', { ...sh(grow), resources: { memory: '16Mi' } }),
      taskManifest('child-memory', { ...sh(`(${grow}); exit 0`), resources: { memory: '16Mi' } }),
    ),
  );
  for (const name of ['code-125', 'code-127', 'code-143', 'no-program', 'memory']) {
    await cluster.waitForState(name, 'Failed', 60);
  }
  await cluster.waitForState('child-memory', 'Completed', 60);
  // An engine with much to do says so a moment after the end.
  await told('memory', 'OOMKilled');
  await waitFor('the child to be told of', async () => (await cluster.task('child-memory')).status?.oomKilled, 60);
  const statuses = new Map((await cluster.tasks()).map((task) => [task.metadata.name, task.status]));
  expect(statuses.get('code-125')).toMatchObject({ exitCode: 125, reason: 'Error' });
  expect(statuses.get('code-127')).toMatchObject({ exitCode: 127, reason: 'Error' });
  expect(statuses.get('code-143')).toMatchObject({ exitCode: 143, reason: 'Error' });
  expect(statuses.get('no-program')).toMatchObject({ reason: 'StartError', message: expect.stringContaining('/nope') });
  expect(statuses.get('memory')).toMatchObject({ exitCode: 137, reason: 'OOMKilled', oomKilled: true });
  expect(statuses.get('child-memory')).toMatchObject({ exitCode: 0, oomKilled: true });
});

it('LC-05: kills what ignores the signal after its grace, and no sooner', async () => {
  const stubborn = { command: ['sh', '-c', 'trap "" TERM; while true; do sleep 1; done'] };
  await cluster.must(
    ['apply', '-f', '-', '--wait', '--timeout', '60s'],
    manifests(
      taskManifest('stubborn', { ...stubborn, terminationGracePeriodSeconds: 3 }),
      taskManifest('slow', {
        command: ['sh', '-c', 'trap "sleep 2; exit 0" TERM; while true; do sleep 1; done'],
        terminationGracePeriodSeconds: 60,
      }),
    ),
  );
  await cluster.must(['stop', 'task/stubborn', 'task/slow']);
  for (const name of ['stubborn', 'slow']) await cluster.waitForState(name, 'Completed', 60);
  expect((await cluster.task('stubborn')).status?.exitCode).toBe(137);
  expect((await cluster.task('slow')).status?.exitCode).toBe(0);
  // Each run is bounded by its grace, so one that ignores everything can still be deleted.
  await cluster.must(['start', 'task/stubborn']);
  await cluster.waitForState('stubborn', 'Running', 60);
  await cluster.must(['delete', 'task', 'stubborn', '--timeout', '60s']);
  expect((await cluster.containers()).map(({ task }) => task)).not.toContain('default/stubborn');
});

it('DK-13: waits for a port that another program holds, says which, and starts once it is free', async () => {
  const port = await freePort();
  const holder = createServer().listen(port, '0.0.0.0');
  await once(holder, 'listening');
  try {
    const ports = [{ containerPort: 80, hostPort: port }];
    await cluster.must(['apply', '-f', '-'], taskManifest('published', { hostNetwork: false, ports }));
    const { status } = await told('published', 'PortConflict');
    expect(status?.message).toContain(String(port));
    expect(await cluster.containers({ running: true })).toEqual([]);
  } finally {
    holder.close();
  }
  await cluster.waitForState('published', 'Running', 60);
});
