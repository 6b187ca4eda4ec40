import { Agent } from 'node:https';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Express } from 'express';
import { createApp } from '../../src/api/create-app.js';
import { TunnelHub } from '../../src/api/streams/tunnel-hub.js';
import { WatchFrames } from '../../src/api/watch-frames.js';
import { taskKind, type Task } from '../../src/model/task.js';
import { defaultHandshakeLimits } from '../../src/api/connections/handshake-budget.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { certificateRequest, makeKey } from '../../src/app/worker-identity.js';
import { startTestApi, taskObject, tasksPath, type NodeIdentity, type TestApi } from './api-harness.js';

let api: TestApi;
let nodeA: NodeIdentity;
let nodeB: NodeIdentity;
let joinToken: string;

beforeAll(async () => {
  const many = { burst: 10_000, perSecond: 1_000 };
  // More strangers come here than may anywhere else.
  api = await startTestApi({ handshakeLimits: { ...defaultHandshakeLimits, perStranger: many, perKnown: many } });
  nodeA = await api.admit('a');
  nodeB = await api.admit('b');
  joinToken = await api.joinToken();
  for (const [name, nodeName] of [
    ['on-a', 'a'],
    ['on-b', 'b'],
  ] as const) {
    await api.request('POST', tasksPath, { body: taskObject(name) });
    await bind(name, nodeName);
  }
  await api.request('POST', tasksPath, { body: taskObject('unbound') });
});
afterAll(() => api.close());

async function bind(name: string, nodeName: string | undefined): Promise<void> {
  await api.registry.mutate<Task>(taskKind, { namespace: 'default', name }, (task) => ({
    ...task,
    spec: nodeName === undefined ? without(task.spec) : { ...task.spec, nodeName },
    status: { ...task.status, state: nodeName === undefined ? 'Pending' : 'Scheduled' },
  }));
}

function without({ nodeName: _gone, ...spec }: Task['spec']): Task['spec'] {
  return spec;
}

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
}

/** Every route that express knows, with its parameters filled in. */
function allRoutes(): { method: string; path: string }[] {
  const clock = createSystemClock();
  const app: Express = createApp({
    context: {
      registry: api.registry,
      clock,
      random: createSystemRandom(),
      logger: silentLogger,
      frames: new WatchFrames(clock),
      tunnels: new TunnelHub(clock, silentLogger),
      openStreams: new Set(),
    },
    authenticator: { authenticate: async () => undefined },
    admissions: { join: async () => '' },
    heartbeats: { beat: () => 'ok', heartbeatPeriodSeconds: 10 },
    version: '0.1.0',
    readManagerFiles: async () => [],
  });
  const served = ['get', 'post', 'put', 'patch', 'delete'];
  const routes = (app.router.stack as unknown as Layer[]).flatMap(({ route }) =>
    route
      ? served
          .filter((method) => route.methods[method] || route.methods['_all'])
          .map((method) => `${method.toUpperCase()} ${route.path}`)
      : [],
  );
  return [...new Set(routes)].map((route) => {
    const [method = '', path = ''] = route.split(' ');
    return { method, path: path.replace(':namespace', 'default').replace(':name', 'on-a') };
  });
}

