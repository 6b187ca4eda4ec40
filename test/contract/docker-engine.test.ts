import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type Docker from 'dockerode';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { noAmounts } from '../../src/model/resources.js';
import type { ContainerRuntime, ContainerSpec } from '../../src/runtime/container-runtime.js';
import { openDockerRuntime } from '../../src/runtime/docker/docker-runtime.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { openTestEngine, removeClusterContainers, testImage, testSocketPath } from '../support/docker-engine.js';
import { openRecordingProxy } from '../support/recording-proxy.js';
import { waitFor } from '../support/wait-for.js';

// What only a real Docker Engine can show; what both runtimes do is in runtime.ts.
let engine: Docker;
let runtime: ContainerRuntime;
let clusterUid: string;

beforeAll(async () => {
  engine = await openTestEngine();
});
beforeEach(async () => {
  clusterUid = randomUUID();
  runtime = await open(testSocketPath);
});
afterEach(async () => {
  await runtime.close();
  await removeClusterContainers(engine, clusterUid);
});

function open(socketPath: string): Promise<ContainerRuntime> {
  const effects = { clock: createSystemClock(), random: createSystemRandom(), logger: silentLogger };
  return openDockerRuntime({ socketPath, clusterUid, ...effects });
}

function spec(command: string[], more: Partial<ContainerSpec> = {}): ContainerSpec {
  const taskUid = randomUUID();
  return {
    name: `orch-engine-${taskUid.slice(0, 8)}`,
    identity: { taskUid, attempt: 1, specHash: 'hash', taskKey: 'default/engine' },
    image: testImage,
    command,
    env: [],
    ports: [],
    hostNetwork: true,
    limits: noAmounts,
    ...more,
  };
}

it('DK-18: sends the environment in bodies only, two megabytes of it too', async () => {
  const proxy = await openRecordingProxy(testSocketPath);
  const behind = await open(proxy.socketPath);
  try {
    const env = Array.from({ length: 32 }, (_, index) => ({ name: `BIG_${index}`, value: 'x'.repeat(64 * 1024) }));
    env.push({ name: 'PASSWORD', value: 'canary-in-the-mine' });
    const { id } = await behind.createContainer(spec(['true'], { env }));
    const inspected = await engine.getContainer(id).inspect();
    expect(inspected.Config.Env).toContain('PASSWORD=canary-in-the-mine');
    const sent = proxy.sent().toString('latin1');
    expect(sent.split('canary-in-the-mine')).toHaveLength(2);
    const requestLines = sent.match(/^(GET|POST|DELETE) \S+ HTTP\/1\.1/gm) ?? [];
    expect(requestLines.some((line) => line.includes('/containers/create?name='))).toBe(true);
    for (const line of requestLines) {
      expect(line.length).toBeLessThan(400);
      expect(line).not.toMatch(/canary|PASSWORD|BIG_/);
    }
  } finally {
    await behind.close();
    await proxy.close();
  }
});

it('DK-18: sends files in bodies only', async () => {
  const proxy = await openRecordingProxy(testSocketPath);
  const behind = await open(proxy.socketPath);
  try {
    const content = Buffer.from('canary-in-the-mine');
    const files = [{ target: '/etc/shop', files: [{ path: 'password', mode: 0o400, content }] }];
    await behind.createContainer(spec(['true'], { files }));
    const sent = proxy.sent().toString('latin1');
    expect(sent.split('canary-in-the-mine')).toHaveLength(2);
    // A request over a connection that stays begins right after the body before it.
    const requestLines = sent.match(/(GET|HEAD|POST|PUT|DELETE) \S+ HTTP\/1\.1/g) ?? [];
    expect(requestLines.some((line) => /\/containers\/[0-9a-f]{64}\/archive\?path=/.test(line))).toBe(true);
    expect(requestLines.filter((line) => line.includes('canary'))).toEqual([]);
  } finally {
    await behind.close();
    await proxy.close();
  }
});

