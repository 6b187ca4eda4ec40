import { randomUUID } from 'node:crypto';
import { finished } from 'node:stream/promises';
import type Docker from 'dockerode';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { noAmounts } from '../../src/model/resources.js';
import type { ContainerRuntime, ContainerSpec, FileSet } from '../../src/runtime/container-runtime.js';
import { labels } from '../../src/runtime/docker/create-body.js';
import { openDockerRuntime } from '../../src/runtime/docker/docker-runtime.js';
import { type Clock, createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { openTestEngine, removeClusterContainers, testImage, testSocketPath } from '../support/docker-engine.js';
import { startEngineProxy } from '../support/engine-proxy.js';
import { waitFor } from '../support/wait-for.js';

let engine: Docker;
let runtime: ContainerRuntime;
let clusterUid: string;

beforeAll(async () => {
  engine = await openTestEngine();
});
beforeEach(async () => {
  clusterUid = randomUUID();
  runtime = await open();
});
afterEach(async () => {
  await runtime.close();
  await removeClusterContainers(engine, clusterUid);
});

/** Milliseconds that the clock of the next life is ahead. */
let ahead = 0;

function open(socketPath = testSocketPath): Promise<ContainerRuntime> {
  const [system, random] = [createSystemClock(), createSystemRandom()];
  const clock: Clock = {
    now: () => system.now(),
    monotonic: () => system.monotonic() + ahead,
    setTimer: (callback, milliseconds) => system.setTimer(callback, milliseconds),
  };
  return openDockerRuntime({ socketPath, clusterUid, clock, random, logger: silentLogger });
}

const setOf = (target: string, texts: Record<string, string>): FileSet => ({
  target,
  files: Object.entries(texts).map(([path, text]) => ({ path, mode: 0o644, content: Buffer.from(text) })),
});

function specOf(script: string, more: Partial<ContainerSpec>): ContainerSpec {
  const taskUid = randomUUID();
  return {
    name: `orch-files-${taskUid.slice(0, 8)}`,
    identity: { taskUid, attempt: 1, specHash: 'hash', taskKey: 'default/files' },
    image: testImage,
    command: ['sh', '-c', script],
    env: [],
    ports: [],
    hostNetwork: true,
    limits: noAmounts,
    ...more,
  };
}

async function run(script: string, files: FileSet[]): Promise<string> {
  const { id } = await runtime.createContainer(specOf(script, { files }));
  await runtime.startContainer(id);
  return id;
}

async function volumesOf(id: string): Promise<string[]> {
  const { Mounts } = await engine.getContainer(id).inspect();
  return Mounts.flatMap(({ Name }) => Name ?? []);
}

/** What orch has on the engine for itself. */
async function ownContainers(): Promise<string[]> {
  const filters = { label: [`orch.dev/own-cluster-uid=${clusterUid}`] };
  return (await engine.listContainers({ all: true, filters })).map(({ Id }) => Id);
}

async function outsideCommand(id: string): Promise<number | null> {
  const command = await engine.getContainer(id).exec({ Cmd: ['true'], AttachStdout: true });
  const stream = await command.start({});
  await finished(stream.resume());
  return (await command.inspect()).ExitCode;
}

/** Ends with the container at the first moment at which a name is missing, or shows what is none of the words. */
const reader = (words: string): string =>
  `while :; do line=; read line < /etc/shop/a; case $line in ${words});; *) exit 1;; esac; done`;

it('changes files under a reader that never waits, and beside commands that begin at any moment', async () => {
  const of = (text: string): FileSet[] => [setOf('/etc/shop', { a: text }), setOf('/etc/other', { a: text })];
  const id = await run(reader('old|new'), of('old\n'));
  for (const text of ['new\n', 'old\n', 'new\n', 'old\n', 'new\n']) {
    // Of somebody else, such as `docker exec` or a health check of the image: orch cannot hold them back.
    const commands = Array.from({ length: 3 }, () => outsideCommand(id));
    await runtime.updateFiles(id, of(text));
    expect(await Promise.all(commands)).toEqual([0, 0, 0]);
  }
  expect((await runtime.exec(id, ['cat', '/etc/shop/a', '/etc/other/a'], 10_000)).output).toBe('new\nnew\n');
  expect((await runtime.inspectContainer(id)).phase).toBe('running');
});

it('comes to the new files from wherever a life ended, and no reader notices', async () => {
  const id = await run(reader('begin|life*'), [setOf('/etc/shop', { a: 'begin\n', 'only-0': '' })]);
  const proxy = await startEngineProxy(testSocketPath);
  let isOver = false;
  for (let effects = 1; !isOver; effects++) {
    let left = effects;
    // The last effect happens; nobody hears of it, and nothing is asked any more.
    proxy.setFault((method, path) => {
      if (left <= 0) return 'refuse';
      if (method === 'GET' || method === 'HEAD' || path.endsWith('/wait')) return 'pass';
      left -= 1;
      return left === 0 ? 'lose' : 'pass';
    });
    const dying = await open(proxy.socketPath);
    const files = [setOf('/etc/shop', { a: `life-${effects}\n`, [`only-${effects}`]: '' })];
    isOver = await dying.updateFiles(id, files).then(
      () => left > 0,
      () => false,
    );
    await dying.close();
    expect((await runtime.listContainers()).map((one) => one.id)).toEqual([id]);
    await runtime.updateFiles(id, files);
    const { output } = await runtime.exec(id, ['sh', '-c', 'cat /etc/shop/a && ls /etc/shop'], 10_000);
    expect(output).toBe(`life-${effects}\na\nonly-${effects}\n`);
    expect(await ownContainers()).toEqual([]);
    expect(effects).toBeLessThan(10);
  }
  await proxy.close();
  expect((await runtime.inspectContainer(id)).phase).toBe('running');
}, 90_000);

it('removes what a life left behind that nobody goes on with', async () => {
  const id = await run('sleep 1000', [setOf('/etc/shop', { a: 'old' })]);
  const volumes = await volumesOf(id);
  const proxy = await startEngineProxy(testSocketPath);
  let isDead = false;
  proxy.setFault((_method, path) => {
    if (isDead) return 'refuse';
    isDead = path === '/containers/create';
    return isDead ? 'lose' : 'pass';
  });
  const dying = await open(proxy.socketPath);
  await expect(dying.updateFiles(id, [setOf('/etc/shop', { a: 'new' })])).rejects.toMatchObject({ retryable: true });
  await dying.close();
  await proxy.close();
  expect(await ownContainers()).toHaveLength(1);
  await engine.getContainer(id).remove({ force: true, v: true });
  expect(volumes).toHaveLength(1);
  await engine.getVolume(volumes[0] ?? '').inspect();
  expect(await runtime.listContainers()).toEqual([]);
  await waitFor('what was left to be gone', async () => (await ownContainers()).length === 0);
  await waitFor('its volume to be gone', () =>
    engine
      .getVolume(volumes[0] ?? '')
      .inspect()
      .then(
        () => false,
        () => true,
      ),
  );
});

it('changes files of a container that an earlier version made, whose programs may write there, and leaves alone what they put', async () => {
  const script = `cd /etc/shop; mkdir ..1; echo old > ..1/a; echo x > ..1/gone; ln -s ..1 ..data; ln -s ..data/a a; ln -s ..data/gone gone
    echo mine > own; ln -s own link; chown -R 1000:1000 .; chmod 1700 .; touch /ready; sleep 1000`;
  const taskUid = randomUUID();
  const created = await engine.createContainer({
    name: `orch-files-${taskUid.slice(0, 8)}`,
    Image: testImage,
    Cmd: ['sh', '-c', script],
    Labels: { [labels.clusterUid]: clusterUid, [labels.taskUid]: taskUid, [labels.attempt]: '1', [labels.task]: 'd/t' },
    HostConfig: { Mounts: [{ Type: 'volume', Target: '/etc/shop', Source: '', ReadOnly: false }] },
  });
  await created.start();
  const { id } = created;
  const tell = async (...command: string[]): Promise<string> => (await runtime.exec(id, command, 10_000)).output;
  await waitFor('the program to have done so', async () => (await tell('ls', '/')).includes('ready'));
  await runtime.updateFiles(id, [setOf('/etc/shop', { a: 'new' })]);
  expect(await tell('ls', '/etc/shop')).toBe('a\nlink\nown\n');
  expect(await tell('cat', '/etc/shop/a', '/etc/shop/link')).toBe('newmine\n');
  expect(await ownContainers()).toEqual([]);
});

async function fileVolumes(): Promise<string[]> {
  const filters = { label: [`orch.dev/own-cluster-uid=${clusterUid}`] };
  return (await engine.listVolumes({ filters })).Volumes.map(({ Name }) => Name);
}

it('fills a container before there is one, wherever a life ended, and leaves nothing of that behind', async () => {
  const files = [setOf('/etc/shop', { a: 'whole' }), setOf('/etc/shop/in', { b: 'nested' })];
  const proxy = await startEngineProxy(testSocketPath);
  let isOver = false;
  for (let effects = 1; !isOver; effects++) {
    let left = effects;
    proxy.setFault((method) => {
      if (left <= 0) return 'refuse';
      if (method === 'GET' || method === 'HEAD') return 'pass';
      left -= 1;
      return left === 0 ? 'lose' : 'pass';
    });
    const dying = await open(proxy.socketPath);
    const spec = specOf('cat /etc/shop/a /etc/shop/in/b', { files });
    isOver = await dying.createContainer(spec).then(
      () => left > 0,
      () => false,
    );
    await dying.close();
    // As a worker does that finds a container of which it does not know that it was filled.
    for (const one of await runtime.listContainers()) await runtime.removeContainer(one.id);
    const { id } = await runtime.createContainer(spec);
    await runtime.startContainer(id);
    await waitFor('its end', async () => (await runtime.inspectContainer(id)).phase === 'exited');
    expect((await runtime.inspectContainer(id)).exitCode).toBe(0);
    expect(await ownContainers()).toEqual([]);
    await runtime.removeContainer(id);
    expect(await fileVolumes()).toEqual([]);
    expect(effects).toBeLessThan(6);
  }
  await proxy.close();
});

it('lets go of the volumes of a container that somebody else removed', async () => {
  const id = await run('sleep 1000', [setOf('/etc/shop', { a: 'old' })]);
  await engine.getContainer(id).remove({ force: true, v: true });
  expect(await fileVolumes()).toHaveLength(1);
  await runtime.listContainers();
  await waitFor('its volume to be gone', async () => (await fileVolumes()).length === 0);
});

it('removes the file for a last message with its container, and one that a life made for none', async () => {
  const spec = specOf('true', { terminationMessagePath: '/dev/termination-log' });
  const { id } = await runtime.createContainer(spec);
  expect(await ownContainers()).toHaveLength(1);
  await runtime.removeContainer(id);
  expect(await ownContainers()).toEqual([]);
  const proxy = await startEngineProxy(testSocketPath);
  let made = 0;
  proxy.setFault((_method, path) => (path === '/containers/create' && ++made > 1 ? 'refuse' : 'pass'));
  const dying = await open(proxy.socketPath);
  await expect(dying.createContainer(spec)).rejects.toMatchObject({ code: 'Unavailable' });
  await dying.close();
  await proxy.close();
  const [left = ''] = await ownContainers();
  const [volume = ''] = await volumesOf(left);
  expect(await runtime.listContainers()).toEqual([]);
  await waitFor('the list to have been looked through, long ago', async () => {
    ahead += 4 * 60_000;
    await runtime.listContainers();
    return (await ownContainers()).length === 0;
  });
  await expect(engine.getVolume(volume).inspect()).rejects.toMatchObject({ statusCode: 404 });
});
