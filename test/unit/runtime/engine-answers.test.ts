import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContainerSpec, Mount } from '../../../src/runtime/container-runtime.js';
import { noAmounts } from '../../../src/model/resources.js';
import { cpuSamples, detailsOf, statsBetween } from '../../../src/runtime/docker/container-views.js';
import { createBody, identityOf } from '../../../src/runtime/docker/create-body.js';
import { Demultiplexer } from '../../../src/runtime/docker/demultiplexer.js';
import type { EngineCall } from '../../../src/runtime/docker/engine-errors.js';
import { asRefusal, toRuntimeError } from '../../../src/runtime/docker/engine-errors.js';
import { logQuery } from '../../../src/runtime/docker/log-query.js';

const identity = { taskUid: 'task', attempt: 3, specHash: 'hash', taskKey: 'default/web' };
const spec: ContainerSpec = {
  name: 'orch-web',
  identity,
  image: 'busybox:latest',
  env: [],
  ports: [],
  hostNetwork: false,
  limits: noAmounts,
};

describe('what the engine answers and what it means', () => {
  it.each<[EngineCall, number, string, string]>([
    ['create', 409, 'Conflict. The container name "/x" is already in use by container "0123"', 'NameConflict'],
    ['create', 404, 'No such image: x:latest', 'ImageNotFound'],
    ['create', 400, 'invalid reference format', 'InvalidImageName'],
    [
      'image inspect',
      400,
      'no such image: UPPER/x: invalid reference format: repository name must be lowercase',
      'InvalidImageName',
    ],
    ['pull', 400, 'invalid reference format: repository name must be lowercase', 'InvalidImageName'],
    ['create', 400, 'Minimum memory limit allowed is 6MB', 'InvalidSpec'],
    ['create', 400, 'No command specified', 'InvalidSpec'],
    ['create', 400, 'invalid mount config for type "bind": bind source path does not exist: /x', 'MountFailed'],
    ['create', 500, 'mkdir /var/lib/docker/overlay2/x: no space left on device', 'DiskPressure'],
    ['create', 500, 'something odd', 'Unavailable'],
    ['start', 404, 'No such container: x', 'NotFound'],
    ['start', 404, 'network x not found', 'StartError'],
    [
      'start',
      400,
      'failed to create shim task: OCI runtime create failed: stat /nope: no such file or directory',
      'StartError',
    ],
    ['start', 500, 'OCI runtime create failed: runc create failed', 'StartError'],
    [
      'start',
      500,
      'runc: error mounting "/run/orch/a/b/0" to rootfs at "/m": no such file or directory',
      'MountFailed',
    ],
    [
      'start',
      500,
      'driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated',
      'PortConflict',
    ],
    ['start', 500, 'listen tcp4 0.0.0.0:80: bind: address already in use', 'PortConflict'],
    ['start', 500, 'libnetwork.endpoint: open : no such file', 'Unavailable'],
    ['start', 403, 'endpoint with name orch-web already exists in network host', 'StaleContainer'],
    ['start', 409, 'container is marked for removal and cannot be started', 'NotFound'],
    ['archive', 500, 'mkdir /spool/keys: read-only file system', 'StartError'],
    ['archive', 500, 'extraction point is not a directory', 'StartError'],
    ['archive', 404, 'Could not find the file /etc/app in container x', 'StartError'],
    ['archive', 403, 'mounted volume is marked read-only', 'StartError'],
    [
      'archive',
      500,
      'Error processing tar file(exit status 1): cannot overwrite non-directory "/a/b" with directory "/a"',
      'StartError',
    ],
    ['archive', 500, 'Error processing tar file(exit status 1): no space left on device', 'DiskPressure'],
    ['archive', 404, 'No such container: x', 'NotFound'],
    ['exec', 409, 'Container x is not running', 'NotRunning'],
    ['exec', 409, 'Container x is paused, unpause the container before exec', 'NotRunning'],
    [
      'remove',
      409,
      'You cannot remove a running container x. Stop the container before attempting removal',
      'StillRunning',
    ],
    ['remove', 500, 'driver "overlay2" failed to remove root filesystem: device or resource busy', 'Unavailable'],
    ['inspect', 500, 'no such file or directory', 'Unavailable'],
  ])('%s %i "%s" -> %s', (call, status, text, code) => {
    const thrown = Object.assign(new Error(`(HTTP code ${status}) some reason - ${text} `), { statusCode: status });
    const error = toRuntimeError(call, asRefusal(thrown), '/run/docker.sock');
    expect(error.code).toBe(code);
    expect(error.message).toBe(`${call}: the engine says: ${text}`);
  });

  it('leaves out where the engine keeps the container, which differs each time', () => {
    const text = `mkdir /var/lib/docker/overlay2/${'0f'.repeat(32)}/merged/spool/keys: read-only file system`;
    const refusal = asRefusal(Object.assign(new Error(text), { statusCode: 500 }));
    expect(refusal).toMatchObject({ text: 'mkdir /spool/keys: read-only file system' });
  });

  it('says what to do when it may not use the socket', () => {
    const error = toRuntimeError(
      'list',
      Object.assign(new Error('connect EACCES'), { code: 'EACCES' }),
      '/run/docker.sock',
    );
    expect(error).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('group "docker"') });
  });
});

