import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type Docker from 'dockerode';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { noAmounts } from '../../src/model/resources.js';
import type { ContainerRuntime, ContainerSpec, FileSet, Mount } from '../../src/runtime/container-runtime.js';
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
  folder = await realpath(await mkdtemp(join(tmpdir(), 'orch-volumes-')));
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
  // Removing the folder with what is mounted in it would remove that, too.
  expect(await mountsBelow(folder)).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});

async function mountsBelow(path: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table.split('\n').flatMap((line) => ((line.split(' ')[4] ?? '').startsWith(`${path}/`) ? [line] : []));
}

const volumeName = (): string => `orch-test-${clusterUid}-data`;

type RuntimeOptions = Parameters<typeof openDockerRuntime>[0];

function open(
  allowedHostPaths: string[],
  deniedHostPaths: string[] = [],
  more: Partial<RuntimeOptions> = { mountDirectory: join(folder, 'mounts') },
): Promise<ContainerRuntime> {
  return openDockerRuntime({
    socketPath: testSocketPath,
    clusterUid,
    clock: createSystemClock(),
    random: createSystemRandom(),
    logger: silentLogger,
    allowedHostPaths,
    deniedHostPaths,
    ...more,
  });
}

function specOf(script: string, mounts: Mount[], files: FileSet[] = []): ContainerSpec {
  const taskUid = randomUUID();
  return {
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
  };
}