describe('who may come in', () => {
  it('SE-01: answers nobody without a token, on every route there is', async () => {
    const anonymous = ['/livez', '/readyz', '/healthz', '/version'];
    const routes = allRoutes().filter(({ path }) => !anonymous.includes(path));
    expect(routes.length).toBeGreaterThan(50);
    // Each answer to a stranger ends its connection; an agent makes the next one without a whole handshake.
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const refuse = async (method: string, path: string, token: string | null): Promise<void> => {
      const { status, json } = await api.request(method, path, { token, agent });
      expect([method, path, status, json?.reason]).toEqual([method, path, 401, 'Unauthorized']);
    };
    const tokens = [null, 'admin.wrong', `${joinToken}x`, ''];
    for (const token of tokens) await refuse('GET', tasksPath, token);
    await Promise.all(
      routes.map(({ method, path }, index) => refuse(method, path, tokens[index % tokens.length] ?? null)),
    );
    agent.destroy();
    for (const path of anonymous) expect((await api.request('GET', path, { token: null })).status).toBe(200);
    expect((await api.request('GET', '/unknown', { token: null })).status).toBe(401);
  }, 60_000);

  it('HT-09: refuses upgrades without a token or right before anything else, as HTTP', async () => {
    const paths: [string, string | NodeIdentity | undefined, number][] = [
      ['/apis/orch.dev/v1/workers/a/tunnel', 'wrong', 401],
      ['/apis/orch.dev/v1/workers/a/tunnel', nodeB, 403],
      ['/apis/orch.dev/v1/workers/a/tunnel', joinToken, 403],
      [`${tasksPath}/on-a/exec?command=sh`, 'wrong', 401],
      [`${tasksPath}/on-a/exec?command=sh`, nodeA, 403],
      ['/apis/orch.dev/v1/anything', undefined, 404],
    ];
    for (const [path, token, status] of paths) {
      const socket = api.socket(path, path.includes('tunnel') ? 'v1.tunnel.orch.dev' : 'v5.channel.k8s.io', token);
      const refused = await new Promise((resolve) => {
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
        socket.on('open', () => resolve('opened'));
      });
      socket.on('error', () => undefined);
      socket.terminate();
      expect([path, refused]).toEqual([path, status]);
    }
  });

  it('refuses impersonation, which it would otherwise ignore', async () => {
    const { status } = await api.request('GET', tasksPath, { headers: { 'impersonate-user': 'root' } });
    expect(status).toBe(403);
  });

  it('lets the join token do one thing', async () => {
    const token = joinToken;
    const body = { csr: await certificateRequest(await makeKey(), 'c') };
    const joined = await api.request('POST', '/apis/orch.dev/v1/workers/c/join', { token, body });
    expect(joined.json.certificate).toContain('BEGIN CERTIFICATE');
    expect((await api.request('POST', '/apis/orch.dev/v1/workers/Not_A_Name/join', { token, body })).status).toBe(400);
    expect((await api.request('POST', '/apis/orch.dev/v1/workers/d/join', { token, body: {} })).status).toBe(400);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const { method, path } of allRoutes()) {
      if (path.endsWith('/join') || ['/livez', '/readyz', '/healthz', '/version'].includes(path)) continue;
      const { status } = await api.request(method, path, { token, agent });
      expect([method, path, [403, 405].includes(status)]).toEqual([method, path, true]);
    }
    agent.destroy();
  });
});

