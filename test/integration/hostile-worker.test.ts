import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeKind } from '../../src/model/node.js';
import { taskKind, type Task } from '../../src/model/task.js';
import { tunnelChannels } from '../../src/model/worker-tunnel.js';
import { hostileJson, hostileWord } from '../support/hostile.js';
import '../support/property-seed.js';
import { startTestApi, taskObject, tasksPath, type TestApi } from './api-harness.js';
import { connectFakeWorker } from './fake-worker.js';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await api.registry.create(nodeKind, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } });
  await api.request('POST', tasksPath, { body: taskObject('web') });
  await api.registry.mutate<Task>(taskKind, { namespace: 'default', name: 'web' }, (task) => ({
    ...task,
    spec: { ...task.spec, nodeName: 'a' },
    status: { ...task.status, state: 'Scheduled' },
  }));
});
afterAll(() => api.close());

type Message =
  | { type: 'frame'; own: boolean; channel: number; payload: Uint8Array }
  | { type: 'raw'; bytes: Uint8Array }
  | { type: 'text'; text: string };

const names = ['exitCode', 'error', 'code', 'message', 'width', 'height', 'type'];
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  hostileJson(names).map((value) => Buffer.from(JSON.stringify(value) ?? '')),
  fc.record({ code: hostileWord, message: hostileWord }).map((error) => Buffer.from(JSON.stringify({ error }))),
  fc.constant(Buffer.from('{"exitCode":1e999}')),
  fc.constant(Buffer.alloc(400_000)),
);
const message: fc.Arbitrary<Message> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('frame' as const),
      own: fc.boolean(),
      channel: fc.nat({ max: 9 }),
      payload,
    }),
  },
  fc.record({ type: fc.constant('raw' as const), bytes: fc.uint8Array({ maxLength: 12 }) }),
  fc.record({ type: fc.constant('text' as const), text: hostileWord }),
);

describe('a worker that answers anything', () => {
  it.each(['constructor', '__proto__', 'toString'])('is answered for as a fault of it: the code %s', async (code) => {
    const worker = await connectFakeWorker(api);
    const answer = api.request('GET', `${tasksPath}/web/log`);
    const { id } = await worker.nextStream();
    worker.end(id, { error: { code, message: 'boo' } });
    expect(await answer).toMatchObject({ status: 500, json: { reason: 'InternalError', message: 'boo' } });
    worker.socket.terminate();
  });

  it('ends its own streams, each with an answer, and nothing else', async () => {
    const property = fc.asyncProperty(fc.array(message, { maxLength: 12 }), async (messages) => {
      const worker = await connectFakeWorker(api);
      const log = api.request('GET', `${tasksPath}/web/log`).catch(() => undefined);
      const exec = api.socket(`${tasksPath}/web/exec?command=true&stdout=true`, 'v5.channel.k8s.io');
      const execClosed = new Promise((resolve) => exec.once('close', resolve));
      exec.on('error', () => undefined);
      const [one, two] = [await worker.nextStream(), await worker.nextStream()];
      for (const sent of messages) {
        if (worker.socket.readyState !== worker.socket.OPEN) break;
        if (sent.type === 'raw') worker.socket.send(sent.bytes);
        else if (sent.type === 'text') worker.socket.send(sent.text);
        else {
          const header = Buffer.alloc(5);
          header.writeUInt32BE(sent.own ? one.id : two.id);
          header[4] = sent.channel;
          worker.socket.send(Buffer.concat([header, sent.payload]));
        }
      }
      worker.socket.close();
      await Promise.all([log, execClosed, worker.closed]);
      expect((await api.request('GET', tasksPath)).status).toBe(200);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('gets no further ahead of what it takes by claiming that it took more', async () => {
    const worker = await connectFakeWorker(api);
    const exec = api.socket(`${tasksPath}/web/exec?command=cat&stdin=true`, 'v5.channel.k8s.io');
    exec.on('error', () => undefined);
    const { id } = await worker.nextStream();
    for (let count = 0; count < 10; count++) worker.send(id, 'credit', Uint8Array.of(255, 255, 255, 255));
    await new Promise((resolve) => (exec.readyState === exec.OPEN ? resolve(undefined) : exec.once('open', resolve)));
    const piece = Buffer.concat([Buffer.of(0), Buffer.alloc(100_000)]);
    for (let count = 0; count < 40; count++) exec.send(piece);
    const stdin = (): number =>
      worker.frames.items
        .filter(({ channel }) => channel === tunnelChannels.stdin)
        .reduce((sum, { bytes }) => sum + bytes.length, 0);
    await worker.frames.find(() => stdin() >= 256 * 1024);
    // A round trip over the same tunnel: whatever was to come by then has come.
    const log = api.request('GET', `${tasksPath}/web/log`);
    const other = await worker.nextStream();
    worker.end(other.id, {});
    await log;
    expect(stdin()).toBeLessThan(512 * 1024);
    worker.socket.terminate();
    exec.terminate();
  });

  it('has the manager keep a bounded part of what it claims to take and does not read', async () => {
    const worker = await connectFakeWorker(api);
    const exec = api.socket(`${tasksPath}/web/exec?command=cat&stdin=true`, 'v5.channel.k8s.io');
    exec.on('error', () => undefined);
    const { id } = await worker.nextStream();
    await new Promise((resolve) => (exec.readyState === exec.OPEN ? resolve(undefined) : exec.once('open', resolve)));
    worker.socket.pause();
    const claims = setInterval(() => worker.send(id, 'credit', Uint8Array.of(255, 255, 255, 255)), 1);
    const mebibyte = Buffer.concat([Buffer.of(0), Buffer.alloc(2 ** 20)]);
    let sent = 0;
    try {
      while (exec.readyState === exec.OPEN && sent < 200) {
        await new Promise((resolve) => exec.send(mebibyte, resolve));
        sent++;
      }
    } finally {
      clearInterval(claims);
      worker.socket.terminate();
      exec.terminate();
    }
    expect(sent).toBeLessThan(100);
  });
});