/** Runs a script to its end with these mounts and removes its container. */
async function run(
  script: string,
  mounts: Mount[],
  on = runtime,
  files: FileSet[] = [],
): Promise<{ exitCode: number | undefined; volumes: (string | undefined)[] }> {
  const { id } = await on.createContainer(specOf(script, mounts, files));
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

it('MF-11: gives a container what was judged, whatever lies at the path when it starts, and lets go of it afterwards', async () => {
  const [inner, secret] = [join(allowed, 'inner'), join(folder, 'secret')];
  await mkdir(inner);
  await mkdir(secret);
  await writeFile(join(inner, 'f'), 'judged');
  await writeFile(join(secret, 'f'), 'of somebody else');
  const spec = specOf('grep -q judged /host/f && ! grep -q else /host/f', [
    { type: 'bind', path: inner, target: '/host', readOnly: true },
  ]);
  const { id } = await runtime.createContainer(spec);
  await rename(inner, `${inner}-before`);
  await symlink(secret, inner);
  await runtime.startContainer(id);
  const ended = await waitFor('the script to end', async () => {
    const details = await runtime.inspectContainer(id);
    return details.phase === 'exited' && details;
  });
  expect(ended.exitCode).toBe(0);
  // As after kill -9: another life of the worker finds what is mounted, keeps it while its container is there, and ends it.
  await runtime.close();
  expect(await mountsBelow(folder)).toHaveLength(1);
  runtime = await open([allowed]);
  await runtime.listContainers();
  expect(await mountsBelow(folder)).toHaveLength(1);
  await engine.getContainer(id).remove();
  await runtime.listContainers();
  expect(await mountsBelow(folder)).toEqual([]);
  expect(await readFile(join(`${inner}-before`, 'f'), 'utf8')).toBe('judged');
});

it('MF-11: mounts nothing but allowed folders themselves where paths cannot be held', async () => {
  const inner = join(allowed, 'inner');
  await mkdir(inner);
  const plain = await open([allowed], [], {});
  const at = { type: 'bind', target: '/host', readOnly: true } as const;
  expect((await run('true', [{ ...at, path: allowed }], plain)).exitCode).toBe(0);
  await expect(run('true', [{ ...at, path: inner }], plain)).rejects.toMatchObject({
    code: 'MountFailed',
    message: expect.stringContaining(`--allow-host-path ${inner}`),
  });
  await plain.close();
});

it('gives no task a volume that somebody else made, unless it is allowed', async () => {
  const mounts: Mount[] = [{ type: 'volume', name: volumeName(), target: '/data', readOnly: true }];
  await engine.createVolume({ Name: volumeName() });
  await expect(run('true', mounts)).rejects.toMatchObject({
    code: 'MountFailed',
    message: expect.stringContaining(`--allow-volume ${volumeName()}`),
  });
  const allowing = await open([], [], { allowedVolumes: [volumeName()] });
  expect((await run('true', mounts, allowing)).exitCode).toBe(0);
  await allowing.close();
  await expect(run('true', mounts)).rejects.toMatchObject({ code: 'MountFailed' });
  const known: Mount[] = [{ type: 'volume', name: volumeName(), target: '/data', readOnly: true, isKnown: true }];
  expect((await run('true', known)).exitCode).toBe(0);
});

it("gives no task another one's emptyDir, nor makes a volume of such a name, whatever is allowed", async () => {
  const name = `orch-test-${clusterUid.slice(-12)}`;
  const allowing = await open([], [], { allowedVolumes: [name] });
  await expect(
    run('true', [{ type: 'volume', name, target: '/data', readOnly: true }], allowing),
  ).rejects.toMatchObject({
    code: 'InvalidSpec',
    message: expect.stringContaining('is kept for emptyDirs: choose another name'),
  });
  await expect(engine.getVolume(name).inspect()).rejects.toMatchObject({ statusCode: 404 });
  await allowing.close();
});

it.each(['none', 'tmpfs', 'nfs'])(
  'judges a volume that is a folder of the machine as that folder, as %s too',
  async (type) => {
    const DriverOpts = { type, o: 'bind', device: '/etc' };
    await engine.createVolume({ Name: volumeName(), DriverOpts });
    const mounts: Mount[] = [{ type: 'volume', name: volumeName(), target: '/data', readOnly: true }];
    const allowing = await open([allowed], [], { allowedVolumes: [volumeName()] });
    await expect(run('true', mounts, allowing)).rejects.toMatchObject({
      code: 'MountFailed',
      message: expect.stringContaining('/etc is not in a folder'),
    });
    await allowing.close();
  },
);

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
  const engines = ['/run', '/run/orch', '/run/containerd', '/var/run/docker.sock', '/var/lib/docker', '/var/lib'];
  for (const path of [testSocketPath, dirname(testSocketPath), join(beside, 'socket'), '/', own, allowed, ...engines]) {
    if (!existsSync(path)) continue;
    await expect(run('true', [{ ...at, path }], everything), path).rejects.toMatchObject({
      code: 'MountFailed',
      message: expect.stringContaining('no task may mount'),
    });
  }
  await expect(run('true', [{ ...at, path: '/proc/sys/kernel' }], everything)).rejects.toMatchObject({
    code: 'MountFailed',
    message: expect.stringContaining('must be allowed by its own name'),
  });
  expect((await run('true', [{ ...at, path: beside }], everything)).exitCode).toBe(0);
  await everything.close();
});

const fileSet = (target: string, path: string, mode: number): FileSet => ({
  target,
  files: [{ path, mode, content: Buffer.from('content') }],
});

it('gives files that root owns, with their permissions, and folders that everybody may enter', async () => {
  const script = [
    'test "$(stat -Lc "%a %u %g" /etc/shop/a)" = "440 0 0"',
    'test "$(stat -Lc "%a %u %g" /etc/shop/d)" = "755 0 0"',
    'test "$(stat -Lc %a /etc/shop/d/b)" = 644',
    'test -d /etc/empty && test "$(ls /etc/empty /root)" = "$(printf "/etc/empty:\\n\\n/root:\\nfile")"',
  ].join(' && ');
  const files = [
    { target: '/etc/shop', files: [...fileSet('', 'a', 0o440).files, ...fileSet('', 'd/b', 0o644).files] },
    { target: '/etc/empty', files: [] },
    fileSet('/root', 'file', 0o444),
  ];
  expect((await run(script, [], runtime, files)).exitCode).toBe(0);
});

