import { mkdir, readdir, rm, stat, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestCluster, runCommand, taskManifest, type Daemon, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

// A manager whose data lies on a disk that fills up, and then is damaged.
let cluster: TestCluster;
let manager: Daemon;
let data: string;

beforeAll(async () => {
  cluster = await createTestCluster();
  data = join(cluster.directory, 'data');
  await mkdir(data);
  const mounted = await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=32m,mode=0700', 'tmpfs', data]);
  if (mounted.exitCode !== 0) throw new Error(`this test mounts a tmpfs: run it as root (${mounted.stderr})`);
  manager = await cluster.startManager('--node-grace-seconds', '4', '--not-ready-toleration-seconds', '2');
  await cluster.startWorker('node-1', '--runtime', 'simulated');
});
afterAll(async () => {
  await manager.kill('SIGKILL');
  await runCommand('umount', ['--lazy', data]);
  await cluster.removeAll();
});

it('ST-04: refuses writes while its disk is full, loses no worker over it, and goes on when there is space', async () => {
  await cluster.must(['apply', '-f', '-', '--wait', '--timeout', '60s'], taskManifest('web'));
  const ballast = join(data, 'ballast');
  await writeFile(ballast, Buffer.alloc(32 << 20)).catch(() => undefined);
  const large = { env: Array.from({ length: 40 }, (_, index) => ({ name: `N${index}`, value: 'x'.repeat(30_000) })) };
  const refused = await waitFor('a write to be refused', async () => {
    const result = await cluster.orch(
      ['apply', '-f', '-'],
      taskManifest(`large-${performance.now()}`.replace('.', '-'), large),
    );
    return result.exitCode !== 0 && result;
  });
  expect(refused.stderr).toMatch(/full|space/);
  // Longer than the grace: heartbeats need no disk.
  const end = performance.now() + 8_000;
  await waitFor('the grace to be over', async () => {
    expect(await cluster.must(['get', 'nodes'])).not.toContain('NotReady');
    return performance.now() > end;
  });
  expect((await cluster.task('web')).status?.state).toBe('Running');
  await rm(ballast);
  await waitFor(
    'a write to be taken',
    async () => (await cluster.orch(['apply', '-f', '-'], taskManifest('after'))).exitCode === 0,
  );
  await cluster.waitForState('after', 'Running');
  expect((await cluster.task('web')).status?.restartCount ?? 0).toBe(0);
});

it('ST-05: does not start on a damaged store, says which file, and changes nothing', async () => {
  await manager.kill('SIGTERM');
  const folder = join(data, 'store', 'db');
  const sizes = await Promise.all(
    (await readdir(folder)).map(async (name) => ({ name, size: (await stat(join(folder, name))).size })),
  );
  const [largest] = sizes.filter(({ name }) => /\.(log|ldb)$/.test(name)).sort((a, b) => b.size - a.size);
  const file = await open(join(folder, largest?.name ?? ''), 'r+');
  await file.write(Buffer.alloc(4_096, 0x5a), 0, 4_096, Math.floor((largest?.size ?? 0) / 2));
  await file.close();
  const started = await cluster.orch(['manager', '--data', data, '--port', String(cluster.port)]);
  expect(started.exitCode).toBe(1);
  expect(started.stderr).toContain(join(data, 'store'));
  expect(started.stderr).toMatch(/damaged/);
  expect(started.stderr).not.toMatch(/\n\s+at /);
});