describe('what the engine is asked to create', () => {
  const machine = { cpus: 4, pidsLimit: 1024 };

  it('restarts nothing by itself, bounds logs and carries the identity', () => {
    const body = createBody('cluster', spec, machine);
    expect(body.HostConfig).toMatchObject({
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      SecurityOpt: ['no-new-privileges'],
      CapDrop: ['NET_RAW'],
      PidsLimit: 1024,
      NetworkMode: 'bridge',
    });
    expect(body).not.toHaveProperty('Entrypoint');
    expect(body).not.toHaveProperty('Cmd');
    expect(body.HostConfig).not.toHaveProperty('Memory');
    expect(body.HostConfig).not.toHaveProperty('NanoCpus');
    expect(identityOf(body.Labels, 'cluster')).toEqual(identity);
    expect(identityOf(body.Labels, 'another')).toBeUndefined();
  });

  it('mounts what lies in another mount after it', () => {
    const mounts: Mount[] = [
      { type: 'tmpfs', target: '/etc/shop/cache', readOnly: false },
      { type: 'volume', target: '/etc/', readOnly: false },
    ];
    const { HostConfig } = createBody(
      'cluster',
      { ...spec, mounts, files: [{ target: '/etc/shop', files: [] }] },
      machine,
    );
    expect(HostConfig.Mounts?.map(({ Target }) => Target)).toEqual(['/etc/', '/etc/shop', '/etc/shop/cache']);
  });

  it('drops raw sockets on the network of the host too, and limits no processes where none is set', () => {
    const { HostConfig } = createBody('cluster', { ...spec, hostNetwork: true }, { cpus: 4, pidsLimit: 0 });
    expect(HostConfig.CapDrop).toEqual(['NET_RAW']);
    expect(HostConfig).not.toHaveProperty('PidsLimit');
  });

  it.each([
    [250, 250_000_000],
    [1, 10_000_000],
    [64_000, 4_000_000_000],
  ])('a limit of %i millicores on 4 CPUs is %i billionths', (cpuMillicores, nanoCpus) => {
    const body = createBody(
      'cluster',
      { ...spec, limits: { ...noAmounts, cpuMillicores, memoryBytes: 2 ** 26 } },
      machine,
    );
    expect(body.HostConfig).toMatchObject({ NanoCpus: nanoCpus, Memory: 2 ** 26, MemorySwap: 2 ** 26 });
  });

  it('publishes what has a host port, exposes the rest, and neither on the network of the host', () => {
    const ports = [
      { containerPort: 80, protocol: 'TCP' as const, hostPort: 8080, hostIP: '127.0.0.1' },
      { containerPort: 80, protocol: 'TCP' as const, hostPort: 0 },
      { containerPort: 53, protocol: 'UDP' as const },
    ];
    const body = createBody('cluster', { ...spec, ports }, machine);
    expect(Object.keys(body.ExposedPorts)).toEqual(['80/tcp', '53/udp']);
    expect(body.HostConfig.PortBindings).toEqual({
      '80/tcp': [
        { HostIp: '127.0.0.1', HostPort: '8080' },
        { HostIp: '', HostPort: '' },
      ],
    });
    const onHost = createBody('cluster', { ...spec, ports, hostNetwork: true }, machine).HostConfig;
    expect([onHost.NetworkMode, onHost.PortBindings]).toEqual(['host', {}]);
  });
});

