import { cp, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestCluster, docker, manifests, taskManifest, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

let cluster: TestCluster;
let folder: string;

beforeAll(async () => {
  cluster = await createTestCluster();
  folder = join(cluster.directory, 'manifests');
  await cp(resolve('manifests'), folder, { recursive: true });
  await cluster.startUp();
});
afterAll(() => cluster.removeAll());

const startTimes = async (): Promise<string[]> => {
  const ids = (await cluster.containers()).map(({ id }) => id);
  return (await docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...ids)).split('\n').sort();
};

it('runs the shipped manifests in real containers that carry orch labels, and the web task answers', async () => {
  const output = await cluster.must(['apply', '-f', folder, '--wait', '--timeout', '90s']);
  expect(output).toMatch(/task\/web created/);
  expect((await cluster.waitForState('web', 'Running')).status?.restartCount ?? 0).toBe(0);
  await cluster.waitForState('ticker', 'Running');
  expect((await cluster.waitForState('once', 'Completed')).status?.exitCode).toBe(0);

  const running = (await cluster.containers({ running: true })).map(({ task }) => task).sort();
  expect(running).toEqual(['default/ticker', 'default/web']);
  const text = await waitFor('an answer from the web task', async () =>
    (await fetch('http://127.0.0.1:18080/')).text(),
  );
  expect(text).toBe('hello from orch\n');
});

it('says unchanged on the second apply and touches no container', async () => {
  const before = await startTimes();
  const output = await cluster.must(['apply', '-f', folder, '--wait', '--timeout', '60s']);
  expect(output.match(/unchanged/g)).toHaveLength(3);
  expect(output).not.toMatch(/created|configured/);
  expect(await startTimes()).toEqual(before);
});

it('replaces only the task whose manifest was edited', async () => {
  const ticker = (await cluster.task('ticker')).status?.containerID;
  const web = (await cluster.task('web')).status?.containerID;
  const path = join(folder, 'web.yaml');
  await writeFile(path, (await readFile(path, 'utf8')).replace('value: orch', 'value: somebody'));

  const diff = await cluster.orch(['diff', '-f', folder]);
  expect(diff.exitCode).toBe(2);
  expect(diff.stdout).toMatch(/somebody/);

  expect(await cluster.must(['apply', '-f', folder, '--wait', '--timeout', '60s'])).toMatch(/task\/web configured/);
  const text = await waitFor('the new greeting', async () => {
    const answer = await (await fetch('http://127.0.0.1:18080/')).text();
    return answer.includes('somebody') && answer;
  });
  expect(text).toBe('hello from somebody\n');
  expect((await cluster.waitForState('web', 'Running')).status?.containerID).not.toBe(web);
  expect((await cluster.task('ticker')).status?.containerID).toBe(ticker);
});

it('gives logs, runs commands with their exit code, and describes a task with its events', async () => {
  expect(await cluster.must(['logs', 'once'])).toBe('counting\n1\n2\n3\n4\n5\ndone\n');
  const greeting = await cluster.orch(['exec', 'web', '--', 'sh', '-c', 'echo "$GREETER"; exit 3']);
  expect(greeting).toMatchObject({ exitCode: 3, stdout: 'somebody\n' });
  const description = await cluster.must(['describe', 'task', 'web']);
  expect(description).toMatch(/State:\s+Running/);
  expect(description).toMatch(/Events:/);
});

it('stops a task without forgetting it, and starts it again', async () => {
  await cluster.must(['stop', 'task/ticker']);
  await cluster.waitForState('ticker', 'Completed');
  expect((await cluster.containers({ running: true })).map(({ task }) => task)).toEqual(['default/web']);
  await cluster.must(['start', 'task/ticker']);
  await cluster.waitForState('ticker', 'Running');
});

it('changes nothing when one of ten documents is bad, and says which line', async () => {
  const before = (await cluster.tasks()).map((task) => task.metadata.resourceVersion);
  const good = Array.from({ length: 9 }, (_, index) => taskManifest(`good-${index}`));
  const bad = 'apiVersion: orch.dev/v1\nkind: Task\nmetadata:\n  name: bad\nspec:\n  imgae: busybox\n';
  const path = join(cluster.directory, 'ten.yaml');
  await writeFile(path, manifests(...good, bad));
  const result = await cluster.orch(['apply', '-f', path]);
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toMatch(/ten\.yaml:24:3: spec\.imgae: .*did you mean "image"/);
  expect((await cluster.tasks()).map((task) => task.metadata.resourceVersion)).toEqual(before);
});

it('says why a task cannot fit, node by node, and starts it when room appears', async () => {
  const cpus = Number(await docker('info', '--format', '{{.NCPU}}'));
  const most = `${cpus * 1000 - 300}m`;
  await cluster.must(['apply', '-f', '-'], taskManifest('large', { resources: { cpu: most } }));
  await cluster.waitForState('large', 'Running');
  await cluster.must(['apply', '-f', '-'], taskManifest('waiting', { resources: { cpu: most } }));
  const pending = await waitFor('the reason', async () => {
    const task = await cluster.task('waiting');
    return task.status?.reason === 'Unschedulable' && task;
  });
  expect(pending.status?.state).toBe('Pending');
  expect(pending.status?.message).toMatch(/node-1: .*CPU/i);
  expect(await cluster.must(['describe', 'task', 'waiting'])).toContain('node-1');
  await cluster.must(['delete', 'task', 'large']);
  await cluster.waitForState('waiting', 'Running');
  await cluster.must(['delete', 'task', 'waiting']);
});

it('leaves no container behind after delete -f', async () => {
  await cluster.must(['delete', '-f', folder]);
  expect(await cluster.tasks()).toEqual([]);
  expect(await cluster.containers()).toEqual([]);
});
