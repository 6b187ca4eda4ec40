import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type Docker from 'dockerode';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { noAmounts } from '../../src/model/resources.js';
import type { ContainerRuntime, FileSet, Mount } from '../../src/runtime/container-runtime.js';
import { openDockerRuntime } from '../../src/runtime/docker/docker-runtime.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { openTestEngine, removeClusterContainers, testImage, testSocketPath } from '../support/docker-engine.js';
import { waitFor } from '../support/wait-for.js';

let engine: Docker;
let runtime: ContainerRuntime;
let clusterUid: string;
let folder: string;
let allowed: string;

beforeAll(async () => {
  engine = await openTestEngine();
});
beforeEach(async () => {
  clusterUid = randomUUID();
  folder = await mkdtemp(join(tmpdir(), 'orch-volumes-'));
  allowed = join(folder, 'allowed');
  await mkdir(allowed);
  runtime = await open([allowed]);
});
afterEach(async () => {
  await runtime.close();
  await removeClusterContainers(engine, clusterUid);
  await engine
    .getVolume(volumeName())
    .remove()
    .catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
});

const volumeName = (): string => `orch-test-${clusterUid}`;

function open(allowedHostPaths: string[], deniedHostPaths: string[] = []): Promise<ContainerRuntime> {
  return openDockerRuntime({
    socketPath: testSocketPath,
    clusterUid,
    clock: createSystemClock(),
    random: createSystemRandom(),
    logger: silentLogger,
    allowedHostPaths,
    deniedHostPaths,
  });
}

/** Runs a script to its end with these mounts and removes its container. */
async function run(
  script: string,
  mounts: Mount[],
  on = runtime,
  files: FileSet[] = [],
): Promise<{ exitCode: number | undefined; volumes: (string | undefined)[] }> {
  const taskUid = randomUUID();
  const { id } = await on.createContainer({
    name: `orch-volumes-${taskUid.slice(0, 8)}`,
    identity: { taskUid, attempt: 1, specHash: 'hash', taskKey: 'default/volumes' },
    image: testImage,
    command: ['sh', '-c', script],
    env: [],
    ports: [],
    hostNetwork: true,
    limits: noAmounts,
    mounts,
    files,
  });
  await on.startContainer(id);
  const ended = await waitFor('the script to end', async () => {
    const details = await on.inspectContainer(id);
    return details.phase === 'exited' && details;
  });
  const { Mounts } = await engine.getContainer(id).inspect();
  await on.removeContainer(id);
  return {
    exitCode: ended.exitCode,
    volumes: Mounts.filter(({ Type }) => Type === 'volume').map(({ Name }) => Name),
  };
}

it('keeps a named volume for the next container, and nothing else', async () => {
  const mounts: Mount[] = [
    { type: 'volume', name: volumeName(), target: '/data', readOnly: false },
    { type: 'volume', target: '/scratch', readOnly: false },
    { type: 'tmpfs', target: '/memory', readOnly: false, sizeBytes: 2 ** 20 },
  ];
  const first = await run(
    'echo kept > /data/f && echo x > /scratch/f && grep -q " /memory tmpfs.*size=1024k" /proc/mounts',
    mounts,
  );
  expect(first.exitCode).toBe(0);
  const nameless = first.volumes.filter((name) => name !== volumeName());
  expect(nameless).toHaveLength(1);
  await expect(engine.getVolume(nameless[0] ?? '').inspect()).rejects.toMatchObject({ statusCode: 404 });
  expect((await run('grep -q kept /data/f && test ! -e /scratch/f', mounts)).exitCode).toBe(0);
});

it('MF-11: lets a container see an allowed folder of the machine, and write there only if it may', async () => {
  await writeFile(join(allowed, 'f'), 'from the machine');
  const mount = { type: 'bind', path: allowed, target: '/host' } as const;
  const reading = await run('grep -q "from the machine" /host/f && ! touch /host/g', [{ ...mount, readOnly: true }]);
  expect(reading.exitCode).toBe(0);
  expect((await run('touch /host/g', [{ ...mount, readOnly: false }])).exitCode).toBe(0);
});

it('MF-11: refuses what lies elsewhere, also by a symbolic link, and everything where nothing is allowed', async () => {
  const secret = join(folder, 'secret');
  await writeFile(secret, '');
  await symlink(secret, join(allowed, 'link'));
  const at = { target: '/host', readOnly: true };
  for (const path of [secret, join(allowed, 'link'), `${allowed}-2`, '/']) {
    await expect(run('true', [{ ...at, type: 'bind', path }])).rejects.toMatchObject({ code: 'MountFailed' });
  }
  const strict = await open([]);
  await expect(run('true', [{ ...at, type: 'bind', path: allowed }], strict)).rejects.toMatchObject({
    code: 'MountFailed',
    message: expect.stringContaining('--allow-host-path'),
  });
  await strict.close();
});

it("MF-11: never gives away the engine's socket and orch's own folders, by whatever path", async () => {
  const own = join(allowed, 'own');
  const beside = join(allowed, 'beside');
  for (const path of [own, beside]) await mkdir(path);
  await symlink(testSocketPath, join(beside, 'socket'));
  const everything = await open(['/'], [own]);
  const at = { target: '/host', readOnly: true, type: 'bind' } as const;
  for (const path of [testSocketPath, dirname(testSocketPath), join(beside, 'socket'), '/', own, allowed]) {
    await expect(run('true', [{ ...at, path }], everything), path).rejects.toMatchObject({
      code: 'MountFailed',
      message: expect.stringContaining('no task may mount'),
    });
  }
  expect((await run('true', [{ ...at, path: beside }], everything)).exitCode).toBe(0);
  await everything.close();
});

const fileSet = (target: string, path: string, mode: number): FileSet => ({
  target,
  files: [{ path, mode, content: Buffer.from('content') }],
});

it('gives files that root owns, with their permissions, and folders that everybody may enter', async () => {
  const script = [
    'test "$(stat -c "%a %u %g" /etc/shop/a)" = "440 0 0"',
    'test "$(stat -c "%a %u %g" /etc/shop/d)" = "755 0 0"',
    'test "$(stat -c %a /etc/shop/d/b)" = 444',
    'test -d /etc/empty && test -x /bin/sh',
  ].join(' && ');
  const files = [
    fileSet('/etc/shop', 'a', 0o440),
    fileSet('/etc/shop', 'd/b', 0o444),
    { target: '/etc/empty', files: [] },
    fileSet('/bin', 'file', 0o444),
  ];
  expect((await run(script, [], runtime, files)).exitCode).toBe(0);
});

it('puts files into what the image keeps in a volume', async () => {
  const scratch: Mount = { type: 'volume', target: '/scratch', readOnly: false };
  const { exitCode } = await run('cat /scratch/in/a', [scratch], runtime, [fileSet('/scratch/in', 'a', 0o444)]);
  expect(exitCode).toBe(0);
});

it('lets no file take the place of a folder, nor a folder that of a file, and leaves no container', async () => {
  for (const last of [
    fileSet('/shop', 'folder', 0o444),
    fileSet('/bin', 'sh/a', 0o444),
    fileSet('/bin/sh', 'a', 0o444),
  ]) {
    const files = [fileSet('/shop', 'folder/a', 0o444), last];
    await expect(run('true', [], runtime, files), last.target).rejects.toMatchObject({ code: 'StartError' });
  }
  expect(await runtime.listContainers()).toEqual([]);
});
