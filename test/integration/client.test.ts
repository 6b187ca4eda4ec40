import { createServer as createHttpsServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureCertificates } from '../../src/api/certificates.js';
import type { Client } from '../../src/client/client.js';
import { createClient } from '../../src/client/create-client.js';
import { createInformer } from '../../src/client/informer.js';
import type { Task } from '../../src/model/task.js';
import { taskKind } from '../../src/model/task.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait-for.js';
import { startTestApi, type TestApi } from './api-harness.js';

const clock = createSystemClock();
const task = (name: string, spec: Partial<Task['spec']> = {}): Task => ({
  apiVersion: 'orch.dev/v1',
  kind: 'Task',
  metadata: { name, namespace: 'default' },
  spec: { image: 'busybox', ...spec },
});
const key = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name });

describe('with a manager', () => {
  let api: TestApi;
  let client: Client;
  beforeAll(async () => {
    api = await startTestApi({ historyLimit: 50 });
    client = createClient({ server: api.server.url, caPem: api.caPem, token: api.credentials.adminToken, clock });
  });
  afterAll(async () => {
    await client.close();
    await api.close();
  });
  afterEach(async () => {
    for (const item of (await client.list(taskKind)).items) {
      await client.delete(taskKind, key(item.metadata.name), { gracePeriodSeconds: 0 });
    }
  });

  it('creates, reads, lists, replaces, patches, applies and deletes', async () => {
    const made = await client.create(taskKind, task('web'));
    expect(made.object.metadata.uid).toMatch(/-/);
    expect((await client.get<Task>(taskKind, key('web'))).spec.image).toBe('busybox');

    const list = await client.list<Task>(taskKind, { namespace: 'default' });
    expect(list.items.map((item) => item.metadata.name)).toEqual(['web']);
    expect(list.items[0]?.kind).toBe('Task');
    expect(list.clusterUid).toBe(api.registry.clusterUid);

    const replaced = await client.replace(taskKind, key('web'), { ...made.object, spec: { image: 'busybox:2' } });
    expect(replaced.object.metadata.generation).toBe(2);
    const stale = client.replace(taskKind, key('web'), made.object);
    await expect(stale).rejects.toMatchObject({ code: 'Conflict' });

    const patched = await client.patch<Task>(
      taskKind,
      key('web'),
      { status: { state: 'Scheduled' } },
      { subresource: 'status' },
    );
    expect(patched.object.status?.state).toBe('Scheduled');

    const applied = await client.apply<Task>(taskKind, key('new'), task('new'), { fieldManager: 'test' });
    expect(applied.created).toBe(true);
    const again = await client.apply<Task>(taskKind, key('new'), task('new'), { fieldManager: 'test' });
    expect(again).toMatchObject({
      created: false,
      object: { metadata: { resourceVersion: applied.object.metadata.resourceVersion } },
    });
    const taken = client.apply(taskKind, key('new'), task('new', { image: 'other' }), { fieldManager: 'someone' });
    await expect(taken).rejects.toMatchObject({
      code: 'Conflict',
      details: { causes: [expect.objectContaining({ reason: 'FieldManagerConflict' })] },
    });

    const otherUid = client.delete(taskKind, key('new'), { uid: made.object.metadata.uid });
    await expect(otherUid).rejects.toMatchObject({ code: 'Conflict' });
    await client.delete(taskKind, key('new'), { dryRun: true });
    await client.delete(taskKind, key('new'), { uid: applied.object.metadata.uid });
    await expect(client.get(taskKind, key('new'))).rejects.toMatchObject({
      code: 'NotFound',
      details: { name: 'new' },
    });
  });

  it('gives what is wrong with an object, field by field', async () => {
    const bad = client.create(
      taskKind,
      task('web', {
        ports: [
          { containerPort: 80, hostPort: 81 },
          { containerPort: 82, hostPort: 81 },
        ],
      }),
    );
    await expect(bad).rejects.toMatchObject({
      code: 'Invalid',
      details: { causes: [expect.objectContaining({ field: 'spec.ports[1].hostPort' })] },
    });
  });

  it('watches from a version, and ends when it is told to', async () => {
    const { resourceVersion } = await client.list(taskKind);
    await client.create(taskKind, task('a'));
    await client.create(taskKind, task('b'));
    const stopping = new AbortController();
    const names: string[] = [];
    for await (const event of client.watch(taskKind, { resourceVersion, signal: stopping.signal })) {
      names.push(`${event.type} ${event.object.metadata.name}`);
      if (names.length === 2) stopping.abort();
    }
    expect(names).toEqual(['ADDED a', 'ADDED b']);
  });

  it('says Expired when the version is forgotten, and when another store answers', async () => {
    const { resourceVersion } = await client.list(taskKind);
    await client.create(taskKind, task('a'));
    for (let turn = 0; turn < 80; turn++) await client.patch(taskKind, key('a'), { spec: { priority: turn } });
    const current = (await client.list(taskKind)).resourceVersion;
    const read = async (resourceVersion: string, clusterUid?: string): Promise<void> => {
      const signal = new AbortController().signal;
      for await (const _ of client.watch(taskKind, { resourceVersion, signal, ...(clusterUid ? { clusterUid } : {}) }));
    };
    await expect(read(resourceVersion)).rejects.toMatchObject({ code: 'Expired' });
    await expect(read(current, 'another')).rejects.toMatchObject({
      code: 'Expired',
      message: expect.stringContaining('another store'),
    });
  });

  it('AP-01: keeps an informer in step with the store through cuts of the line', async () => {
    const events: string[] = [];
    const proxy = await startTcpProxy(api.server.port);
    const server = `https://127.0.0.1:${proxy.port}`;
    const farClient = createClient({ server, caPem: api.caPem, token: api.credentials.adminToken, clock });
    const informer = createInformer<Task>({
      client: farClient,
      kind: taskKind,
      options: { namespace: 'default' },
      clock,
      random: createSystemRandom(),
      logger: silentLogger,
      onEvent: ({ type, object }) => void events.push(`${type} ${object.metadata.name}`),
    });
    await client.create(taskKind, task('before'));
    informer.start();
    await informer.synced;
    expect(events).toEqual(['ADDED before']);
    for (let turn = 0; turn < 5; turn++) {
      await client.create(taskKind, task(`t${turn}`));
      proxy.cut();
      await client.delete(taskKind, key(`t${turn}`), { gracePeriodSeconds: 0 });
    }
    await client.create(taskKind, task('last'));
    await waitFor('the last event', () => events.includes('ADDED last'));
    const names = informer.list().map((item) => item.metadata.name);
    expect(names.sort()).toEqual(['before', 'last']);
    for (let turn = 0; turn < 5; turn++) {
      const seen = events.filter((event) => event.endsWith(` t${turn}`));
      expect(seen).toEqual([`ADDED t${turn}`, `DELETED t${turn}`]);
    }
    await informer.stop();
    await farClient.close();
    await proxy.close();
  });

  it('says why a WebSocket was refused', async () => {
    await client.create(taskKind, task('web'));
    const opened = client.openSocket(
      '/apis/orch.dev/v1/namespaces/default/tasks/web/exec',
      { command: ['ls'] },
      'v5.channel.k8s.io',
    );
    await expect(opened).rejects.toMatchObject({ code: 'BadRequest', message: expect.stringContaining('not placed') });
  });

  it('says Unauthorized for a wrong token', async () => {
    const stranger = createClient({ server: api.server.url, caPem: api.caPem, token: 'wrong', clock });
    await expect(stranger.list(taskKind)).rejects.toMatchObject({ code: 'Unauthorized' });
    await stranger.close();
  });
});

