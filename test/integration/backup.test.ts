import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startManager, type RunningManager } from '../../src/app/manager.js';
import { restore } from '../../src/app/restore.js';
import type { Client } from '../../src/client/client.js';
import { createClient, loadKubeconfig } from '../../src/client/connect.js';
import { certificateRequest, makeKey } from '../../src/app/worker-identity.js';
import { joinTokenId, joinTokenKind } from '../../src/model/join-token.js';
import { nodeKind } from '../../src/model/node.js';
import { taskKind, type Task } from '../../src/model/task.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { runCli, startCli, type CliRun } from '../support/run-cli.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

const effects = { clock: createSystemClock(), random: createSystemRandom(), logger: silentLogger };
let folder: string;
let data: string;
let manager: RunningManager;
let closers: (() => Promise<void>)[];

beforeEach(async () => {
  closers = [];
  folder = await mkdtemp(join(tmpdir(), 'orch-backup-'));
  data = join(folder, 'data');
  manager = await start(data);
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  await rm(folder, { recursive: true, force: true });
});

async function start(dataDirectory: string): Promise<RunningManager> {
  await mkdir(dataDirectory, { recursive: true });
  const started = await startManager({ dataDirectory, host: '127.0.0.1', port: 0 }, effects);
  closers.push(() => started.close());
  return started;
}

const withoutStatus = ({ status: _, spec, ...task }: Task): Task => {
  const { nodeName: _nodeName, ...wanted } = spec;
  return { ...task, spec: wanted };
};

const orch = (args: readonly string[], dataDirectory = data): Promise<CliRun> =>
  runCli(args, {
    env: { ORCH_CONFIG: join(dataDirectory, 'kubeconfig') },
    launchers: {
      up: () => Promise.reject(new Error('not here')),
      manager: () => Promise.reject(new Error('not here')),
      worker: () => Promise.reject(new Error('not here')),
      restore: (options) => restore(options, effects),
    },
  });

async function clientOf(dataDirectory = data): Promise<Client> {
  const { server, caPem, token } = await loadKubeconfig(join(dataDirectory, 'kubeconfig'));
  const client = createClient({ server, caPem, token, clock: effects.clock });
  closers.push(() => client.close());
  return client;
}

const task = (name: string, labels: Record<string, string> = {}): Task => ({
  apiVersion: 'orch.dev/v1',
  kind: 'Task',
  metadata: { name, namespace: 'default', labels },
  spec: { image: 'busybox:latest' },
});

async function addTasks(...names: string[]): Promise<void> {
  const client = await clientOf();
  for (const name of names) await client.create(taskKind, task(name));
}

async function backup(): Promise<string> {
  const file = join(folder, 'b.backup');
  expect(await orch(['backup', file])).toMatchObject({ exitCode: 0, stderr: '' });
  return file;
}

