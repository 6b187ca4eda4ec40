import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestCluster, manifests, taskManifest, type TestCluster } from '../support/orch-process.js';
import { startPrivateEngine, type PrivateEngine } from '../support/private-engine.js';
import { waitFor } from '../support/wait-for.js';

// An engine that takes its containers along when it ends (no live-restore), on a disk that can be filled.
let cluster: TestCluster;
let engine: PrivateEngine;

beforeAll(async () => {
  engine = await startPrivateEngine('crashing', { liveRestore: false, diskMebibytes: 64 });
  cluster = await createTestCluster();
  await cluster.startUp('--docker-socket', engine.socket);
  await cluster.must(
    ['apply', '-f', '-', '--wait', '--timeout', '90s'],
    manifests(
      taskManifest('web'),
      taskManifest('deaf', {
        command: ['sh', '-c', 'trap "" TERM; while true; do sleep 1; done'],
        terminationGracePeriodSeconds: 8,
      }),
    ),
  );
});
afterAll(async () => {
  await cluster.removeAll();
  await engine.remove();
});

const list = async (...flags: string[]): Promise<string[]> => {
  const text = await engine.docker('ps', '--no-trunc', '--format', '{{.ID}} {{.Label "orch.dev/task"}}', ...flags);
  return text === '' ? [] : text.split('\n');
};
const restarted = (name: string, before: string | undefined): Promise<unknown> =>
  waitFor(
    `another container of ${name}`,
    async () => {
      const { status } = await cluster.task(name);
      if (status?.state === 'Running' && status.containerID !== before) return true;
      throw new Error(JSON.stringify(status));
    },
    90,
  );
const containerOf = async (name: string): Promise<string | undefined> => (await cluster.task(name)).status?.containerID;
const oneOfEach = async (): Promise<void> => {
  expect((await list()).map((line) => line.split(' ')[1]).sort()).toEqual(['default/deaf', 'default/web']);
};

describe('an engine that ends', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'DK-02, DK-03, DK-15: has each task running once again after %s took it and its containers away',
    async (signal) => {
      const before = { web: await containerOf('web'), deaf: await containerOf('deaf') };
      await engine.signal(signal);
      await engine.restart();
      for (const name of ['web', 'deaf'] as const) await restarted(name, before[name]);
      await oneOfEach();
      const tasks = await cluster.tasks();
      // Taken along by the engine, and not for anything that the task did: 137 or 143, or what it says itself on the signal.
      for (const { status } of tasks) expect([0, 137, 143, 255]).toContain(status?.exitCode);
    },
  );

  it('LC-06: goes on with a stop that the end of its engine cut short', async () => {
    await cluster.must(['delete', 'task', 'deaf', '--no-wait']);
    await waitFor('the stop to have begun', async () =>
      (await cluster.must(['events', '--for', 'task/deaf'])).includes('Killing'),
    );
    await engine.signal('SIGKILL');
    await engine.restart();
    await waitFor(
      'the task and its container to be gone',
      async () =>
        (await cluster.tasks()).every(({ metadata }) => metadata.name !== 'deaf') &&
        (await list('--all')).every((line) => !line.includes('default/deaf')),
      90,
    );
  });
});

describe('an engine whose disk is full', () => {
  it('DK-20: tells it, starts nothing again and again, still stops and removes, and goes on when there is space', async () => {
    await restarted('web', undefined);
    const web = await containerOf('web');
    const ballast = join(engine.dataFolder, 'ballast');
    await writeFile(ballast, Buffer.alloc(64 << 20)).catch(() => undefined);
    await cluster.must(['apply', '-f', '-'], taskManifest('late'));
    const late = await waitFor(
      'the task to say so',
      async () => {
        const task = await cluster.task('late');
        if (task.status?.reason === 'DiskPressure') return task;
        throw new Error(JSON.stringify(task.status));
      },
      60,
    );
    expect(late.status?.message).toContain('no space left on device');
    const node = await cluster.must(['get', 'node', 'node-1', '-o', 'json']);
    expect(JSON.parse(node)).toMatchObject({
      status: {
        conditions: expect.arrayContaining([expect.objectContaining({ type: 'DiskPressure', status: 'True' })]),
      },
    });
    expect(await containerOf('web')).toBe(web);
    await cluster.must(['delete', 'task', 'web', '--timeout', '60s']);
    expect(await list('--all')).toEqual(expect.not.arrayContaining([expect.stringContaining('default/web')]));
    await rm(ballast);
    await cluster.waitForState('late', 'Running', 90);
    await waitFor('the node to say so', async () => {
      const { status } = JSON.parse(await cluster.must(['get', 'node', 'node-1', '-o', 'json'])) as {
        status: { conditions: { type: string; status: string }[] };
      };
      return status.conditions.some(({ type, status }) => type === 'DiskPressure' && status === 'False');
    });
  });
});