it('DK-17, DK-24: gives the engine limits, bounded logs, no restart policy and no way to more privileges', async () => {
  const limits = { ...noAmounts, cpuMillicores: 250, memoryBytes: 64 * 2 ** 20 };
  const wanted = spec(['sleep'], { args: ['1000'], limits, workingDir: '/tmp', stopSignal: 'SIGUSR1' });
  const { id } = await runtime.createContainer(wanted);
  const { Config, HostConfig, Name } = await engine.getContainer(id).inspect();
  expect(Name).toBe(`/${wanted.name}`);
  expect(HostConfig).toMatchObject({
    NanoCpus: 250_000_000,
    Memory: 64 * 2 ** 20,
    RestartPolicy: { Name: 'no' },
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    SecurityOpt: ['no-new-privileges'],
    NetworkMode: 'host',
  });
  expect(Config).toMatchObject({ Entrypoint: ['sleep'], Cmd: ['1000'], WorkingDir: '/tmp', StopSignal: 'SIGUSR1' });
  expect(Config.Labels).toEqual({
    'orch.dev/cluster-uid': clusterUid,
    'orch.dev/task-uid': wanted.identity.taskUid,
    'orch.dev/attempt': '1',
    'orch.dev/spec-hash': 'hash',
    'orch.dev/task': 'default/engine',
  });
});

it('runs with a limit above what the machine has', async () => {
  const limits = { ...noAmounts, cpuMillicores: 1_000_000 };
  const { id } = await runtime.createContainer(spec(['true'], { limits }));
  await runtime.startContainer(id);
});

it('DK-17: takes a restart policy back that somebody gave to a container', async () => {
  const { id } = await runtime.createContainer(spec(['sleep', '1000']));
  await engine.getContainer(id).update({ RestartPolicy: { Name: 'always' } });
  await runtime.inspectContainer(id);
  expect((await engine.getContainer(id).inspect()).HostConfig.RestartPolicy?.Name).toBe('no');
});

it('DK-13: tells a port that a process of the host holds from other errors', async () => {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const ports = [{ containerPort: 80, protocol: 'TCP' as const, hostPort: address.port }];
  try {
    const { id } = await runtime.createContainer(spec(['sleep', '1000'], { hostNetwork: false, ports }));
    await expect(runtime.startContainer(id)).rejects.toMatchObject({ code: 'PortConflict' });
  } finally {
    server.close();
  }
});

it('stops a container that somebody paused', async () => {
  const { id } = await runtime.createContainer(spec(['sleep', '1000']));
  await runtime.startContainer(id);
  await engine.getContainer(id).pause();
  await runtime.stopContainer(id, 1);
  expect(await runtime.inspectContainer(id)).toMatchObject({ phase: 'exited', exitCode: 137 });
});

it('kills a command that did not end in time', async () => {
  const { id } = await runtime.createContainer(spec(['sleep', '1000']));
  await runtime.startContainer(id);
  await expect(runtime.exec(id, ['sleep', '54321'], 500)).rejects.toMatchObject({ code: 'Timeout' });
  await waitFor('the command to be gone', async () => {
    const { output } = await runtime.exec(id, ['ps'], 10_000);
    return output.includes('sleep 1000') && !output.includes('54321');
  });
});

it('tells that memory ran out', async () => {
  const limits = { ...noAmounts, memoryBytes: 16 * 2 ** 20 };
  const { id } = await runtime.createContainer(
    spec(['sh', '-c', 'exec dd if=/dev/zero of=/dev/null bs=256M count=1'], { limits }),
  );
  await runtime.startContainer(id);
  const details = await waitFor('the end', async () => {
    const now = await runtime.inspectContainer(id);
    return now.phase === 'exited' && now;
  });
  expect(details).toMatchObject({ oomKilled: true, exitCode: 137 });
});

it('says what to do about an image that no registry gives', async () => {
  await expect(runtime.ensureImage('127.0.0.1:1/nothing/here:1', 'IfNotPresent')).rejects.toMatchObject({
    code: 'PullFailed',
    message: expect.stringContaining('docker load'),
  });
});

it('keeps the memory of a slow reader bounded, and loses nothing', async () => {
  const { id } = await runtime.createContainer(spec(['sh', '-c', 'yes 0123456789abcdef | head -n 30000']));
  await runtime.startContainer(id);
  const stream = await runtime.openLogs(id, { follow: true, timestamps: false });
  let bytes = 0;
  let busy = 0;
  stream.onOutput(async (_channel, data) => {
    expect(++busy).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    bytes += data.length;
    busy--;
  });
  await stream.finished;
  expect(bytes).toBe(17 * 30_000);
});
