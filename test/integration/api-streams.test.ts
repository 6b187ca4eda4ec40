import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { nodeKind } from '../../src/model/node.js';
import { taskKind, type Task } from '../../src/model/task.js';
import { encodeTunnelFrame, streamWindowBytes, tunnelChannels } from '../../src/model/worker-tunnel.js';
import { decodeCredit } from '../../src/model/stream-window.js';
import { waitFor } from '../support/wait-for.js';
import { startTestApi, taskObject, tasksPath, type TestApi } from './api-harness.js';
import { connectFakeWorker, Inbox, type FakeWorker } from './fake-worker.js';

let api: TestApi;
const sockets: WebSocket[] = [];

beforeAll(async () => {
  api = await startTestApi();
  await api.registry.create(nodeKind, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } });
  await api.request('POST', tasksPath, { body: taskObject('web') });
  await api.request('POST', tasksPath, { body: taskObject('unbound') });
  await api.registry.mutate<Task>(taskKind, { namespace: 'default', name: 'web' }, (task) => ({
    ...task,
    spec: { ...task.spec, nodeName: 'a' },
    status: { ...task.status, state: 'Scheduled' },
  }));
});
afterAll(() => api.close());
afterEach(async () => {
  await Promise.all(
    sockets.splice(0).map(
      (socket) =>
        new Promise<void>((resolve) => {
          if (socket.readyState === socket.CLOSED) return resolve();
          socket.once('close', () => resolve());
          socket.terminate();
        }),
    ),
  );
});

async function connectWorker(): Promise<FakeWorker> {
  const worker = await connectFakeWorker(api);
  sockets.push(worker.socket);
  return worker;
}

interface ExecClient {
  socket: WebSocket;
  frames: Inbox<{ channel: number; text: string }>;
  closed: Promise<number>;
}

function openExec(query: string, protocol = 'v5.channel.k8s.io'): ExecClient {
  const socket = api.socket(`${tasksPath}/web/exec?${query}`, protocol);
  sockets.push(socket);
  const frames = new Inbox<{ channel: number; text: string }>();
  socket.on('message', (data: Buffer) => frames.add({ channel: data[0] ?? -1, text: data.subarray(1).toString() }));
  socket.on('error', () => undefined);
  return { socket, frames, closed: new Promise((resolve) => socket.once('close', resolve)) };
}

const statusChannel = 3;
const refusal = (socket: WebSocket): Promise<{ status: number | undefined; json: { message: string } }> =>
  new Promise((resolve) => {
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode, json: JSON.parse(text) as { message: string } }));
    });
  });

