import { beforeEach, describe, expect, it } from 'vitest';
import { noAmounts } from '../../../src/model/resources.js';
import type { ContainerSpec } from '../../../src/runtime/container-runtime.js';
import { RuntimeError } from '../../../src/runtime/container-runtime.js';
import { programOf } from '../../../src/runtime/simulated/command-language.js';
import type { SimulatedRuntime } from '../../../src/runtime/simulated/simulated-runtime.js';
import { openSimulatedRuntime } from '../../../src/runtime/simulated/simulated-runtime.js';
import { createSystemRandom } from '../../../src/support/random.js';
import { ManualClock, settle } from '../../support/manual-clock.js';

let clock: ManualClock;
let runtime: SimulatedRuntime;
let made = 0;

beforeEach(() => {
  clock = new ManualClock();
  runtime = openSimulatedRuntime({ clusterUid: 'cluster', clock, random: createSystemRandom() });
});

function spec(command: string[], more: Partial<ContainerSpec> = {}): ContainerSpec {
  const identity = { taskUid: `task-${++made}`, attempt: 1, specHash: 'hash', taskKey: 'default/web' };
  return {
    name: `web-${made}`,
    identity,
    image: 'busybox',
    command,
    env: [],
    ports: [],
    hostNetwork: false,
    limits: noAmounts,
    ...more,
  };
}

async function run(command: string[], more: Partial<ContainerSpec> = {}): Promise<string> {
  const { id } = await runtime.createContainer(spec(command, more));
  await runtime.startContainer(id);
  return id;
}

describe('commands', () => {
  it.each<[string[], number, number]>([
    [['true'], 0, 0],
    [['false'], 0, 1],
    [['sleep', '30'], 30, 0],
    [['sh', '-c', 'sleep 5; exit 7'], 5, 7],
    [['sh', '-c', 'false && sleep 5'], 0, 1],
    [['/bin/sh', '-c', 'sleep 1\nsleep 2'], 3, 0],
    [['sh', '-c', 'kill -9 $$'], 0, 137],
  ])('%j runs %i s and exits with %i', async (command, seconds, exitCode) => {
    const id = await run(command);
    if (seconds > 0) {
      await clock.advance(seconds * 1000 - 1);
      expect((await runtime.inspectContainer(id)).phase).toBe('running');
      await clock.advance(1);
    }
    expect(await runtime.inspectContainer(id)).toMatchObject({ phase: 'exited', exitCode });
  });

  it.each<[string[]]>([
    [['httpd', '-f', '-p', '8080']],
    [[]],
    [['sleep', 'infinity']],
    [['sh', '-c', 'while true; do :; done']],
  ])('%j runs for ever', async (command) => {
    const id = await run(command);
    await clock.advance(600_000);
    expect((await runtime.inspectContainer(id)).phase).toBe('running');
  });

  it('replaces variables, except within single quotes', () => {
    const { steps } = programOf(['sh', '-c', `echo "$A \${B}" '$A'`], { A: 'x', B: 'y' });
    expect(steps[0]).toMatchObject({ text: 'x y $A\n' });
  });
});

describe('faults', () => {
  it('failNext: nothing happens and the call rejects', async () => {
    runtime.engine.faults.failNext('createContainer', new RuntimeError('DiskPressure', 'no space left on device'));
    await expect(runtime.createContainer(spec(['true']))).rejects.toMatchObject({ code: 'DiskPressure' });
    expect(await runtime.listContainers()).toEqual([]);
    await runtime.createContainer(spec(['true']));
  });

  it('loseReplyNext: it happens and the call rejects all the same', async () => {
    const wanted = spec(['true']);
    runtime.engine.faults.loseReplyNext('createContainer');
    await expect(runtime.createContainer(wanted)).rejects.toMatchObject({ code: 'Timeout' });
    expect(await runtime.listContainers()).toHaveLength(1);
    await expect(runtime.createContainer(wanted)).rejects.toMatchObject({
      code: 'NameConflict',
      details: { holderIsOurs: true },
    });
  });

  it('setHung: calls run into their deadlines, and are done after the thaw', async () => {
    runtime.engine.faults.setHung(true);
    const listed = expect(runtime.listContainers()).rejects.toMatchObject({ code: 'Timeout' });
    const created = expect(runtime.createContainer(spec(['true']))).rejects.toMatchObject({ code: 'Timeout' });
    await clock.advance(60_000);
    await listed;
    await created;
    runtime.engine.faults.setHung(false);
    await settle();
    expect(await runtime.listContainers()).toHaveLength(1);
  });

  it('setUnavailable: calls reject, containers go on', async () => {
    const id = await run(['sleep', '10']);
    runtime.engine.faults.setUnavailable(true);
    await expect(runtime.ping()).rejects.toMatchObject({ code: 'Unavailable' });
    await clock.advance(10_000);
    runtime.engine.faults.setUnavailable(false);
    expect(await runtime.inspectContainer(id)).toMatchObject({ phase: 'exited', exitCode: 0 });
  });
});