describe('orch backup', () => {
  it('writes one private file with all objects and says what is in it', async () => {
    await addTasks('a', 'b');
    const file = join(folder, 'b.backup');
    const { exitCode, stdout } = await orch(['backup', file]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^backup of cluster \S+ at revision \d+: \S+\/b\.backup \(\d+ bytes\)\n/);
    expect(stdout).toContain('2 tasks.orch.dev');
    expect(stdout).toContain('1 namespaces\n');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['b.backup', 'data']);
  });

  it('is as of one revision, whatever is written meanwhile', async () => {
    await addTasks('a', 'b');
    const client = await clientOf();
    let isOver = false;
    // Both labels of a round are written one after the other: a cut through time has b at most one round behind a.
    const writing = (async () => {
      for (let round = 1; !isOver; round++) {
        for (const name of ['a', 'b']) {
          const labels = { round: String(round) };
          await client.patch(taskKind, { namespace: 'default', name }, { metadata: { labels } });
        }
      }
    })();
    const files = [];
    for (let n = 0; n < 3; n++) files.push(await readFile(await backup(), 'utf8'));
    isOver = true;
    await writing;
    for (const text of files) {
      const lines = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { key?: string; value?: Task });
      const [a, b] = ['a', 'b'].map((name) => {
        const line = lines.find(({ key }) => key === `/orch.dev/tasks/default/${name}`);
        return Number(line?.value?.metadata.labels?.['round'] ?? 0);
      }) as [number, number];
      expect([0, 1]).toContain(a - b);
    }
  });

  it('is for admins only', async () => {
    const { server, caPem } = await loadKubeconfig(manager.kubeconfigPath);
    const key = await makeKey();
    const { certificate: cert } = await manager.admit('n1', {}, await certificateRequest(key, 'n1'));
    const joinToken = (await readFile(join(folder, 'data/join-token'), 'utf8')).trim();
    for (const who of [{ token: joinToken }, { identity: () => ({ key, cert }) }]) {
      const client = createClient({ server, caPem, ...who, clock: effects.clock });
      const response = await client.request({ method: 'GET', path: '/apis/orch.dev/v1/backup' });
      expect(response.status).toBe(403);
      expect(JSON.parse(await response.text())).toMatchObject({ kind: 'Status', reason: 'Forbidden' });
      await client.close();
    }
  });

  it('leaves the older backup as it is when the line is cut, and nothing else', async () => {
    const client = await clientOf();
    const annotations = { text: 'x'.repeat(200_000) };
    for (let n = 0; n < 60; n++) {
      await client.create(taskKind, { ...task(`big-${n}`), metadata: { name: `big-${n}`, annotations } });
    }
    const file = join(folder, 'b.backup');
    const older = `{"orchBackup":1,"note":"older"}\n`;
    await writeFile(file, older);
    const proxy = await startTcpProxy(Number(new URL(manager.url).port));
    closers.push(() => proxy.close());
    const kubeconfig = (await readFile(manager.kubeconfigPath, 'utf8')).replace(
      manager.url,
      `https://127.0.0.1:${proxy.port}`,
    );
    await writeFile(join(folder, 'kubeconfig'), kubeconfig);
    const running = startCli(['backup', file], { env: { ORCH_CONFIG: join(folder, 'kubeconfig') } });
    // As soon as a part has arrived.
    for (let size = 0; size === 0;)
      size = await stat(`${file}.partial`).then(
        ({ size: now }) => now,
        () => 0,
      );
    proxy.cut();
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(1);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(await readFile(file, 'utf8')).toBe(older);
    expect((await readdir(folder)).sort()).toEqual(['b.backup', 'data', 'kubeconfig']);
  });

  it('does not take the place of a file that is no backup, and says what it cannot write', async () => {
    const manifest = join(folder, 'web.yaml');
    await writeFile(manifest, 'kind: Task\n');
    expect((await orch(['backup', manifest])).stderr).toContain('web.yaml is there and is not a backup');
    expect(await readFile(manifest, 'utf8')).toBe('kind: Task\n');
    const nowhere = await orch(['backup', join(folder, 'nowhere/b.backup')]);
    expect(nowhere).toMatchObject({ exitCode: 1 });
    expect(nowhere.stderr).toMatch(/cannot write \S+nowhere\/b\.backup: ENOENT/);
  });
});