it('puts files into what the image keeps in a volume', async () => {
  const scratch: Mount = { type: 'volume', target: '/scratch', readOnly: false };
  const { exitCode } = await run('cat /scratch/in/a', [scratch], runtime, [fileSet('/scratch/in', 'a', 0o444)]);
  expect(exitCode).toBe(0);
});

it('puts no folder in the place of a file: the container does not start', async () => {
  const files = [fileSet('/bin/sh', 'a', 0o444)];
  await expect(run('true', [], runtime, files)).rejects.toMatchObject({ code: 'StartError' });
});

it('gives files with a file of the machine among them, and one for a last message', async () => {
  await writeFile(join(allowed, 'f'), 'from the machine');
  const bind: Mount = { type: 'bind', path: join(allowed, 'f'), target: '/etc/shop/conf/f', readOnly: true };
  const script = 'grep -q machine /etc/shop/conf/f && test "$(cat /etc/shop/a)" = content && echo last > /etc/shop/why';
  const spec = {
    ...specOf(script, [bind], [fileSet('/etc/shop', 'a', 0o444)]),
    terminationMessagePath: '/etc/shop/why',
  };
  const { id } = await runtime.createContainer(spec);
  await runtime.startContainer(id);
  await waitFor('the script to end', async () => (await runtime.inspectContainer(id)).phase === 'exited');
  expect((await runtime.inspectContainer(id)).exitCode).toBe(0);
  expect(await runtime.readTerminationMessage(id)).toBe('last\n');
  await runtime.removeContainer(id);
});

it('makes an emptyDir that everybody may write to, and keeps it and its permissions for the next container', async () => {
  const mounts = (isUsed = true): Mount[] => [
    { type: 'emptyDir', name: volumeName(), volume: 'scratch', target: '/etc', readOnly: false, isUsed },
    { type: 'tmpfs', target: '/memory', readOnly: false },
  ];
  const modes = 'test "$(stat -c "%a %u" /etc /memory | tr "\\n" " ")" =';
  const first = `${modes} "777 0 777 0 " && echo kept > /etc/f && chown 1000 /etc && chmod 755 /etc`;
  expect((await run(first, mounts(false))).exitCode).toBe(0);
  expect((await run(`${modes} "755 1000 777 0 " && grep -q kept /etc/f`, mounts())).exitCode).toBe(0);
  await engine.getVolume(volumeName()).remove();
  expect((await run(`${modes} "777 0 777 0 "`, mounts())).exitCode).toBe(0);
});

it('has one emptyDir at two places, and files below and around other mounts, which get none of them', async () => {
  const at = { type: 'emptyDir', name: volumeName(), volume: 'scratch', readOnly: false } as const;
  const mounts: Mount[] = [
    { type: 'volume', target: '/etc/shop/data', readOnly: false },
    { ...at, target: '/spool' },
    { ...at, target: '/again' },
    { type: 'tmpfs', target: '/memory', readOnly: false },
    { type: 'bind', path: allowed, target: '/host', readOnly: false },
  ];
  const places = ['/etc/shop/data/in', '/memory/in', '/spool/in', '/host/in', '/dev/in', '/etc/shop/in', '/etc/shop'];
  const script = [
    ...places.map((place) => `test "$(cat ${place}/a)" = content`),
    'echo x > /spool/f && cp /again/f /etc/shop/data && test "$(stat -c %a /spool /again | tr "\\n" " ")" = "777 777 "',
    'test -d /again/in && test -z "$(ls -A /again/in)"',
  ].join(' && ');
  const files = places.map((place) => fileSet(place, 'a', 0o444));
  expect((await run(script, mounts, runtime, files)).exitCode).toBe(0);
  expect(await readdir(join(allowed, 'in'))).toEqual([]);
});