describe('with a server that misbehaves', () => {
  let folder: string;
  let tls: { caPem: string; key: string; cert: string };
  let handle: (request: IncomingMessage, response: ServerResponse) => void;
  let server: Server;
  let client: Client;
  let asked: string[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orch-client-'));
    tls = await ensureCertificates({ directory: folder, hosts: [], clock });
    server = createHttpsServer({ key: tls.key, cert: tls.cert }, (request, response) => {
      asked.push(`${request.method} ${request.url}`);
      handle(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const url = (): string => `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connect = (options: Partial<Parameters<typeof createClient>[0]> = {}): Client => {
    asked = [];
    client = createClient({ server: url(), caPem: tls.caPem, token: 't', clock, ...options });
    return client;
  };
  afterEach(() => client.close());

  it('asks again when it is told to, for a bounded number of times', async () => {
    let busy = 2;
    handle = (_request, response) => {
      if (busy-- > 0) response.writeHead(429, { 'retry-after': '0' }).end('{}');
      else response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [] }));
    };
    expect((await connect().list(taskKind)).items).toEqual([]);
    expect(asked).toHaveLength(3);

    handle = (_request, response) => void response.writeHead(503, { 'retry-after': '0' }).end('{}');
    await expect(connect().list(taskKind)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    expect(asked).toHaveLength(4);
    // A create may have been carried out.
    await expect(connect().create(taskKind, task('a'))).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    expect(asked).toHaveLength(1);
  });

  it('gives up on an answer that does not come, and says what that means', async () => {
    handle = () => undefined;
    const slow = connect({ timeoutMilliseconds: 100 }).get(taskKind, key('a'));
    await expect(slow).rejects.toMatchObject({
      code: 'Timeout',
      message: expect.stringMatching(/no answer from .* within 0\.1 s.*asking again is safe/),
    });
  });

  it('gives up on a body that stops in the middle', async () => {
    handle = (_request, response) => void response.write('{"items":');
    const response = await connect().request({ method: 'GET', path: '/x', idleTimeoutMilliseconds: 100 });
    await expect(response.text()).rejects.toMatchObject({
      code: 'Timeout',
      message: expect.stringContaining('silent'),
    });
  });

  it('never takes a part of a body for the whole', async () => {
    handle = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"items":[]}', () => response.destroy());
    };
    await expect(connect().list(taskKind)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  });

  it('does not fail because a kept connection was closed by the server', async () => {
    handle = (_request, response) => void response.end('{"kind":"Task","metadata":{}}');
    connect();
    await client.get(taskKind, key('a'));
    server.closeAllConnections();
    await client.get(taskKind, key('b'));
    expect(asked.filter((line) => line.endsWith('/b'))).toHaveLength(1);
  });

  it('does not fail because several kept connections died with the server: it asks again over a new one', async () => {
    const known = new WeakSet<object>();
    let waiting: ServerResponse[] = [];
    handle = (request, response) => {
      if (known.has(request.socket)) return void request.socket.destroy();
      known.add(request.socket);
      waiting.push(response);
      if (waiting.length < 3) return;
      for (const one of waiting) one.end('{"kind":"Task","metadata":{}}');
    };
    connect();
    await Promise.all(['a', 'b', 'c'].map((name) => client.get(taskKind, key(name))));
    waiting = [...waiting.slice(0, 2)];
    await client.get(taskKind, key('d'));

    handle = (request) => void request.socket.destroy();
    await expect(client.get(taskKind, key('e'))).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  });

  it('says that it is no manager when the answer is not one', async () => {
    handle = (_request, response) => void response.writeHead(404).end('<h1>nginx</h1>');
    await expect(connect().get(taskKind, key('a'))).rejects.toMatchObject({
      message: expect.stringMatching(/404: <h1>nginx<\/h1> \(not an answer of an orch manager/),
    });
    handle = (_request, response) => void response.end('hello');
    await expect(connect().get(taskKind, key('a'))).rejects.toMatchObject({
      message: expect.stringContaining('not a JSON'),
    });
  });

  it('trusts only the authority that it was given', async () => {
    const other = await mkdtemp(join(tmpdir(), 'orch-client-'));
    const { caPem } = await ensureCertificates({ directory: other, hosts: [], clock });
    await rm(other, { recursive: true });
    const refused = connect({ caPem }).get(taskKind, key('a'));
    await expect(refused).rejects.toMatchObject({
      code: 'ServiceUnavailable',
      message: expect.stringContaining('not signed by'),
    });
    expect(asked).toEqual([]);
  });

  it('says that nobody answers, that it is no TLS, and that a connection does not come about', async () => {
    const tcp = createTcpServer((socket) =>
      socket.on('error', () => undefined).on('data', () => socket.end('HTTP/1.0 400 no\r\n\r\n')),
    );
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const address = `https://127.0.0.1:${(tcp.address() as AddressInfo).port}`;
    const plain = connect({ server: address }).get(taskKind, key('a'));
    await expect(plain).rejects.toMatchObject({ message: expect.stringContaining('does not speak TLS') });
    await client.close();
    tcp.close();
    await once(tcp, 'close');
    const refused = connect({ server: address }).get(taskKind, key('a'));
    await expect(refused).rejects.toMatchObject({
      message: expect.stringMatching(/connection refused\): is `orch up` running/),
    });
    await client.close();

    // Takes connections and never says a word.
    const silent = createTcpServer((socket) => socket.on('error', () => undefined));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const silentAddress = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const stuck = connect({ server: silentAddress, connectTimeoutMilliseconds: 100 }).get(taskKind, key('a'));
    await expect(stuck).rejects.toMatchObject({ code: 'Timeout', message: expect.stringContaining('no connection') });
    silent.close();
  });

  it('refuses an address without TLS', () => {
    expect(() => connect({ server: 'http://127.0.0.1:1' })).toThrow('write it like https://host:7443');
    connect();
  });
});