describe('logs', () => {
  it('relays what the worker sends, as text, and passes the options on', async () => {
    const worker = await connectWorker();
    const answer = api.request(
      'GET',
      `${tasksPath}/web/log?tailLines=5&timestamps=true&sinceTime=2026-01-01T00:00:00Z`,
    );
    const { id, request } = await worker.nextStream();
    expect(request).toMatchObject({
      type: 'logs',
      follow: false,
      tailLines: 5,
      timestamps: true,
      previous: false,
      since: '2026-01-01T00:00:00Z',
    });
    worker.send(id, 'stdout', 'one\n');
    worker.send(id, 'stderr', 'two\n');
    worker.end(id, {});
    const { status, headers, text } = await answer;
    expect({ status, text }).toEqual({ status: 200, text: 'one\ntwo\n' });
    expect(headers['content-type']).toMatch(/^text\/plain/);
  });

  it('turns an error before the first byte into a Status', async () => {
    const worker = await connectWorker();
    const answer = api.request('GET', `${tasksPath}/web/log?previous=true`);
    const { id } = await worker.nextStream();
    worker.end(id, { error: { code: 'BadRequest', message: 'task "web" has no previous container' } });
    expect((await answer).json).toMatchObject({ code: 400, message: 'task "web" has no previous container' });
  });

  it('breaks off, instead of ending as if it were all, when the tunnel drops', async () => {
    const worker = await connectWorker();
    const answer = api.request('GET', `${tasksPath}/web/log?follow=true`);
    const { id } = await worker.nextStream();
    worker.send(id, 'stdout', 'begun\n');
    const broken = expect(answer).rejects.toThrow(/aborted|hang up/);
    await new Promise<void>((resolve) => worker.socket.ping(undefined, undefined, () => resolve()));
    worker.socket.terminate();
    await broken;
  });

  it('says why there is no log to show', async () => {
    const noTunnel = await api.request('GET', `${tasksPath}/web/log`);
    expect(noTunnel.status).toBe(503);
    expect(noTunnel.json.message).toContain('worker "a" is not connected');
    const unplaced = await api.request('GET', `${tasksPath}/unbound/log`);
    expect(unplaced.status).toBe(400);
    expect(unplaced.json.message).toContain('not placed');
    expect((await api.request('GET', `${tasksPath}/missing/log`)).status).toBe(404);
    await connectWorker();
    expect((await api.request('GET', `${tasksPath}/web/log?tailLines=many`)).status).toBe(400);
    expect((await api.request('GET', `${tasksPath}/web/log?sinceTime=yesterday`)).status).toBe(400);
  });

  it('HT-10: tells the worker to stop when the reader vanishes', async () => {
    const worker = await connectWorker();
    const log = await api.openWatch(`${tasksPath}/web/log?follow=true`);
    const { id } = await worker.nextStream();
    log.destroy();
    const cancelled = await worker.frames.find(({ channel }) => channel === tunnelChannels.cancel);
    expect(cancelled.streamId).toBe(id);
  });

  it('gives a slow reader a window and no more, and holds up no other stream meanwhile', async () => {
    const worker = await connectWorker();
    const slow = await api.openBody(`${tasksPath}/web/log?follow=true`);
    const { id } = await worker.nextStream();
    const block = Buffer.alloc(64 * 1024, 120);
    // As a worker does: one window ahead of what was taken, and here 40 MiB in all, far more than the sockets hold.
    const creditOf = (): number =>
      worker.frames.items
        .filter((frame) => frame.streamId === id && frame.channel === tunnelChannels.credit)
        .reduce((sum, { bytes }) => sum + decodeCredit(bytes), 0);
    const total = 640 * block.length;
    let sent = 0;
    const sendAllowed = (): void => {
      for (; sent < total && sent < streamWindowBytes + creditOf(); sent += block.length)
        worker.send(id, 'stdout', block);
    };
    const isStuck = async (): Promise<boolean> => {
      const before = sent;
      for (let count = 0; count < 20; count++) {
        await api.request('GET', '/livez');
      }
      return sent === before;
    };
    worker.socket.on('message', sendAllowed);
    sendAllowed();
    await waitFor('the reader to be full', isStuck);
    expect(sent).toBeLessThan(total / 2);

    const other = api.request('GET', `${tasksPath}/web/log`);
    const { id: otherId } = await worker.nextStream();
    worker.send(otherId, 'stdout', 'not held up');
    worker.end(otherId, {});
    expect((await other).text).toBe('not held up');

    let bytes = 0;
    for await (const chunk of slow as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes === total) worker.end(id, {});
    }
    expect(bytes).toBe(total);
  });

  it('ends a stream whose worker sends more than its window', async () => {
    const worker = await connectWorker();
    const log = await api.openBody(`${tasksPath}/web/log?follow=true`);
    const { id } = await worker.nextStream();
    for (let count = 0; count < 640; count++) worker.send(id, 'stdout', Buffer.alloc(64 * 1024, 120));
    await worker.frames.find(({ streamId, channel }) => streamId === id && channel === tunnelChannels.cancel);
    const read = async (): Promise<void> => {
      for await (const _chunk of log as AsyncIterable<Buffer>);
    };
    await expect(read()).rejects.toThrow();
  });
});

