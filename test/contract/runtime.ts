import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type {
  ContainerDetails,
  ContainerRuntime,
  ContainerSpec,
  FileSet,
  LogOptions,
  Mount,
  RuntimeError,
} from '../../src/runtime/container-runtime.js';
import { maxExecOutputBytes } from '../../src/runtime/container-runtime.js';
import { noAmounts } from '../../src/model/resources.js';
import { waitFor } from '../support/wait-for.js';

/** One machine, for the length of the suite. */
export interface RuntimeHarness {
  /** A view of one cluster on the machine. */
  open(clusterUid: string): Promise<ContainerRuntime>;
  /** As `docker pause` does. */
  pause(id: string): Promise<void>;
  /** As `docker rename` does. */
  rename(id: string, name: string): Promise<void>;
  /** A port of the machine that nothing uses. */
  freePort(): Promise<number>;
  removeAll(clusterUid: string): Promise<void>;
  close(): Promise<void>;
}

const never = 'a'.repeat(64);
/** Ends at once and cleanly on the stop signal. */
const obedient = ['sh', '-c', 'trap "exit 0" TERM; echo ready; while true; do sleep 1 & wait $!; done'];

/** What every adapter of the runtime contract does, seen through the contract only. */
export function describeRuntimeContract(name: string, openHarness: () => Promise<RuntimeHarness>): void {
  describe(`runtime contract: ${name}`, () => {
    let harness: RuntimeHarness;
    let runtime: ContainerRuntime;
    let clusterUid: string;
    let made = 0;

    beforeAll(async () => {
      harness = await openHarness();
    });
    afterAll(() => harness.close());
    beforeEach(async () => {
      clusterUid = randomUUID();
      runtime = await harness.open(clusterUid);
    });
    afterEach(async () => {
      await runtime.close();
      await harness.removeAll(clusterUid);
    });

    const spec = (command: readonly string[], more: Partial<ContainerSpec> = {}): ContainerSpec => {
      const number = ++made;
      const taskUid = randomUUID();
      return {
        name: `orch-contract-${number}-${taskUid.slice(0, 8)}`,
        identity: {
          taskUid,
          attempt: number,
          specHash: createHash('sha256').update(command.join(' ')).digest('hex').slice(0, 16),
          taskKey: `default/contract-${number}`,
        },
        image: 'busybox:latest',
        command,
        env: [],
        ports: [],
        hostNetwork: true,
        limits: noAmounts,
        ...more,
      };
    };
    const create = async (command: readonly string[], more: Partial<ContainerSpec> = {}): Promise<string> =>
      (await runtime.createContainer(spec(command, more))).id;
    const run = async (command: readonly string[], more: Partial<ContainerSpec> = {}): Promise<string> => {
      const id = await create(command, more);
      await runtime.startContainer(id);
      return id;
    };
    const exited = (id: string): Promise<ContainerDetails> =>
      waitFor('the container to exit', async () => {
        const details = await runtime.inspectContainer(id);
        return details.phase === 'exited' && details;
      });
    const readLogs = async (
      id: string,
      options: Partial<LogOptions> = {},
    ): Promise<{ stdout: string; stderr: string }> => {
      const stream = await runtime.openLogs(id, { follow: false, timestamps: false, ...options });
      const text = { stdout: '', stderr: '' };
      stream.onOutput((channel, data) => void (text[channel] += Buffer.from(data).toString()));
      await stream.finished;
      return text;
    };

    it('puts files into a container before it starts, in folders that are there or not', async () => {
      const file = (path: string, text: string, mode = 0o444): { path: string; mode: number; content: Uint8Array } => ({
        path,
        mode,
        content: Buffer.from(text),
      });
      const large = 'x'.repeat(2 ** 20);
      const id = await run(['sh', '-c', 'cat /etc/shop/color; sleep 600'], {
        files: [
          { target: '/etc/shop', files: [file('color', 'blue\n'), file('conf.d/deep/app.conf', 'a=b\n')] },
          { target: '/srv/in', files: [file('.hidden', 'in a folder of its own\n', 0o400)] },
          { target: '/large', files: [file('data', large)] },
        ],
      });
      await waitFor('its output', async () => (await readLogs(id)).stdout === 'blue\n');
      const read = async (path: string): Promise<string> => (await runtime.exec(id, ['cat', path], 10_000)).output;
      expect(await read('/etc/shop/conf.d/deep/app.conf')).toBe('a=b\n');
      expect(await read('/srv/in/.hidden')).toBe('in a folder of its own\n');
      expect(await read('/large/data')).toBe(large.slice(0, maxExecOutputBytes));
      expect((await runtime.exec(id, ['cat', '/etc/shop/none'], 10_000)).exitCode).toBe(1);
    });

    it('refuses files that would leave their place, and makes no container', async () => {
      for (const [target, path] of [
        ['/etc/shop', '../passwd'],
        ['/etc/shop', '/etc/passwd'],
        ['/etc/../shop', 'a'],
        ['etc', 'a'],
        ['/', 'a//b'],
        ['/etc/shop', '..data'],
      ] as const) {
        const files = [{ target, files: [{ path, mode: 0o444, content: Buffer.from('x') }] }];
        await expect(create(['true'], { files }), `${target} ${path}`).rejects.toMatchObject({ code: 'InvalidSpec' });
      }
      expect(await runtime.listContainers()).toEqual([]);
    });

    it('changes the files of a running container, each set at once', async () => {
      const content = (text: string): { mode: number; content: Uint8Array } => ({
        mode: 0o444,
        content: Buffer.from(text),
      });
      const set = (target: string, texts: Record<string, string>): FileSet => ({
        target,
        files: Object.entries(texts).map(([path, text]) => ({ path, ...content(text) })),
      });
      const files = [set('/etc/shop', { 'd/a': 'a1', b: 'b1' }), set('/etc/other', { c: 'c1' })];
      const id = await run(['sleep', '1000'], { files });
      const read = async (path: string): Promise<string | number> => {
        const { exitCode, output } = await runtime.exec(id, ['cat', path], 10_000);
        return exitCode === 0 ? output : exitCode;
      };
      for (const round of [2, 3, 4]) {
        const more: Record<string, string> = round === 2 ? { e: 'e2' } : {};
        const sets = [set('/etc/shop', { 'd/a': `a${round}`, ...more }), set('/none', { x: 'x' })];
        await runtime.updateFiles(id, sets);
        expect([await read('/etc/shop/d/a'), await read('/etc/shop/b')]).toEqual([`a${round}`, 1]);
        expect([await read('/etc/shop/e'), await read('/etc/other/c')]).toEqual([round === 2 ? 'e2' : 1, 'c1']);
        expect(await read('/none/x')).toBe(1);
        const { output } = await runtime.exec(id, ['ls', '/etc/shop'], 10_000);
        expect(output).toBe(round === 2 ? 'd\ne\n' : 'd\n');
        expect((await runtime.inspectContainer(id)).phase).toBe('running');
      }
      await runtime.stopContainer(id, 0);
      await expect(runtime.updateFiles(id, files)).rejects.toMatchObject({ code: 'NotRunning' });
    });

    it('lets no program write among its files, also while they follow changes, nor where a mount is for reading only', async () => {
      const emptyDir = (target: string, readOnly = false): Mount => {
        const volume = target.slice(1).replace(/\//g, '-');
        return { type: 'emptyDir', name: `orch-contract-${clusterUid}-${volume}`, volume, target, readOnly };
      };
      const set = (target: string, text: string): FileSet => ({
        target,
        files: [{ path: 'a', mode: 0o666, content: Buffer.from(text) }],
      });
      const mounts = [emptyDir('/etc/shop/data'), emptyDir('/spool'), emptyDir('/look', true)];
      const sets = (text: string): FileSet[] =>
        ['/etc/shop', '/spool/keys', '/etc/shop/in/deep'].map((target) => set(target, text));
      const id = await run(['sleep', '1000'], { mounts, files: sets('old') });
      const touch = async (path: string): Promise<string> => {
        const { exitCode, output } = await runtime.exec(id, ['touch', path], 10_000);
        return exitCode === 0 ? 'written' : output.replace(/^touch: /, '');
      };
      const refused = ['/etc/shop/a', '/etc/shop/new', '/spool/keys/a', '/etc/shop/in/deep/new', '/look/new'];
      for (const text of ['old', 'new']) {
        if (text === 'new') await runtime.updateFiles(id, sets(text));
        for (const path of refused) expect(await touch(path)).toBe(`${path}: Read-only file system\n`);
        for (const path of ['/etc/shop/data/new', '/spool/new', '/tmp']) expect(await touch(path)).toBe('written');
        for (const { target } of sets('')) {
          expect((await runtime.exec(id, ['cat', `${target}/a`], 10_000)).output).toBe(text);
        }
      }
      await runtime.removeContainer(id, { force: true });
      for (const mount of mounts) if (mount.type === 'emptyDir') await runtime.removeVolume(mount.name);
    });

    it('shows one version of a file at any moment, whole, while it is changed', async () => {
      const text = (version: number): string => `version ${version}\n`.repeat(500);
      const sets = (version: number): FileSet[] => [
        {
          target: '/etc/shop',
          files: [{ path: 'a', mode: 0o444, content: Buffer.from(text(version)) }],
        },
      ];
      const id = await run(['sleep', '1000'], { files: sets(0) });
      const versions = Array.from({ length: 6 }, (_none, version) => version);
      let changing = true;
      const seen: unknown[] = [];
      const reading = Promise.all(
        [1, 2].map(async () => {
          while (changing) {
            const { exitCode, output } = await runtime.exec(id, ['cat', '/etc/shop/a'], 10_000);
            const version = versions.find((one) => text(one) === output);
            seen.push(exitCode === 0 && version !== undefined ? version : { exitCode, output });
          }
        }),
      );
      for (const version of versions.slice(1)) await runtime.updateFiles(id, sets(version));
      changing = false;
      await reading;
      expect(seen.filter((one) => typeof one !== 'number')).toEqual([]);
      expect((await runtime.exec(id, ['cat', '/etc/shop/a'], 10_000)).output).toBe(text(5));
    });

    it('tells what a program left for people at its end', async () => {
      const path = '/dev/termination-log';
      const messageOf = async (script: string, more: Partial<ContainerSpec> = {}): Promise<string> => {
        const id = await run(['sh', '-c', script], more);
        await exited(id);
        const message = await runtime.readTerminationMessage(id);
        await runtime.removeContainer(id);
        return message;
      };
      expect(await messageOf(`echo out of luck > ${path}; exit 3`, { terminationMessagePath: path })).toBe(
        'out of luck\n',
      );
      const long = 'x'.repeat(5000);
      const custom = { terminationMessagePath: '/var/why', env: [{ name: 'LONG', value: long }] };
      expect(await messageOf('echo $LONG > /var/why', custom)).toBe(`${long}\n`.slice(-4096));
      expect(await messageOf('true', { terminationMessagePath: path })).toBe('');
      expect(await messageOf(`echo lost > ${path}`)).toBe('');
      await expect(runtime.readTerminationMessage(never)).rejects.toMatchObject({ code: 'NotFound' });
    });

    it('keeps volumes of tasks until they are removed, and tells whose they are', async () => {
      const name = `orch-contract-${randomUUID()}`;
      const mounts = [{ type: 'emptyDir' as const, name, volume: 'scratch', target: '/scratch', readOnly: false }];
      const wanted = spec(['sleep', '1000'], { mounts });
      const { id } = await runtime.createContainer(wanted);
      const { taskUid, taskKey } = wanted.identity;
      const volume = { name, taskUid, taskKey, volume: 'scratch' };
      expect(await runtime.listVolumes()).toEqual([volume]);
      await expect(runtime.removeVolume(name)).rejects.toMatchObject({ code: 'StillRunning' });
      await runtime.removeContainer(id);
      const stranger = await harness.open(randomUUID());
      expect(await stranger.listVolumes()).toEqual([]);
      await stranger.removeVolume(name);
      await stranger.close();
      expect(await runtime.listVolumes()).toEqual([volume]);
      await runtime.removeVolume(name);
      await runtime.removeVolume(name);
      expect(await runtime.listVolumes()).toEqual([]);
    });

    it('tells the machine', async () => {
      const info = await runtime.info();
      expect(info.version).toMatch(/^\w+:\/\/\d+/);
      expect(info.operatingSystem).toBe('linux');
      expect(info.architecture).toMatch(/^(amd64|arm64)$/);
      expect(info.bootId).not.toBe('');
      expect(info.capacity.cpuMillicores).toBeGreaterThanOrEqual(1000);
      expect(info.capacity.memoryBytes).toBeGreaterThan(100 * 2 ** 20);
      expect(info.capacity.diskBytes).toBeGreaterThan(100 * 2 ** 20);
      await runtime.ping();
    });

    it('DK-10: creates, starts, lists, inspects, stops and removes; each of them twice is the same as once', async () => {
      const wanted = spec(obedient);
      const { id } = await runtime.createContainer(wanted);
      const summary = { id, name: wanted.name, identity: wanted.identity };
      expect(await runtime.listContainers()).toEqual([{ ...summary, phase: 'created' }]);
      const created = await runtime.inspectContainer(id);
      expect(created).toMatchObject({ ...summary, phase: 'created', oomKilled: false, ports: [] });
      expect(created.exitCode).toBeUndefined();
      expect(created.startedAt).toBeUndefined();

      await runtime.startContainer(id);
      const started = await runtime.inspectContainer(id);
      expect(started.phase).toBe('running');
      expect(Date.parse(started.startedAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
      expect([started.exitCode, started.finishedAt, started.error]).toEqual([undefined, undefined, undefined]);
      await runtime.startContainer(id);
      expect((await runtime.inspectContainer(id)).startedAt).toBe(started.startedAt);
      expect(await runtime.inspectContainer(wanted.name)).toMatchObject({ id });

      await expect(runtime.removeContainer(id)).rejects.toMatchObject({ code: 'StillRunning' });
      await waitFor('the shell to have set its trap', async () => (await readLogs(id)).stdout === 'ready\n');
      await runtime.stopContainer(id, 20);
      await runtime.stopContainer(id, 20);
      const stopped = await runtime.inspectContainer(id);
      expect(stopped).toMatchObject({ phase: 'exited', exitCode: 0 });
      expect(Date.parse(stopped.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(started.startedAt ?? '') - 1000);

      await runtime.removeContainer(id);
      await runtime.removeContainer(id);
      await runtime.stopContainer(id, 1);
      expect(await runtime.listContainers()).toEqual([]);
      await expect(runtime.inspectContainer(id)).rejects.toMatchObject({ code: 'NotFound' });
      await expect(runtime.startContainer(id)).rejects.toMatchObject({ code: 'NotFound' });
    });

    it('LC-05: kills what ignores the stop signal once the grace period is over', async () => {
      const id = await run(['sleep', '1000']);
      await runtime.stopContainer(id, 1);
      expect(await runtime.inspectContainer(id)).toMatchObject({ phase: 'exited', exitCode: 137, oomKilled: false });
    });

    it('tells exit codes, keeps the output of both channels, and starts an ended container again', async () => {
      const id = await run(['sh', '-c', 'echo out $WORD; echo err >&2; exit 7'], {
        env: [{ name: 'WORD', value: 'möbel' }],
      });
      const first = await exited(id);
      expect(first.exitCode).toBe(7);
      expect(await readLogs(id)).toEqual({ stdout: 'out möbel\n', stderr: 'err\n' });
      await runtime.startContainer(id);
      await exited(id);
      expect(await readLogs(id, { follow: true })).toEqual({ stdout: 'out möbel\nout möbel\n', stderr: 'err\nerr\n' });
      expect((await readLogs(id, { tailLines: 1 })).stdout.length).toBeLessThanOrEqual('out möbel\n'.length);
      expect(await readLogs(id, { since: new Date(Date.now() + 3_600_000).toISOString() })).toEqual({
        stdout: '',
        stderr: '',
      });
      expect((await readLogs(id, { timestamps: true })).stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z out möbel\n/);
    });

    it('follows output until the container ends, and no longer than the reader wants', async () => {
      const id = await run(['sh', '-c', 'echo first; read x; echo never']);
      const ended = await run(['sh', '-c', 'echo one; sleep 1; echo two']);
      const stream = await runtime.openLogs(ended, { follow: true, timestamps: false });
      let text = '';
      stream.onOutput((_channel, data) => void (text += Buffer.from(data).toString()));
      await stream.finished;
      expect(text).toBe('one\ntwo\n');
      expect((await exited(ended)).exitCode).toBe(0);
      expect((await exited(id)).exitCode).toBe(0);

      const endless = await run(['sh', '-c', 'echo tick; sleep 1000']);
      const other = await runtime.openLogs(endless, { follow: true, timestamps: false });
      await new Promise<void>((resolve) => other.onOutput(() => resolve()));
      other.close();
      await other.finished;
    });

    it('DK-08: says which program is missing; the container stays created with the reason', async () => {
      const id = await create(['/nope']);
      await expect(runtime.startContainer(id)).rejects.toMatchObject({
        code: 'StartError',
        message: expect.stringContaining('/nope'),
      });
      const details = await runtime.inspectContainer(id);
      expect(details).toMatchObject({
        phase: 'created',
        exitCode: 127,
        error: expect.stringContaining('no such file'),
      });
      await runtime.removeContainer(id);
    });

    it('DK-13: tells a busy port from other errors, and starts once it is free', async () => {
      const hostPort = await harness.freePort();
      const ports = [{ containerPort: 8080, protocol: 'TCP' as const, hostPort }];
      const holder = await run(obedient, { hostNetwork: false, ports });
      expect((await runtime.inspectContainer(holder)).ports).toEqual([
        expect.objectContaining({ containerPort: 8080, hostPort, protocol: 'TCP' }),
      ]);
      const waiting = await create(obedient, { hostNetwork: false, ports });
      await expect(runtime.startContainer(waiting)).rejects.toMatchObject({ code: 'PortConflict' });
      expect(await runtime.inspectContainer(waiting)).toMatchObject({ phase: 'created', exitCode: 128 });
      await runtime.removeContainer(holder, { force: true });
      await runtime.startContainer(waiting);
      expect((await runtime.inspectContainer(waiting)).phase).toBe('running');
    });

    it('counts the lines of output, however long, from its end', async () => {
      const long = 'x'.repeat(50_000);
      const script = 'echo first; echo $LONG; echo a; echo b';
      const id = await run(['sh', '-c', `${script}; sleep 1000`], { env: [{ name: 'LONG', value: long }] });
      const lines = ['first', long, 'a', 'b'].map((line) => `${line}\n`);
      await waitFor('the output', async () => (await readLogs(id)).stdout === lines.join(''));
      for (const tailLines of [0, 1, 2, 3, 4, 5]) {
        const { stdout } = await readLogs(id, { tailLines });
        expect(stdout === lines.slice(Math.max(0, 4 - tailLines)).join(''), `${tailLines} lines`).toBe(true);
      }
      const stream = await runtime.openLogs(id, { follow: true, timestamps: false, tailLines: 3 });
      let followed = '';
      stream.onOutput((_channel, data) => void (followed += Buffer.from(data).toString()));
      await waitFor('the last lines', () => followed === lines.slice(1).join(''));
      stream.close();
    });

    it('calls a container as it is told to', async () => {
      const id = await run(['sleep', '1000'], { hostNetwork: false, hostname: 'web-0' });
      expect(await runtime.exec(id, ['hostname'], 10_000)).toEqual({ exitCode: 0, output: 'web-0\n' });
    });

    it('lets the machine choose a port, and gives the address for probes', async () => {
      const ports = [
        { containerPort: 8080, protocol: 'TCP' as const, hostPort: 0 },
        { containerPort: 9090, protocol: 'TCP' as const },
      ];
      const id = await run(obedient, { hostNetwork: false, ports });
      const details = await runtime.inspectContainer(id);
      expect(details.ports).toEqual([expect.objectContaining({ containerPort: 8080, hostPort: expect.any(Number) })]);
      expect(details.ports[0]?.hostPort).toBeGreaterThan(1024);
      expect(details.ipAddress).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    });

    it.each<[string, Partial<ContainerSpec>]>([
      ['too little memory', { limits: { ...noAmounts, memoryBytes: 1024 } }],
      ['a variable without a name', { env: [{ name: '', value: 'x' }] }],
      ['a bad container name', { name: 'a b' }],
      ['a working folder that is not absolute', { workingDir: 'relative' }],
      ['an unknown stop signal', { stopSignal: 'SIGNONSENSE' }],
    ])('%s is an invalid spec, not something to try again', async (_what, wrong) => {
      await expect(runtime.createContainer(spec(['true'], wrong))).rejects.toMatchObject({ code: 'InvalidSpec' });
      expect(await runtime.listContainers()).toEqual([]);
    });

    it.each([
      ['no image', { image: '' }],
      ['a bad image reference', { image: 'UPPER/case' }],
    ])('%s is told as such', async (_what, wrong) => {
      await expect(runtime.createContainer(spec(['true'], wrong))).rejects.toMatchObject({ code: 'InvalidImageName' });
      expect(await runtime.listContainers()).toEqual([]);
    });

    it('DK-09: refuses a name that is taken, and says whose it is', async () => {
      const wanted = spec(['true']);
      const { id } = await runtime.createContainer(wanted);
      await expect(runtime.createContainer(wanted)).rejects.toMatchObject({
        code: 'NameConflict',
        details: { holderId: id, holderIsOurs: true },
      });
      const otherUid = randomUUID();
      const other = await harness.open(otherUid);
      try {
        await expect(other.createContainer(wanted)).rejects.toMatchObject({
          code: 'NameConflict',
          details: { holderId: id, holderIsOurs: false },
        });
      } finally {
        await other.close();
        await harness.removeAll(otherUid);
      }
    });

    it('DK-09: of five creations of one name exactly one wins', async () => {
      const wanted = spec(['true']);
      const results = await Promise.allSettled(Array.from({ length: 5 }, () => runtime.createContainer(wanted)));
      const codes = results.map((result) =>
        result.status === 'fulfilled' ? 'made' : (result.reason as RuntimeError).code,
      );
      expect(codes.sort()).toEqual(['NameConflict', 'NameConflict', 'NameConflict', 'NameConflict', 'made']);
      expect(await runtime.listContainers()).toHaveLength(1);
    });

    it('DK-29: does not see or touch containers of another cluster', async () => {
      const id = await run(['sleep', '1000']);
      const otherUid = randomUUID();
      const other = await harness.open(otherUid);
      try {
        expect(await other.listContainers()).toEqual([]);
        const notFound = expect.objectContaining({ code: 'NotFound' });
        await expect(other.inspectContainer(id)).rejects.toEqual(notFound);
        await expect(other.startContainer(id)).rejects.toEqual(notFound);
        await expect(other.exec(id, ['true'], 5000)).rejects.toEqual(notFound);
        await expect(other.openExec(id, { command: ['true'], stdin: false, tty: false })).rejects.toEqual(notFound);
        await expect(other.openLogs(id, { follow: false, timestamps: false })).rejects.toEqual(notFound);
        await expect(other.openAttach(id, { stdin: false })).rejects.toEqual(notFound);
        await expect(other.connectPort(id, 80)).rejects.toEqual(notFound);
        await expect(other.readStats(id)).rejects.toEqual(notFound);
        await other.stopContainer(id, 0);
        await other.removeContainer(id, { force: true });
        expect((await runtime.inspectContainer(id)).phase).toBe('running');
      } finally {
        await other.close();
        await harness.removeAll(otherUid);
      }
    });

    it('DK-19: says that there is no such container, for every kind of id', async () => {
      for (const id of [never, 'no-such-name', '../volumes/x', '', 'a b', '%2e%2e', 'x?force=1']) {
        await expect(runtime.inspectContainer(id)).rejects.toMatchObject({ code: 'NotFound' });
        await expect(runtime.startContainer(id)).rejects.toMatchObject({ code: 'NotFound' });
        await runtime.stopContainer(id, 1);
        await runtime.removeContainer(id, { force: true });
      }
    });

    it('DK-10: removes a running container by force, also when several ask at once', async () => {
      const id = await run(['sleep', '1000']);
      await Promise.all([1, 2, 3].map(() => runtime.removeContainer(id, { force: true })));
      expect(await runtime.listContainers()).toEqual([]);
    });

    it('has images or says why not', async () => {
      await runtime.ensureImage('busybox:latest', 'IfNotPresent');
      await runtime.ensureImage('busybox', 'Never');
      await expect(runtime.ensureImage('missing/image:1', 'Never')).rejects.toMatchObject({ code: 'ImageNotFound' });
      await expect(runtime.createContainer(spec(['true'], { image: 'missing/image:1' }))).rejects.toMatchObject({
        code: 'ImageNotFound',
      });
    });

    it('runs commands beside the process and tells their exit codes', async () => {
      const id = await run(['sleep', '1000']);
      expect(await runtime.exec(id, ['echo', 'hello'], 10_000)).toEqual({ exitCode: 0, output: 'hello\n' });
      expect(await runtime.exec(id, ['sh', '-c', 'echo a; echo b >&2; exit 3'], 10_000)).toMatchObject({ exitCode: 3 });
      const missing = await runtime.exec(id, ['/nope'], 10_000);
      expect([126, 127]).toContain(missing.exitCode);
      expect(missing.output).toContain('no such file');
      await expect(runtime.exec(id, ['sleep', '100'], 500)).rejects.toMatchObject({ code: 'Timeout' });
      await harness.pause(id);
      expect((await runtime.inspectContainer(id)).phase).toBe('paused');
      await expect(runtime.exec(id, ['true'], 10_000)).rejects.toMatchObject({ code: 'NotRunning' });
      await runtime.startContainer(id);
      expect((await runtime.inspectContainer(id)).phase).toBe('running');
      await runtime.stopContainer(id, 0);
      await expect(runtime.exec(id, ['true'], 10_000)).rejects.toMatchObject({ code: 'NotRunning' });
    });

    it('gives an interactive command its input, its window and its end', async () => {
      const id = await run(['sleep', '1000']);
      const cat = await runtime.openExec(id, { command: ['cat'], stdin: true, tty: false });
      let text = '';
      cat.onOutput((_channel, data) => void (text += Buffer.from(data).toString()));
      await cat.write(Buffer.from('over '));
      await cat.write(Buffer.from('and out'));
      await waitFor('the echo', () => text === 'over and out');
      cat.end();
      expect(await cat.finished).toBe(0);

      const script = 'while read x; do stty size; done; exit 5';
      const shell = await runtime.openExec(id, { command: ['sh', '-c', script], stdin: true, tty: true });
      let screen = '';
      shell.onOutput((_channel, data) => void (screen += Buffer.from(data).toString()));
      shell.resize(132, 43);
      await waitFor('the resize to reach the terminal', async () => {
        await shell.write(Buffer.from('\n'));
        return screen.includes('43 132');
      });
      await shell.write(Buffer.from('\x04'));
      expect(await shell.finished).toBe(5);
    });

    it('joins the process of a container: its output from now on, its input, and the end of both', async () => {
      const script = 'while read x; do echo got $x; echo bad >&2; done; echo over';
      const id = await run(['sh', '-c', script], { stdin: true, stdinOnce: true });
      const session = await runtime.openAttach(id, { stdin: true });
      const text = { stdout: '', stderr: '' };
      session.onOutput((channel, data) => void (text[channel] += Buffer.from(data).toString()));
      await session.write(Buffer.from('one\n'));
      await waitFor('the answers', () => text.stdout.startsWith('got') && text.stderr === 'bad\n');
      session.end();
      expect(await session.finished).toBeUndefined();
      expect(text.stdout).toMatch(/^got .*\nover\n$/);
      expect((await exited(id)).exitCode).toBe(0);
      expect((await readLogs(id)).stdout).toBe(text.stdout);
    });

    it('joins a container before its start, so that nothing of its output is missed, and its input alone', async () => {
      const command = ['sh', '-c', 'echo early; cat'];
      const id = await create(command, { stdin: true, stdinOnce: true });
      const output = await runtime.openAttach(id, { stdin: false });
      await runtime.startContainer(id);
      let text = '';
      output.onOutput((_channel, data) => void (text += Buffer.from(data).toString()));
      await waitFor('the first line', () => text === 'early\n');
      const input = await runtime.openAttach(id, { stdin: true, output: false });
      let echo = '';
      input.onOutput((_channel, data) => void (echo += Buffer.from(data).toString()));
      await input.write(Buffer.from('word\n'));
      await waitFor('the word', () => text === 'early\nword\n');
      input.end();
      await output.finished;
      expect((await exited(id)).exitCode).toBe(0);
      expect(echo).toBe('');
    });

    it('lets go of a container without ending it, and refuses one that does not run', async () => {
      const id = await run(['sleep', '1000']);
      const session = await runtime.openAttach(id, { stdin: false });
      session.onOutput(() => undefined);
      session.close();
      await session.finished;
      expect((await runtime.inspectContainer(id)).phase).toBe('running');
      await runtime.stopContainer(id, 0);
      await expect(runtime.openAttach(id, { stdin: false })).rejects.toMatchObject({ code: 'NotRunning' });
      await expect(runtime.connectPort(id, 80)).rejects.toMatchObject({ code: 'NotRunning' });
    });

    it('gives a container a terminal, with its size, and reads what it wrote line by line', async () => {
      const id = await run(['sh', '-c', 'while read x; do stty size; done; exit 5'], { stdin: true, tty: true });
      const session = await runtime.openAttach(id, { stdin: true });
      let screen = '';
      session.onOutput((channel, data) => void (screen += channel === 'stdout' ? Buffer.from(data).toString() : '!'));
      session.resize(132, 43);
      await waitFor('the resize to reach the terminal', async () => {
        await session.write(Buffer.from('\n'));
        return screen.includes('43 132');
      });
      await session.write(Buffer.from('\x04'));
      await session.finished;
      expect((await exited(id)).exitCode).toBe(5);
      const stamped = (await readLogs(id, { follow: true, timestamps: true })).stdout.trimEnd().split('\n');
      expect(stamped.filter((line) => line.includes('43 132')).length).toBeGreaterThan(0);
      expect(stamped.every((line) => /^\d{4}-\d\d-\d\dT[\d:.]+Z /.test(line))).toBe(true);
      expect((await readLogs(id, { follow: true })).stdout).not.toMatch(/\d{4}-\d\d-\d\dT/);
    });

    it('reaches a port inside a container, many bytes both ways, and says when nothing listens', async () => {
      const id = await run(['nc', '-ll', '-p', '8080', '-e', 'cat'], { hostNetwork: false });
      const connection = await waitFor('the port to be open', () => runtime.connectPort(id, 8080));
      const received: Uint8Array[] = [];
      connection.onOutput((_channel, data) => void received.push(data));
      const sent = randomBytes(1024 * 1024);
      for (let start = 0; start < sent.length; start += 65_536) {
        await connection.write(sent.subarray(start, start + 65_536));
      }
      connection.end();
      await connection.finished;
      expect(Buffer.concat(received).equals(sent)).toBe(true);
      await expect(runtime.connectPort(id, 8081)).rejects.toMatchObject({ code: 'Unavailable' });
    });

    it('tells of a command that did not end in time whether it goes on', async () => {
      const id = await run(['sleep', '1000']);
      const refusal: RuntimeError = await runtime.exec(id, ['sleep', '3'], 500).then(
        () => expect.unreachable('it ended in time'),
        (error: RuntimeError) => error,
      );
      expect(refusal.code).toBe('Timeout');
      await waitFor('the command to be over', async () => !(await refusal.details.stillRuns?.()));
    });

    it('ends a command with its container', async () => {
      const id = await run(['sleep', '1000']);
      const session = await runtime.openExec(id, { command: ['sleep', '1000'], stdin: false, tty: false });
      session.onOutput(() => undefined);
      await runtime.removeContainer(id, { force: true });
      expect(await session.finished).not.toBe(0);
    });

    it(`keeps ${maxExecOutputBytes} bytes of a command's output`, async () => {
      const id = await run(['sleep', '1000']);
      const text = 'x'.repeat(maxExecOutputBytes + 500);
      const { output, exitCode } = await runtime.exec(id, ['echo', text], 10_000);
      expect([output.length, exitCode]).toEqual([maxExecOutputBytes, 0]);
    });

    it('reads what a container uses, and nothing of one that does not run', async () => {
      const id = await run(['sleep', '1000']);
      const stats = await runtime.readStats(id);
      expect(stats?.memoryBytes).toBeGreaterThan(0);
      expect(stats?.cpuMillicores).toBeLessThan(1000);
      expect((await runtime.readStats(id))?.memoryBytes).toBeGreaterThan(0);
      await runtime.stopContainer(id, 0);
      expect(await runtime.readStats(id)).toBeUndefined();
    });

    it('hints at changes of its own containers', async () => {
      const hints: { containerId?: string }[] = [];
      const watch = runtime.watchHints((hint) => hints.push(hint));
      await waitFor('the watch to be connected', () => hints.length === 1 && hints[0]?.containerId === undefined);
      const id = await run(['true']);
      await waitFor('hints', () => hints.filter((hint) => hint.containerId === id).length >= 3);
      expect(hints.slice(1).every((hint) => hint.containerId === id)).toBe(true);
      watch.close();
      const count = hints.length;
      await runtime.removeContainer(id, { force: true });
      await runtime.listContainers();
      expect(hints).toHaveLength(count);
    });

    it('keeps its identity under another name', async () => {
      const wanted = spec(['sleep', '1000']);
      const { id } = await runtime.createContainer(wanted);
      await harness.rename(id, `${wanted.name}-renamed`);
      expect(await runtime.listContainers()).toEqual([
        { id, name: `${wanted.name}-renamed`, identity: wanted.identity, phase: 'created' },
      ]);
    });

    it('leaves containers running when it is closed, and another one finds them', async () => {
      const id = await run(['sleep', '1000']);
      await runtime.close();
      await expect(runtime.listContainers()).rejects.toMatchObject({ code: 'Unavailable' });
      runtime = await harness.open(clusterUid);
      expect(await runtime.listContainers()).toEqual([expect.objectContaining({ id, phase: 'running' })]);
    });
  });
}
