import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StreamEnd, StreamRequest } from '../../../src/model/worker-tunnel.js';
import { decodeTunnelFrame, encodeTunnelFrame, tunnelChannels } from '../../../src/model/worker-tunnel.js';
import type { ManagerSocket } from '../../support/registry-client.js';
import { WorkerFixture } from './worker-fixture.js';

let cluster: WorkerFixture;

beforeEach(async () => {
  cluster = await WorkerFixture.open();
});

afterEach(() => cluster.worker.stop());

/** The manager's end of one stream. */
class Stream {
  stdout = '';
  stderr = '';
  ends: StreamEnd[] = [];
  private static nextId = 1;
  private readonly id = Stream.nextId++;

  constructor(private readonly socket: ManagerSocket) {
    socket.onMessage((message) => {
      const frame = decodeTunnelFrame(message);
      if (frame?.streamId !== this.id) return;
      const text = new TextDecoder().decode(frame.payload);
      if (frame.channel === tunnelChannels.stdout) this.stdout += text;
      if (frame.channel === tunnelChannels.stderr) this.stderr += text;
      if (frame.channel === tunnelChannels.end) this.ends.push(JSON.parse(text) as StreamEnd);
    });
  }

  open(request: StreamRequest): this {
    return this.send(tunnelChannels.open, JSON.stringify(request));
  }

  send(channel: number, text: string): this {
    this.socket.send(encodeTunnelFrame(this.id, channel, new TextEncoder().encode(text)));
    return this;
  }
}

const stream = (): Stream => new Stream(cluster.client.sockets.at(-1) as ManagerSocket);

const logs = (taskUid: string, more: Partial<Extract<StreamRequest, { type: 'logs' }>> = {}): StreamRequest => ({
  type: 'logs',
  taskUid,
  follow: false,
  timestamps: false,
  previous: false,
  ...more,
});

async function running(command: string[]): Promise<string> {
  const { metadata } = await cluster.assign('web', { command });
  await cluster.settle();
  return metadata.uid;
}

describe('logs', () => {
  it('gives what a container wrote, and ends', async () => {
    const uid = await running(['sh', '-c', 'echo one; echo two >&2; sleep infinity']);
    const read = stream().open(logs(uid));
    await cluster.settle();
    expect([read.stdout, read.stderr, read.ends]).toEqual(['one\n', 'two\n', [{}]]);
  });

  it('follows until the reader is gone', async () => {
    const uid = await running(['sh', '-c', 'sleep 5; echo late; sleep infinity']);
    const read = stream().open(logs(uid, { follow: true }));
    await cluster.seconds(6);
    expect([read.stdout, read.ends]).toEqual(['late\n', []]);
    read.send(tunnelChannels.cancel, '');
    await cluster.settle();
    expect(read.ends).toEqual([]);
  });

  it('gives the output of the container before', async () => {
    const uid = await running(['sh', '-c', 'echo hello; sleep 700; exit 1']);
    await cluster.seconds(750);
    const read = stream().open(logs(uid, { previous: true }));
    await cluster.settle();
    expect(read.stdout).toBe('hello\n');
  });

  it('gives the output of the container that ended last while the next one is waited for', async () => {
    const uid = await running(['sh', '-c', 'echo why; exit 1']);
    await cluster.seconds(3);
    expect((await cluster.task('web')).status?.reason).toBe('BackOff');
    for (const previous of [true, false]) {
      const read = stream().open(logs(uid, { previous }));
      await cluster.settle();
      expect(read.stdout).toBe('why\n');
    }
    const { metadata } = await cluster.assign('once', { command: ['false'], restartPolicy: 'Never' });
    await cluster.settle();
    const read = stream().open(logs(metadata.uid, { previous: true }));
    await cluster.settle();
    expect(read.ends).toMatchObject([{ error: { code: 'NotFound' } }]);
  });

  it.each([
    ['no container', logs('unknown'), 'NotFound'],
    ['no earlier container', undefined, 'NotFound'],
  ])('says that there is %s', async (_what, request, code) => {
    const uid = await running(['httpd']);
    const read = stream().open(request ?? logs(uid, { previous: true }));
    await cluster.settle();
    expect(read.ends).toMatchObject([{ error: { code } }]);
  });
});