describe('orch restore', () => {
  it('makes the same cluster of an empty folder: uid, authority, tokens, objects', async () => {
    await addTasks('a', 'b');
    const before = (await (await clientOf()).list<Task>(taskKind)).items;
    const key = await makeKey();
    const { certificate: cert } = await manager.admit('n1', {}, await certificateRequest(key, 'n1'));
    const file = await backup();
    const fresh = join(folder, 'fresh');
    const { exitCode, stdout } = await orch(['restore', file, '--data', fresh]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`restored cluster ${manager.clusterUid} into ${fresh}`);
    expect(stdout).toContain('2 tasks.orch.dev');
    await manager.close();
    const restored = await start(fresh);
    expect(restored.clusterUid).toBe(manager.clusterUid);
    expect(restored.caPem).toBe(manager.caPem);
    expect(restored.credentials.adminToken).toBe(manager.credentials.adminToken);
    const worker = createClient({
      ...{ server: restored.url, caPem: restored.caPem, clock: effects.clock },
      identity: () => ({ key, cert }),
    });
    expect((await worker.get(nodeKind, { name: 'n1' })).metadata.name).toBe('n1');
    await worker.close();
    const after = (await (await clientOf(fresh)).list<Task>(taskKind)).items;
    const withoutVersion = ({ metadata: { resourceVersion: _, ...metadata }, ...rest }: Task): unknown => ({
      ...rest,
      metadata,
    });
    // The scheduler goes on with its tasks; what people said of them is as it was.
    expect(after.map(withoutStatus).map(withoutVersion)).toEqual(before.map(withoutStatus).map(withoutVersion));
    expect((await stat(join(fresh, 'credentials.json'))).mode & 0o777).toBe(0o600);
  });

  it('brings no join token back, and no node that is named: who was put out since stays out', async () => {
    const client = await clientOf();
    const token = (await readFile(join(data, 'join-token'), 'utf8')).trim();
    const members = await Promise.all(
      ['kept', 'stolen'].map(async (name) => {
        const key = await makeKey();
        const { certificate: cert } = await manager.admit(name, {}, await certificateRequest(key, name));
        return { name, key, cert };
      }),
    );
    const file = await backup();
    await client.delete(nodeKind, { name: 'stolen' });
    const fresh = join(folder, 'fresh');
    const unknown = await orch(['restore', file, '--data', fresh, '--without-node', 'stole']);
    expect(unknown).toMatchObject({ exitCode: 1 });
    expect(unknown.stderr).toContain('has no such node; its nodes: kept, stolen');
    const { exitCode, stdout } = await orch(['restore', file, '--data', fresh, '--without-node', 'stolen']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('left out: 1 join tokens');
    expect(stdout).toContain('members again: kept;');
    await manager.close();
    const restored = await start(fresh);
    const asks = ({ name, key, cert }: (typeof members)[number]): Promise<unknown> => {
      const worker = createClient({
        ...{ server: restored.url, caPem: restored.caPem, clock: effects.clock },
        identity: () => ({ key, cert }),
      });
      closers.push(() => worker.close());
      return worker.get(nodeKind, { name });
    };
    const [kept, stolen] = members;
    await expect(kept && asks(kept)).resolves.toMatchObject({ metadata: { name: 'kept' } });
    await expect(stolen && asks(stolen)).rejects.toMatchObject({ code: 'Unauthorized' });
    const { items } = await (await clientOf(fresh)).list(joinTokenKind);
    expect(items).toHaveLength(1);
    expect((await readFile(join(fresh, 'join-token'), 'utf8')).trim()).not.toBe(token);
    expect(items[0]?.metadata.name).not.toBe(joinTokenId(token));
  });

  it('begins above every revision that anybody has seen: watches from before list again', async () => {
    await addTasks('a');
    const file = await backup();
    await addTasks('later');
    const seen = Number((await (await clientOf()).list(taskKind)).resourceVersion);
    const fresh = join(folder, 'fresh');
    await orch(['restore', file, '--data', fresh]);
    await manager.close();
    await start(fresh);
    const client = await clientOf(fresh);
    const list = await client.list<Task>(taskKind);
    expect(Number(list.resourceVersion)).toBeGreaterThan(seen + 1_000_000);
    expect(list.items.every(({ metadata }) => Number(metadata.resourceVersion) > seen)).toBe(true);
    expect(list.restoreUid).toMatch(/^[0-9a-f-]{36}$/);
    for (const resourceVersion of [String(seen - 1), String(seen), String(Number(list.resourceVersion) + 1_000)]) {
      const watch = client.watch(taskKind, { resourceVersion, signal: AbortSignal.timeout(10_000) });
      await expect(watch[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'Expired' });
    }
    // And it goes on from there, over a restart, too.
    await client.create(taskKind, task('new'));
    await closers.pop()?.();
  });

  it('can be backed up and restored again', async () => {
    await addTasks('a');
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    await orch(['restore', await backup(), '--data', first]);
    await manager.close();
    const once = await start(first);
    await (await clientOf(first)).create(taskKind, task('b'));
    const file = join(folder, 'again.backup');
    expect((await orch(['backup', file], first)).stdout).toContain('2 tasks.orch.dev');
    await orch(['restore', file, '--data', second]);
    const uidOfFirst = (await (await clientOf(first)).list(taskKind)).restoreUid;
    await once.close();
    await start(second);
    const list = await (await clientOf(second)).list<Task>(taskKind);
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    expect(list.restoreUid).not.toBe(uidOfFirst);
  });

  it.each([
    ['a truncated file', (text: string) => text.slice(0, -40), /the backup is damaged/],
    ['a file with another letter in it', (text: string) => text.replace('busybox', 'busyb0x'), /checksum does not fit/],
    ['a newer format', (text: string) => text.replace('"orchBackup":1', '"orchBackup":2'), /format 2/],
    ['something else', () => 'kind: Task\n', /not a backup of orch/],
    ['an empty file', () => '', /not a backup of orch/],
  ])('refuses %s and writes nothing', async (_what, damage, sentence) => {
    await addTasks('a');
    const file = await backup();
    await writeFile(file, damage(await readFile(file, 'utf8')));
    const fresh = join(folder, 'fresh');
    const { exitCode, stderr } = await orch(['restore', file, '--data', fresh]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(stderr).toContain(file);
    expect(await readdir(folder)).not.toContain('fresh');
  });

  it('refuses a folder that is not empty and leaves it as it is', async () => {
    await addTasks('a');
    const file = await backup();
    await manager.close();
    const before = await readdir(data);
    const { stderr } = await orch(['restore', file, '--data', data]);
    expect(stderr).toMatch(/data is not empty \(it holds credentials\.json, .*\): a restore replaces nothing/);
    expect(await readdir(data)).toEqual(before);
  });

  it('refuses a folder that a manager holds, and names it', async () => {
    await addTasks('a');
    const file = await backup();
    const fresh = join(folder, 'fresh');
    await mkdir(fresh);
    const status = await readFile(`/proc/${process.ppid}/stat`, 'utf8');
    const startTime = status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
    await writeFile(join(fresh, 'orch.pid'), `${process.ppid}\n${startTime}\n`);
    const { stderr } = await orch(['restore', file, '--data', fresh]);
    expect(stderr).toContain(`fresh is in use by process ${process.ppid}`);
    expect(await readdir(fresh)).toEqual(['orch.pid']);
  });

  it('empties the folder again when it cannot be filled', async () => {
    await addTasks('a');
    const file = await backup();
    const text = await readFile(file, 'utf8');
    const fresh = join(folder, 'fresh');
    await mkdir(fresh);
    let asked = 0;
    const now = (): number => {
      if (++asked > 1) throw new Error('the clock stopped');
      return effects.clock.now();
    };
    const launch = restore(
      { file, dataDirectory: fresh, withoutNodes: [] },
      { ...effects, clock: { ...effects.clock, now } },
    );
    await expect(launch).rejects.toThrow('the clock stopped');
    expect(await readdir(fresh)).toEqual([]);
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  it('that was interrupted does not start, and says what to do', async () => {
    const fresh = join(folder, 'fresh');
    await mkdir(fresh);
    await writeFile(join(fresh, 'restore-unfinished'), '');
    await expect(start(fresh)).rejects.toThrow(/was interrupted: empty the folder and call `orch restore` again/);
    expect(await readdir(fresh)).toEqual(['restore-unfinished']);
  });
});