describe('containers as the engine tells them', () => {
  const Labels = { 'orch.dev/cluster-uid': 'cluster', 'orch.dev/task-uid': 'task', 'orch.dev/attempt': '1' };
  const inspected = (State: object): Parameters<typeof detailsOf>[0] => ({
    Id: 'x',
    Name: '/orch-web',
    Config: { Labels },
    State,
  });

  it.each([
    [
      { Status: 'created', ExitCode: 0 },
      { phase: 'created', exitCode: undefined },
    ],
    [
      { Status: 'created', ExitCode: 128, Error: 'busy' },
      { phase: 'created', exitCode: 128, error: 'busy' },
    ],
    [
      { Status: 'running', ExitCode: 0, FinishedAt: '2026-01-01T00:00:00Z' },
      { phase: 'running', exitCode: undefined, finishedAt: undefined },
    ],
    [
      { Status: 'exited', ExitCode: 0, OOMKilled: true },
      { phase: 'exited', exitCode: 0, oomKilled: true },
    ],
    [
      { Status: 'restarting', ExitCode: 1 },
      { phase: 'exited', exitCode: 1 },
    ],
    [
      { Status: 'dead', ExitCode: 2 },
      { phase: 'dead', exitCode: 2 },
    ],
    [{ Status: 'exited', StartedAt: '0001-01-01T00:00:00Z' }, { startedAt: undefined }],
  ])('%j', (state, expected) => {
    const details = detailsOf(inspected(state), 'cluster');
    expect(details).toEqual(expect.objectContaining(withoutUndefined(expected)));
    for (const [key, value] of Object.entries(expected))
      if (value === undefined) expect(details).not.toHaveProperty(key);
  });

  it('tells a port that is published on IPv4 and IPv6 once', () => {
    const Ports = {
      '80/tcp': [
        { HostIp: '0.0.0.0', HostPort: '32768' },
        { HostIp: '::', HostPort: '32768' },
      ],
      '90/tcp': null,
    };
    const details = detailsOf({ ...inspected({ Status: 'running' }), NetworkSettings: { Ports } }, 'cluster');
    expect(details?.ports).toEqual([{ containerPort: 80, hostPort: 32768, hostIP: '0.0.0.0', protocol: 'TCP' }]);
  });

  it('has no samples of a container that does not run, and none of page cache in memory', () => {
    expect(cpuSamples({ read: '0001-01-01T00:00:00Z', cpu_stats: { cpu_usage: { total_usage: 0 } } })).toBeUndefined();
    const earlier = { usedNanoseconds: 1e9, atNanoseconds: 10e9 };
    const later = { usedNanoseconds: 2e9, atNanoseconds: 14e9 };
    const memory_stats = { usage: 1000, stats: { total_inactive_file: 400, inactive_file: 100 } };
    expect(statsBetween(earlier, later, { memory_stats })).toEqual({ cpuMillicores: 250, memoryBytes: 600 });
  });
});

describe('output', () => {
  it('is taken apart the same however it was cut on the way', () => {
    const piece = fc.record({
      channel: fc.constantFrom('stdout', 'stderr'),
      text: fc.string({ minLength: 1, maxLength: 40 }),
    });
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.array(fc.nat({ max: 400 }), { maxLength: 12 }),
        (pieces, cuts) => {
          const stream = Buffer.concat(
            pieces.map(({ channel, text }) => {
              const header = Buffer.from([channel === 'stdout' ? 1 : 2, 0, 0, 0, 0, 0, 0, 0]);
              header.writeUInt32BE(Buffer.byteLength(text), 4);
              return Buffer.concat([header, Buffer.from(text)]);
            }),
          );
          const ends = [...cuts.map((cut) => Math.min(cut, stream.length)), stream.length].sort((a, b) => a - b);
          const demultiplexer = new Demultiplexer();
          const got = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
          let begin = 0;
          for (const end of ends) {
            for (const { channel, data } of demultiplexer.push(stream.subarray(begin, end))) got[channel].push(data);
            begin = end;
          }
          for (const channel of ['stdout', 'stderr'] as const) {
            const wanted = pieces.filter((item) => item.channel === channel).map(({ text }) => Buffer.from(text));
            expect(Buffer.concat(got[channel]).equals(Buffer.concat(wanted))).toBe(true);
          }
        },
      ),
    );
  });

  it.each([
    ['2026-01-01T00:00:00Z', '1767225600.000000000'],
    ['2026-01-01T01:00:00.5+01:00', '1767225600.500000000'],
    ['2026-01-01T00:00:00.123456789Z', '1767225600.123456789'],
  ])('since %s is asked as %s', (since, seconds) => {
    expect(logQuery({ follow: false, timestamps: false, since })).toMatchObject({
      since: seconds,
      tail: 'all',
      follow: '0',
    });
  });

  it('since must be a time', () => {
    expect(() => logQuery({ follow: false, timestamps: false, since: 'yesterday' })).toThrow('is not a time');
  });
});

function withoutUndefined(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