describe('exec', () => {
  it('runs a command and gives its exit code', async () => {
    const uid = await running(['httpd']);
    const session = stream().open({
      type: 'exec',
      taskUid: uid,
      command: ['sh', '-c', 'echo hi; exit 3'],
      stdin: false,
      tty: false,
    });
    await cluster.settle();
    expect([session.stdout, session.ends]).toEqual(['hi\n', [{ exitCode: 3 }]]);
  });

  it('hands over input that was sent at once, and its end', async () => {
    const uid = await running(['httpd']);
    const session = stream().open({ type: 'exec', taskUid: uid, command: ['cat'], stdin: true, tty: false });
    session.send(tunnelChannels.stdin, 'some ').send(tunnelChannels.stdin, 'input').send(tunnelChannels.stdin, '');
    await cluster.settle();
    expect([session.stdout, session.ends]).toEqual(['some input', [{ exitCode: 0 }]]);
  });

  it('refuses a task that does not run', async () => {
    const session = stream().open({ type: 'exec', taskUid: 'unknown', command: ['true'], stdin: false, tty: false });
    await cluster.settle();
    expect(session.ends).toMatchObject([{ error: { code: 'Conflict' } }]);
  });
});

describe('attach', () => {
  const attach = (taskUid: string): StreamRequest => ({ type: 'attach', taskUid, stdin: true });

  async function waiting(more: object): Promise<string> {
    const script = 'echo early; echo warned >&2; cat; sleep infinity';
    const { metadata } = await cluster.assign('run', { command: ['sh', '-c', script], stdin: true, ...more });
    await cluster.seconds(5);
    return metadata.uid;
  }

  it('gives the first client of a container that is made for one what was printed before it came', async () => {
    const uid = await waiting({ stdinOnce: true });
    const first = stream().open(attach(uid));
    await cluster.settle();
    expect([first.stdout, first.stderr]).toEqual(['early\n', 'warned\n']);
    const second = stream().open(attach(uid));
    await cluster.settle();
    first.send(tunnelChannels.stdin, 'word\n');
    await cluster.settle();
    expect([first.stdout, second.stdout]).toEqual(['early\nword\n', 'word\n']);
    first.send(tunnelChannels.stdin, '');
    await cluster.settle();
    expect(first.ends).toEqual([]);
  });

  it('gives others what comes from now on', async () => {
    const uid = await waiting({});
    const session = stream().open(attach(uid));
    session.send(tunnelChannels.stdin, 'word\n');
    await cluster.settle();
    expect(session.stdout).toBe('word\n');
  });
});

describe('the tunnel', () => {
  it('dials again when it was cut', async () => {
    const before = cluster.client.sockets.length;
    cluster.client.sockets.at(-1)?.close();
    await cluster.seconds(5);
    expect(cluster.client.sockets.length).toBe(before + 1);
    expect(cluster.client.sockets.at(-1)?.path).toBe('/apis/orch.dev/v1/workers/w1/tunnel');
  });

  it('serves 64 streams at once, not more', async () => {
    const uid = await running(['httpd']);
    const all = Array.from({ length: 65 }, () => stream().open(logs(uid, { follow: true })));
    await cluster.settle();
    expect(all.flatMap(({ ends }) => ends)).toMatchObject([{ error: { code: 'TooManyRequests' } }]);
  });

  it('survives what is no frame and no request', async () => {
    const uid = await running(['sh', '-c', 'echo one; sleep infinity']);
    const socket = cluster.client.sockets.at(-1) as ManagerSocket;
    socket.send(new Uint8Array([1, 2]));
    const wrong = stream().send(tunnelChannels.open, '{"type":"shell"').send(tunnelChannels.resize, 'x');
    const read = stream().open(logs(uid));
    await cluster.settle();
    expect(wrong.ends).toMatchObject([{ error: { code: 'BadRequest' } }]);
    expect(read.stdout).toBe('one\n');
  });
});