describe('exec', () => {
  it('joins stdin, stdout and stderr, and reports the exit code', async () => {
    const worker = await connectWorker();
    const client = openExec('command=sh&command=-c&command=cat&stdin=true&stdout=true&stderr=true');
    const { id, request } = await worker.nextStream();
    expect(request).toMatchObject({ type: 'exec', command: ['sh', '-c', 'cat'], stdin: true, tty: false });
    client.socket.send(Buffer.from('\x00hello'));
    const input = await worker.frames.find(({ channel, text }) => channel === tunnelChannels.stdin && text !== '');
    expect(input.text).toBe('hello');
    client.socket.send(Buffer.from([255, 0]));
    await worker.frames.find(({ channel, text }) => channel === tunnelChannels.stdin && text === '');
    worker.send(id, 'stdout', 'out');
    worker.send(id, 'stderr', 'err');
    worker.end(id, { exitCode: 3 });
    expect(await client.closed).toBe(1000);
    expect(client.frames.items.slice(0, 2)).toEqual([
      { channel: 1, text: 'out' },
      { channel: 2, text: 'err' },
    ]);
    const status = JSON.parse(client.frames.items[2]?.text ?? '') as object;
    expect(client.frames.items[2]?.channel).toBe(statusChannel);
    expect(status).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    });
  });

  it('passes the size of the terminal on, and says Success for exit code 0', async () => {
    const worker = await connectWorker();
    const client = openExec('command=sh&stdin=true&stdout=true&stderr=true&tty=true');
    const { id, request } = await worker.nextStream();
    expect(request).toMatchObject({ tty: true });
    client.socket.send(Buffer.from('\x04{"Width":80,"Height":24}'));
    const resize = await worker.frames.find(({ channel }) => channel === tunnelChannels.resize);
    expect(JSON.parse(resize.text)).toEqual({ width: 80, height: 24 });
    worker.end(id, { exitCode: 0 });
    const status = await client.frames.find(({ channel }) => channel === statusChannel);
    expect(JSON.parse(status.text)).toMatchObject({ status: 'Success' });
  });

  it('reports errors of the worker, and the loss of the tunnel, in the status', async () => {
    const worker = await connectWorker();
    const failing = openExec('command=sh&stdout=true');
    const { id } = await worker.nextStream();
    worker.end(id, { error: { code: 'BadRequest', message: 'container is not running' } });
    const failed = await failing.frames.find(({ channel }) => channel === statusChannel);
    expect(JSON.parse(failed.text)).toMatchObject({ status: 'Failure', message: 'container is not running' });
    const cut = openExec('command=sh&stdout=true');
    await worker.nextStream();
    worker.socket.terminate();
    const lost = await cut.frames.find(({ channel }) => channel === statusChannel);
    expect(JSON.parse(lost.text)).toMatchObject({ reason: 'ServiceUnavailable' });
  });

  it.each([
    ['', 'text'],
    ['channel.k8s.io', 'text'],
    ['v4.channel.k8s.io', 'status'],
    ['base64.channel.k8s.io', 'text'],
    ['v4.base64.channel.k8s.io', 'status'],
  ])('speaks "%s" as well, which older clients and browsers know', async (protocol, failure) => {
    const isText = protocol.includes('base64');
    const message = (channel: number, text: string): string | Buffer =>
      isText
        ? `${channel}${Buffer.from(text).toString('base64')}`
        : Buffer.from(`${String.fromCharCode(channel)}${text}`);
    const worker = await connectWorker();
    const client = openExec('command=sh&stdin=1&stdout=1&stderr=1&tty=1', protocol);
    const { id } = await worker.nextStream();
    expect(client.socket.protocol).toBe(protocol);
    client.socket.send(message(4, '{"Width":80,"Height":24}'));
    client.socket.send(message(0, 'grüße'));
    expect((await worker.frames.find(({ channel }) => channel === tunnelChannels.resize)).text).toContain('80');
    expect((await worker.frames.find(({ channel }) => channel === tunnelChannels.stdin)).text).toBe('grüße');
    worker.send(id, 'stdout', 'Grüße');
    worker.end(id, { exitCode: 3 });
    expect(await client.closed).toBe(1000);
    // A channel in base64 is a digit, 48 is that of 0.
    const frames = client.frames.items.map(({ channel, text }) =>
      isText ? { channel: channel - 48, text: Buffer.from(text, 'base64').toString() } : { channel, text },
    );
    expect(frames[0]).toEqual({ channel: 1, text: 'Grüße' });
    expect(frames[1]?.channel).toBe(statusChannel);
    const text = frames[1]?.text ?? '';
    const told = failure === 'text' ? text : (JSON.parse(text) as { message: string }).message;
    expect(told).toBe('command terminated with non-zero exit code: exit status 3');
  });

  it('HT-10: cancels on the worker when the client vanishes', async () => {
    const worker = await connectWorker();
    const client = openExec('command=sleep&command=1000&stdout=true');
    const { id } = await worker.nextStream();
    client.socket.terminate();
    const cancelled = await worker.frames.find(({ channel }) => channel === tunnelChannels.cancel);
    expect(cancelled.streamId).toBe(id);
  });

  it('HT-09: refuses before the upgrade what cannot work', async () => {
    const cases: [string, string, number][] = [
      [`${tasksPath}/web/exec?command=sh`, 'v5.channel.k8s.io', 503],
      [`${tasksPath}/web/exec?stdin=true`, 'v5.channel.k8s.io', 400],
      [`${tasksPath}/missing/exec?command=sh`, 'v5.channel.k8s.io', 404],
      [`${tasksPath}/web/exec?command=sh`, 'v9.channel.k8s.io', 400],
    ];
    for (const [path, protocol, wanted] of cases) {
      const socket = api.socket(path, protocol);
      sockets.push(socket);
      socket.on('error', () => undefined);
      const { status, json } = await refusal(socket);
      expect([path, status]).toEqual([path, wanted]);
      expect(json).toMatchObject({ kind: 'Status', details: {} });
    }
    expect((await api.request('GET', `${tasksPath}/web/exec?command=sh`)).status).toBe(400);
  });
});

describe('tunnels', () => {
  it('lets the newest one win and ends the streams of the old one', async () => {
    const old = await connectWorker();
    const answer = api.request('GET', `${tasksPath}/web/log`);
    await old.nextStream();
    const fresh = await connectWorker();
    expect((await answer).json).toMatchObject({
      reason: 'ServiceUnavailable',
      message: expect.stringContaining('broke off'),
    });
    expect(await old.closed).toBe(4000);
    const again = api.request('GET', `${tasksPath}/web/log`);
    const { id } = await fresh.nextStream();
    fresh.end(id, {});
    expect((await again).status).toBe(200);
  });

  it('survives frames that make no sense', async () => {
    const worker = await connectWorker();
    worker.socket.send(Buffer.from([1]));
    worker.socket.send(encodeTunnelFrame(99, 1, Buffer.from('nobody asked')));
    const answer = api.request('GET', `${tasksPath}/web/log`);
    const { id } = await worker.nextStream();
    worker.send(id, 'end', 'not json');
    expect((await answer).json.reason).toBe('InternalError');
  });
});