describe('foreign hands', () => {
  it('killContainer, as docker kill or the kernel', async () => {
    const id = await run(['sleep', 'infinity']);
    runtime.engine.killContainer(id, { oomKilled: true });
    expect(await runtime.inspectContainer(id)).toMatchObject({ phase: 'exited', exitCode: 137, oomKilled: true });
  });

  it('a paused container stands still and goes on where it was', async () => {
    const id = await run(['sleep', '10']);
    await clock.advance(4000);
    runtime.engine.pauseContainer(id);
    await clock.advance(60_000);
    expect((await runtime.inspectContainer(id)).phase).toBe('paused');
    await runtime.startContainer(id);
    await clock.advance(5999);
    expect((await runtime.inspectContainer(id)).phase).toBe('running');
    await clock.advance(1);
    expect((await runtime.inspectContainer(id)).phase).toBe('exited');
  });

  it('ND-12: a reboot ends everything and changes the boot id', async () => {
    const id = await run(['sleep', 'infinity']);
    const before = (await runtime.info()).bootId;
    runtime.engine.reboot();
    expect((await runtime.inspectContainer(id)).phase).toBe('exited');
    expect((await runtime.info()).bootId).not.toBe(before);
  });

  it('the machine outlives the runtime that looked at it', async () => {
    const id = await run(['sleep', 'infinity']);
    await runtime.close();
    const { engine } = runtime;
    const next = openSimulatedRuntime({ clusterUid: 'cluster', clock, random: createSystemRandom(), engine });
    expect(await next.listContainers()).toMatchObject([{ id, phase: 'running' }]);
    const other = openSimulatedRuntime({ clusterUid: 'another', clock, random: createSystemRandom(), engine });
    expect(await other.listContainers()).toEqual([]);
  });
});

describe('ports and addresses', () => {
  it('DK-14: both change with a start, and an address that was given back comes again', async () => {
    const ports = [{ containerPort: 80, protocol: 'TCP' as const, hostPort: 0 }];
    const id = await run(['true'], { ports });
    const other = await run(['sleep', 'infinity'], { ports });
    expect((await runtime.inspectContainer(id)).ports).toEqual([]);
    const first = await runtime.inspectContainer(other);
    runtime.engine.killContainer(other);
    await runtime.startContainer(other);
    const second = await runtime.inspectContainer(other);
    expect(second.ports[0]?.hostPort).not.toBe(first.ports[0]?.hostPort);
    expect(second.ipAddress).toBe(first.ipAddress);
  });

  it('one port is for one container, on one address or all', async () => {
    const on = (hostIP?: string): Partial<ContainerSpec> => ({
      ports: [{ containerPort: 80, protocol: 'TCP', hostPort: 8080, ...(hostIP && { hostIP }) }],
    });
    const holder = await run(['sleep', 'infinity'], on('127.0.0.1'));
    await run(['sleep', 'infinity'], on('127.0.0.2'));
    await expect(run(['sleep', 'infinity'], on())).rejects.toMatchObject({ code: 'PortConflict' });
    runtime.engine.killContainer(holder);
    await run(['sleep', 'infinity'], on('127.0.0.1'));
  });
});

it('pulls as a registry would have it', async () => {
  await expect(runtime.ensureImage('missing/x', 'IfNotPresent')).rejects.toMatchObject({ code: 'ImageNotFound' });
  await expect(runtime.ensureImage('unreachable/x', 'IfNotPresent')).rejects.toMatchObject({ code: 'PullFailed' });
  await expect(runtime.createContainer(spec([], { image: 'nginx:1' }))).rejects.toMatchObject({
    code: 'ImageNotFound',
  });
  await runtime.ensureImage('nginx:1', 'IfNotPresent');
  await runtime.createContainer(spec([], { image: 'nginx:1' }));
});

it('leaves no timer behind when its containers are gone', async () => {
  const id = await run(['sleep', '1000']);
  const stopped = runtime.stopContainer(id, 30);
  await clock.advance(30_000);
  await stopped;
  expect(await runtime.inspectContainer(id)).toMatchObject({ exitCode: 137 });
  expect(clock.pendingTimers).toBe(0);
});