describe('what a worker may do', () => {
  const merge = (body: object, token: NodeIdentity): object => ({ token, body, type: 'application/merge-patch+json' });

  it('SE-05: sees its own tasks and node only', async () => {
    const list = await api.request('GET', '/apis/orch.dev/v1/tasks', { token: nodeA });
    expect(list.json.items.map((item: Task) => item.metadata.name)).toEqual(['on-a']);
    expect((await api.request('GET', `${tasksPath}/on-a`, { token: nodeA })).status).toBe(200);
    for (const name of ['on-b', 'unbound', 'missing']) {
      expect((await api.request('GET', `${tasksPath}/${name}`, { token: nodeA })).status).toBe(404);
    }
    const nodes = await api.request('GET', '/api/v1/nodes', { token: nodeA });
    expect(nodes.json.items).toHaveLength(1);
    expect((await api.request('GET', '/api/v1/nodes/b', { token: nodeA })).status).toBe(403);
  });

  it('SE-05: reads a ConfigMap or Secret only for a task on it that names it, and tells nothing else of any', async () => {
    const core = '/api/v1/namespaces/default';
    for (const name of ['named', 'other']) {
      await api.request('POST', `${core}/secrets`, { body: { metadata: { name }, stringData: { password: name } } });
      await api.request('POST', `${core}/configmaps`, { body: { metadata: { name }, data: { color: name } } });
    }
    const spec = {
      image: 'busybox',
      env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'named', key: 'password' } } }],
      envFrom: [{ configMapRef: { name: 'named' } }, { secretRef: { name: 'missing' } }],
    };
    for (const [name, nodeName] of [
      ['needs-a', 'a'],
      ['needs-b', 'b'],
      ['needs-nowhere', undefined],
    ] as const) {
      const task = { ...taskObject(name), spec };
      expect((await api.request('POST', tasksPath, { body: task })).status).toBe(201);
      await bind(name, nodeName);
    }
    const read = (path: string, token = nodeA): ReturnType<TestApi['request']> =>
      api.request('GET', `${core}/${path}`, { token });
    const secret = await read('secrets/named?forTask=needs-a');
    expect([secret.status, secret.json.data]).toEqual([200, { password: Buffer.from('named').toString('base64') }]);
    expect((await read('configmaps/named?forTask=needs-a')).json.data).toEqual({ color: 'named' });
    expect((await read('secrets/missing?forTask=needs-a')).status).toBe(404);
    for (const path of [
      'secrets/named',
      'secrets/named?forTask=',
      'secrets/named?forTask=needs-b',
      'secrets/named?forTask=needs-nowhere',
      'secrets/named?forTask=on-a',
      'secrets/named?forTask=gone',
      'secrets/other?forTask=needs-a',
      'configmaps/other?forTask=needs-a',
      'configmaps/missing?forTask=needs-a',
      'secrets?forTask=needs-a',
      'secrets?watch=true&forTask=needs-a',
      'configmaps',
    ]) {
      const refused = await read(path);
      expect([path, refused.status]).toEqual([path, 403]);
      expect(refused.text).not.toContain(Buffer.from('named').toString('base64'));
    }
    expect((await read('secrets/named?forTask=needs-a', nodeB)).status).toBe(403);
    const another = '/api/v1/namespaces/another/secrets/named?forTask=needs-a';
    expect((await api.request('GET', another, { token: nodeA })).status).toBe(403);
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const path = `${core}/secrets/named?forTask=needs-a`;
      const refused = await api.request(method, path, { token: nodeA, ...(method === 'DELETE' ? {} : { body: {} }) });
      expect([method, refused.status]).toEqual([method, 403]);
    }
    // Once it is elsewhere it is no business of this worker any more.
    await bind('needs-a', undefined);
    await bind('needs-a', 'b');
    expect((await read('secrets/named?forTask=needs-a')).status).toBe(403);
  });

  it('watches tasks come and go as they are placed and moved', async () => {
    await api.request('POST', tasksPath, { body: taskObject('moving') });
    const selector = encodeURIComponent('metadata.name=moving');
    const watch = await api.openWatch(`/apis/orch.dev/v1/tasks?watch=true&fieldSelector=${selector}`, { token: nodeA });
    await bind('moving', 'a');
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { spec: { nodeName: 'a' } } });
    await bind('moving', undefined);
    expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'moving' } } });
    watch.destroy();
  });

  it('SE-05: reports status of its own tasks, and nothing else about them', async () => {
    const body = { status: { state: 'Running', containerID: 'c1' } };
    const own = await api.request('PATCH', `${tasksPath}/on-a/status`, merge(body, nodeA));
    expect(own.json.status).toMatchObject(body.status);
    expect((await api.request('PATCH', `${tasksPath}/on-b/status`, merge(body, nodeA))).status).toBe(404);
    expect((await api.request('PATCH', `${tasksPath}/on-a`, merge({ spec: { image: 'x' } }, nodeA))).status).toBe(403);
    expect((await api.request('PUT', `${tasksPath}/on-a`, { token: nodeA, body: taskObject('on-a') })).status).toBe(
      403,
    );
    expect((await api.request('POST', tasksPath, { token: nodeA, body: taskObject('new') })).status).toBe(403);
    const json = await api.request('PATCH', `${tasksPath}/on-a/status`, {
      token: nodeA,
      type: 'application/json-patch+json',
      body: [{ op: 'remove', path: '/status/state' }],
    });
    expect(json.status).toBe(403);
    const stale = { ...body, metadata: { uid: '0b4e3b1e-4f0e-4c5e-9d52-0a2c2d6f7a10' } };
    expect((await api.request('PATCH', `${tasksPath}/on-a/status`, merge(stale, nodeA))).status).toBe(409);
  });

  it('confirms deletions that were asked for, of the object it knows', async () => {
    const remove = (body: object): Promise<{ status: number }> =>
      api.request('DELETE', `${tasksPath}/on-a`, { token: nodeA, body });
    const { json: task } = await api.request('GET', `${tasksPath}/on-a`);
    const { uid } = task.metadata;
    expect((await remove({})).status).toBe(403);
    expect((await remove({ gracePeriodSeconds: 0, preconditions: { uid } })).status).toBe(403);
    const asked = await api.request('DELETE', `${tasksPath}/on-a`);
    expect(asked.json.metadata.deletionTimestamp).toBeDefined();
    expect((await remove({ gracePeriodSeconds: 0, preconditions: { uid: 'other' } })).status).toBe(409);
    expect((await remove({ gracePeriodSeconds: 0, preconditions: { uid } })).status).toBe(200);
    expect((await remove({ gracePeriodSeconds: 0, preconditions: { uid } })).status).toBe(404);
    const other = { gracePeriodSeconds: 0, preconditions: { uid } };
    expect((await api.request('DELETE', `${tasksPath}/on-b`, { token: nodeA, body: other })).status).toBe(404);
  });

  it('keeps its node, but not its spec, nor other nodes', async () => {
    const status = { status: { capacity: { cpu: '2' } } };
    expect((await api.request('PATCH', '/api/v1/nodes/a/status', merge(status, nodeA))).status).toBe(200);
    const patched = (metadata: object, path = '/api/v1/nodes/a'): ReturnType<TestApi['request']> =>
      api.request('PATCH', path, merge({ metadata }, nodeA));
    expect((await patched({ labels: { 'kubernetes.io/arch': 'amd64' } })).status).toBe(200);
    for (const metadata of [
      { labels: { disk: 'ssd' } },
      { labels: { 'kubernetes.io/hostname': 'b' } },
      { finalizers: ['evil/keep'] },
      { annotations: { 'orch.dev/worker-key-sha256': '0' } },
      { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'b', uid: 'u' }] },
    ]) {
      expect([metadata, (await patched(metadata)).status]).toEqual([metadata, 403]);
      const { json: node } = await api.request('GET', '/api/v1/nodes/a');
      const put = { ...node, metadata: { ...node.metadata, ...metadata } };
      expect((await api.request('PUT', '/api/v1/nodes/a', { token: nodeA, body: put })).status).toBe(403);
      const applied = { token: nodeA, body: { metadata }, type: 'application/apply-patch+yaml' };
      const apply = await api.request('PATCH', '/api/v1/nodes/a?fieldManager=w&force=true', applied);
      expect([metadata, apply.status]).toEqual([metadata, 403]);
      expect((await api.request('GET', '/api/v1/nodes/a')).json).toEqual(node);
    }
    expect((await api.request('PATCH', '/api/v1/nodes/a', merge({ spec: { taints: [] } }, nodeA))).status).toBe(403);
    expect((await api.request('PATCH', '/api/v1/nodes/b/status', merge(status, nodeA))).status).toBe(403);
    expect(
      (await api.request('POST', '/api/v1/nodes', { token: nodeA, body: { metadata: { name: 'z' } } })).status,
    ).toBe(403);
    expect((await api.request('DELETE', '/api/v1/nodes/a', { token: nodeA })).status).toBe(403);
    for (const path of ['/apis/orch.dev/v1/sources', '/api/v1/namespaces', '/api/v1/events', `${tasksPath}/on-b/log`]) {
      expect([path, (await api.request('GET', path, { token: nodeA })).status]).toEqual([path, 403]);
    }
  });

  it('reports events of its own tasks, under its own name', async () => {
    const { json: task } = await api.request('GET', `${tasksPath}/on-b`);
    const event = {
      task: { name: 'on-b', namespace: 'default', uid: task.metadata.uid },
      state: 'Scheduled',
      timestamp: '2026-01-01T00:00:00Z',
      reason: 'Pulling',
      message: 'pulling the image',
      source: 'somebody else',
    };
    const path = '/apis/orch.dev/v1/namespaces/default/taskevents';
    const body = { ...event, metadata: { generateName: 'on-b.' } };
    expect((await api.request('POST', path, { token: nodeA, body })).status).toBe(404);
    expect((await api.request('POST', path, { token: nodeB, body })).status).toBe(201);
    const another = { ...body, task: { ...event.task, uid: 'another' } };
    expect((await api.request('POST', path, { token: nodeB, body: another })).status).toBe(409);
    expect((await api.request('POST', path, { token: nodeB, body: { ...body, state: 'Odd' } })).status).toBe(422);
    const { json } = await api.request('GET', '/api/v1/namespaces/default/events?fieldSelector=reason%3DPulling');
    expect(json.items).toHaveLength(1);
    expect(json.items[0]).toMatchObject({
      source: { component: 'worker', host: 'b' },
      involvedObject: { name: 'on-b' },
    });
  });

  it('ND-08: beats for itself, and hears of a second one with its name', async () => {
    const beat = (name: string, sessionId: unknown): Promise<{ status: number }> =>
      api.request('POST', `/apis/orch.dev/v1/workers/${name}/heartbeat`, { token: nodeA, body: { sessionId } });
    expect((await beat('a', 's1')).status).toBe(200);
    expect(api.beats).toContain('a/s1');
    expect((await beat('a', 'other')).status).toBe(409);
    expect((await beat('a', 7)).status).toBe(400);
    expect((await beat('b', 's1')).status).toBe(403);
  });
});

describe('the connection', () => {
  it('HT-07: refuses malformed and ambiguous requests and closes', async () => {
    const { port } = api.server;
    const answers = [
      'GET /livez HTTP/1.1\r\n\r\n', // no Host
      'POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na',
    ].map(
      (text) =>
        new Promise<string>((resolve, reject) => {
          let answer = '';
          const socket = connect({ port, host: '127.0.0.1', ca: api.caPem, servername: 'localhost' }, () =>
            socket.write(text),
          );
          socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
          socket.on('close', () => resolve(answer));
          socket.on('error', reject);
        }),
    );
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });

  it('sets the headers of a careful server and no cookie', async () => {
    const { headers } = await api.request('GET', tasksPath);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'content-type': 'application/json' });
    expect(headers).not.toHaveProperty('set-cookie');
    expect(headers).not.toHaveProperty('x-powered-by');
  });
});
