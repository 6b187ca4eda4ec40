import { createServer, connect, type AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { describe, expect, it, type TestContext } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { startKubectlCluster } from './kubectl-cluster.js';
import { needsKubectlVersion, useKubectl, type Kubectl } from './kubectl-harness.js';

let kubectl: Kubectl;

useKubectl(
  () => startKubectlCluster(),
  async (started) => {
    kubectl = started.kubectl;
    const script = 'echo one; echo two >&2; sleep 2; echo three; sleep infinity';
    await kubectl.succeeds('run', 'talker', '--image=busybox:latest', '--', 'sh', '-c', script);
    await kubectl.succeeds('run', 'echo', '--image=busybox:latest', '--', 'nc', '-ll', '-p', '8080', '-e', 'cat');
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=20s');
  },
);

/** The three ways in which clients ask for streams. */
const ways: [string, { version?: string; env?: Record<string, string> }][] = [
  ['a WebSocket', {}],
  [
    'SPDY, as when told to',
    { env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' } },
  ],
  ['SPDY, as kubectl 1.29 does', { version: '1.29' }],
];

function needs(context: TestContext, version: string | undefined): void {
  if (version !== undefined) needsKubectlVersion(context, version);
}

describe('kubectl logs', () => {
  it('prints, follows, cuts and stamps', async () => {
    const following = kubectl.start(['logs', '-f', 'talker']);
    await waitFor('the last line', () => following.stdout().includes('three'));
    following.kill();
    expect(following.stdout()).toBe('one\ntwo\nthree\n');
    expect(await kubectl.succeeds('logs', 'talker', '--tail=1')).toBe('three\n');
    expect(await kubectl.succeeds('logs', 'talker', '--limit-bytes=5')).toBe('one\nt');
    expect(await kubectl.succeeds('logs', 'talker', '--timestamps')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z one\n/);
    expect(await kubectl.succeeds('logs', 'talker', '--since=1h', '-c', 'talker')).toContain('two');
    expect(await kubectl.succeeds('logs', '-l', 'run=talker')).toContain('three');
    expect(await kubectl.fails('logs', 'talker', '--previous')).toContain('no earlier container');
    expect(await kubectl.fails('logs', 'nobody')).toContain('pods "nobody" not found');
  });
});

describe.each(ways)('over %s', (way, options) => {
  it('exec gives output, exit code and input', async (context) => {
    needs(context, options.version);
    const command = ['exec', 'talker', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3'];
    const failed = await kubectl.run(command, options);
    expect(failed).toMatchObject({ code: 3, stdout: 'out\n' });
    expect(failed.stderr).toContain('err\n');
    const big = 'x'.repeat(1_000_000);
    const echoed = await kubectl.run(['exec', '-i', 'talker', '--', 'cat'], { ...options, stdin: big });
    expect(echoed.stdout.length).toBe(big.length);
    expect(echoed.code).toBe(0);
    expect((await kubectl.run(['exec', 'talker', '--', 'nope'], options)).code).not.toBe(0);
  });

  it('attach shows what comes and passes input on', async (context) => {
    needs(context, options.version);
    // One of its own each time: with `run -i` its input ends when the first that was attached leaves.
    const name = `cat-${ways.findIndex(([other]) => other === way)}`;
    await kubectl.succeeds('run', name, '--image=busybox:latest', '-i', '--attach=false', '--', 'cat');
    await kubectl.succeeds('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=20s');
    const attached = kubectl.start(['attach', '-i', name], options);
    await waitFor('the echo', () => {
      attached.child.stdin?.write('hello\n');
      return attached.stdout().includes('hello\n');
    });
    attached.kill();
    await attached.exited;
    expect(await kubectl.succeeds('get', 'pod', name, '-o', 'jsonpath={.status.phase}')).toBe('Running');
  });

  it('port-forward carries several connections, both ways, whole', async (context) => {
    needs(context, options.version);
    const port = await freePort();
    const forwarding = kubectl.start(['port-forward', 'pod/echo', `${port}:8080`], options);
    try {
      await waitFor('port-forward to listen', () => forwarding.stdout().includes('Forwarding from'));
      const sent = [randomBytes(300_000), randomBytes(1_000_000), Buffer.from('short')];
      const received = await Promise.all(sent.map((data) => echoThrough(port, data)));
      for (const [index, data] of sent.entries()) expect(received[index]?.equals(data)).toBe(true);
    } finally {
      forwarding.kill();
      await forwarding.exited;
    }
  });

  it('port-forward says when nothing listens', async (context) => {
    needs(context, options.version);
    const port = await freePort();
    const forwarding = kubectl.start(['port-forward', 'pod/talker', `${port}:9`], options);
    try {
      await waitFor('port-forward to listen', () => forwarding.stdout().includes('Forwarding from'));
      await echoThrough(port, Buffer.from('x')).catch(() => undefined);
      await waitFor('the reason', () => forwarding.stderr().includes('nothing listens there'));
    } finally {
      forwarding.kill();
      await forwarding.exited;
    }
  });
});

describe('kubectl run', () => {
  it('gives the exit code of a pod that it removes again', async () => {
    const words = ['run', 'once', '--image=busybox:latest', '--restart=Never', '--rm', '-i', '--', 'sh', '-c'];
    const output = await kubectl.run([...words, 'read x; echo got; exit 4'], { stdin: 'line\n' });
    expect(output.code).toBe(4);
    expect(output.stdout).toContain('got\n');
    expect(output.stdout + output.stderr).toContain('pod "once" deleted');
    expect(await kubectl.fails('get', 'task', 'once')).toContain('not found');
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Sends data to a port and gives what came back; a reader that stops at the same length as was sent. */
function echoThrough(port: number, data: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= data.length) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks)));
    socket.write(data);
  });
}
