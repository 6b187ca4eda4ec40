import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { deploymentKind, type Deployment } from '../../src/model/deployment.js';
import { nodeKind, type Node } from '../../src/model/node.js';
import { taskKind, type Task } from '../../src/model/task.js';
import {
  startTestApi,
  taskObject,
  tasksPath,
  type NodeIdentity,
  type TestApi,
  type TestResponse,
} from './api-harness.js';
import { connectFakeWorker, Inbox, type FakeWorker } from './fake-worker.js';

/**
 * The requests of k9s (client-go: typed, dynamic informers, tables) and of Headlamp (a browser: lists, and watches and logs
 * over WebSockets), as they make them, and what they need in the answers. The tools themselves are not started: neither can be
 * installed from a registry. k9s 0.26.7, built from its source, was run by hand.
 */
const k9sTable =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';
const typed = 'application/vnd.kubernetes.protobuf,application/json';
const podsPath = '/api/v1/namespaces/default/pods';
const deploymentsPath = '/apis/apps/v1/namespaces/default/deployments';

// What is looked at has many shapes.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Seen = any;

let api: TestApi;
let worker: FakeWorker;
const sockets: WebSocket[] = [];

beforeAll(async () => {
  api = await startTestApi();
  await api.registry.create(nodeKind, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } });
  const usage = { cpuMillicores: 20, memoryBytes: 2 ** 20, time: '2026-01-01T00:00:00Z' };
  await api.registry.mutate<Node>(nodeKind, { name: 'a' }, (node) => ({ ...node, status: { usage } }));
  await api.request('POST', tasksPath, { body: taskObject('web', {}, { labels: { app: 'web' } }) });
  await api.registry.mutate<Task>(taskKind, { namespace: 'default', name: 'web' }, (task) => ({
    ...task,
    spec: { ...task.spec, nodeName: 'a' },
    status: { ...task.status, state: 'Scheduled' },
  }));
  const template = {
    metadata: { labels: { app: 'shop' } },
    spec: { containers: [{ name: 'shop', image: 'busybox:latest' }] },
  };
  const spec = { replicas: 2, selector: { matchLabels: { app: 'shop' } }, template };
  await api.registry.create<Deployment>(deploymentKind, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop', namespace: 'default' },
    spec,
  });
  worker = await connectFakeWorker(api);
});
afterAll(() => api.close());
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate();
});

const get = (path: string, accept?: string): Promise<TestResponse> =>
  api.request('GET', path, accept === undefined ? {} : { headers: { accept } });

describe('k9s at its start', () => {
  it('finds a version that it can parse, and the metrics among the groups', async () => {
    const version = await get('/version?timeout=5s', 'application/json, */*');
    expect(version.json).toMatchObject({ major: '1', minor: '32', gitVersion: expect.stringMatching(/^v1\.32\.\d+/) });
    const { json } = await get('/apis', 'application/json, */*');
    const groups = json.groups as { name: string; versions: { version: string }[] }[];
    expect(groups.find(({ name }) => name === 'metrics.k8s.io')?.versions).toMatchObject([{ version: 'v1beta1' }]);
  });

  it('finds each preferred resource with its kind, scope and verbs', async () => {
    const { json } = await get('/apis', 'application/json, */*');
    const paths = json.groups.map((group: Seen) => `/apis/${group.preferredVersion.groupVersion}`) as string[];
    const seen = new Map<string, string[]>();
    for (const path of ['/api/v1', ...paths]) {
      const list = await get(path, 'application/json, */*');
      expect(list.json.kind, path).toBe('APIResourceList');
      for (const { name, kind, namespaced, verbs } of list.json.resources) {
        expect([typeof kind, typeof namespaced]).toEqual(['string', 'boolean']);
        seen.set(`${list.json.groupVersion} ${name}`, verbs);
      }
    }
    // k9s leaves core events out, because it wants those of the newer group.
    for (const name of ['v1 pods', 'v1 nodes', 'v1 namespaces', 'apps/v1 deployments', 'events.k8s.io/v1 events']) {
      expect(seen.get(name), name).toEqual(expect.arrayContaining(['get', 'list', 'watch']));
    }
    expect(seen.get('apps/v1 deployments/scale')).toEqual(expect.arrayContaining(['get', 'update']));
  });

  it('may see and change what it shows, as each of its reviews says', async () => {
    const resources = [
      { group: '', version: 'v1', resource: 'namespaces' },
      { group: '', version: 'v1', resource: 'pods', namespace: 'default' },
      { group: '', version: 'v1', resource: 'pods', subresource: 'log', name: 'web', namespace: 'default' },
      { group: 'apps', version: 'v1', resource: 'deployments', subresource: 'scale', name: 'shop' },
      { group: 'events.k8s.io', version: 'v1', resource: 'events' },
      { group: 'metrics.k8s.io', version: 'v1beta1', resource: 'nodes' },
    ];
    for (const resource of resources) {
      for (const verb of ['get', 'list', 'watch', 'patch', 'delete']) {
        const review = { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata: {} };
        const { status, json } = await api.request(
          'POST',
          '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?timeout=15s',
          { body: { ...review, spec: { resourceAttributes: { ...resource, verb } } }, headers: { accept: typed } },
        );
        expect(status).toBe(201);
        expect(json).toMatchObject({ ...review, status: { allowed: true } });
      }
    }
  });

  it('takes a plain Status for the CustomResourceDefinitions that there are none of', async () => {
    const answer = await get('/apis/apiextensions.k8s.io/v1/customresourcedefinitions?limit=500&resourceVersion=0');
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ kind: 'Status', reason: 'NotFound', details: {} });
  });

  it('lists namespaces by a typed client, which would rather have protobuf', async () => {
    const { status, headers, json } = await get('/api/v1/namespaces', typed);
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(json).toMatchObject({ kind: 'NamespaceList', apiVersion: 'v1' });
    expect(json.items.map(({ metadata }: Seen) => metadata.name)).toContain('default');
  });
});

describe('the views of k9s', () => {
  it.each([
    ['pods', podsPath, 'web'],
    ['nodes', '/api/v1/nodes', 'a'],
    ['namespaces', '/api/v1/namespaces', 'default'],
    ['deployments', deploymentsPath, 'shop'],
    ['tasks', tasksPath, 'web'],
  ])('show %s as a table with the objects in it', async (_what, path, name) => {
    const { status, json } = await get(`${path}?includeObject=Object`, k9sTable);
    expect([status, json.kind, json.apiVersion]).toEqual([200, 'Table', 'meta.k8s.io/v1']);
    const row = json.rows.find(({ object }: Seen) => object.metadata.name === name);
    expect(row.cells).toHaveLength(json.columnDefinitions.length);
    expect(row.object).toMatchObject({ kind: expect.any(String), metadata: { uid: expect.any(String) } });
    expect(row.object.spec ?? row.object.status).toBeDefined();
    const one = await get(`${path}/${name}`, 'application/json;as=Table;v=v1;g=meta.k8s.io, application/json');
    expect(one.json.rows).toHaveLength(1);
  });

  it('are in the older version of tables where a client knows that one only, as k9s before 0.30', async () => {
    const accept = 'application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json';
    const version = 'meta.k8s.io/v1beta1';
    const ofVersion = { kind: 'Table', apiVersion: version, rows: [{ object: { apiVersion: version } }] };
    const list = await get(tasksPath, accept);
    expect(list.json).toMatchObject(ofVersion);
    const one = await get(`${tasksPath}/web`, accept);
    expect(one.json).toMatchObject(ofVersion);
    const watch = await api.openWatch(`${tasksPath}?watch=true`, { headers: { accept } });
    const event: Seen = await watch.next();
    expect(event.object).toMatchObject(ofVersion);
    watch.destroy();
  });

  it('show events with their type where k9s looks for it: in the second column', async () => {
    const { json } = await get('/apis/events.k8s.io/v1/events?includeObject=Metadata', k9sTable);
    expect(json.columnDefinitions.slice(0, 3).map(({ name }: Seen) => name.toUpperCase())).toEqual([
      'LAST SEEN',
      'TYPE',
      'REASON',
    ]);
    expect(json.rows[0].cells[1]).toBe('Normal');
    const core = await get('/api/v1/events', k9sTable);
    expect(core.json.rows[0].cells[1]).toBe('Normal');
  });

  it('follow pods by a dynamic informer: a list from the cache, then a watch with bookmarks', async () => {
    const list = await get(`${podsPath}?limit=500&resourceVersion=0`, 'application/json');
    expect(list.json.items.every(({ kind, apiVersion }: Seen) => kind === 'Pod' && apiVersion === 'v1')).toBe(true);
    const { resourceVersion } = list.json.metadata;
    const watch = await api.openWatch(
      `${podsPath}?allowWatchBookmarks=true&resourceVersion=${resourceVersion}&timeoutSeconds=477&watch=true`,
      { headers: { accept: 'application/json' } },
    );
    await label('web', 'seen', 'k9s');
    expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { kind: 'Pod', metadata: { name: 'web' } } });
    watch.destroy();
  });

  it('follow Services, of which there are none: an empty list, and a watch that stays', async () => {
    const table = await get('/api/v1/services?limit=500', k9sTable);
    expect(table.json).toMatchObject({ kind: 'Table', rows: [] });
    const { json } = await get('/api/v1/namespaces/default/services?resourceVersion=0', typed);
    expect(json).toMatchObject({ kind: 'ServiceList', apiVersion: 'v1', items: [] });
    const version = json.metadata.resourceVersion as string;
    const watch = await api.openWatch(`/api/v1/services?watch=true&resourceVersion=${version}&timeoutSeconds=1`);
    await expect(watch.next()).rejects.toThrow(/ended/);
    expect(watch.response.statusCode).toBe(200);
  });

  it('list metadata only, as metadata informers do', async () => {
    const accept =
      'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,' +
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
    const { json } = await get(`${podsPath}?limit=500`, accept);
    expect(json).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
    expect(json.items[0]).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'web' } });
    expect(json.items[0]).not.toHaveProperty('spec');
  });

  it('show what nodes use, and ask again for one', async () => {
    const { json } = await get('/apis/metrics.k8s.io/v1beta1/nodes', typed);
    expect(json).toMatchObject({
      kind: 'NodeMetricsList',
      items: [{ metadata: { name: 'a' }, usage: { cpu: '20m' } }],
    });
    expect((await get('/apis/metrics.k8s.io/v1beta1/nodes/a', typed)).json.kind).toBe('NodeMetrics');
    expect((await get('/apis/metrics.k8s.io/v1beta1/namespaces/default/pods', typed)).json.items).toEqual([]);
  });

  it('scale a deployment: get the scale, and put it back with another number', async () => {
    const { json: scale } = await get(`${deploymentsPath}/shop/scale`, typed);
    scale.spec.replicas = 3;
    const { status, json } = await api.request('PUT', `${deploymentsPath}/shop/scale`, { body: scale });
    expect(status).toBe(200);
    expect(json).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 3 } });
  });
});

describe('events.k8s.io', () => {
  it('lists, selects and watches the events of a task under the newer names', async () => {
    const path = '/apis/events.k8s.io/v1/namespaces/default/events';
    const of = 'fieldSelector=regarding.name%3Dweb%2Cregarding.kind%3DTask';
    const { json } = await get(`${path}?${of}`);
    expect(json).toMatchObject({ kind: 'EventList', apiVersion: 'events.k8s.io/v1' });
    const [event] = json.items;
    expect(event).toMatchObject({
      regarding: { kind: 'Task', name: 'web', namespace: 'default' },
      eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      type: 'Normal',
      note: expect.any(String),
      reportingController: expect.any(String),
    });
    const core = await get(`/api/v1/namespaces/default/events/${event.metadata.name}`);
    expect(core.json.metadata.uid).toBe(event.metadata.uid);
    expect((await get(`${path}?fieldSelector=involvedObject.name%3Dweb`)).status).toBe(400);
    const ofPod = await get(`${path}?fieldSelector=regarding.name%3Dweb%2Cregarding.kind%3DPod`);
    expect(ofPod.json.items[0].regarding).toMatchObject({ apiVersion: 'v1', kind: 'Pod', name: 'web' });
    const watch = await api.openWatch(`${path}?watch=true&resourceVersion=${json.metadata.resourceVersion}`);
    await api.request('POST', tasksPath, { body: taskObject('later') });
    expect(await watch.next()).toMatchObject({
      type: 'ADDED',
      object: { kind: 'Event', regarding: { name: 'later' } },
    });
    watch.destroy();
  });
});

describe('Headlamp at its start', () => {
  it('asks about health, rules and access without naming kinds', async () => {
    expect((await get('/healthz')).text).toBe('ok');
    const rules = await api.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
      body: { spec: { namespace: 'default' } },
    });
    expect(rules).toMatchObject({ status: 201, json: { status: { incomplete: false } } });
    const access = await api.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      body: { spec: { resourceAttributes: { group: 'apps', resource: 'deployments', verb: 'update' } } },
    });
    expect(access.json.status).toEqual({ allowed: true });
    const { json } = await api.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {} });
    expect(json.status.userInfo.groups).toContain('system:masters');
  });
});

describe('watches of Headlamp, over a WebSocket', () => {
  it('go on after a list, one event in a message', async () => {
    const { json } = await get(podsPath);
    const client = open(`${podsPath}?watch=1&resourceVersion=${json.metadata.resourceVersion}`, [
      'base64.binary.k8s.io',
    ]);
    await client.opened;
    expect(client.socket.protocol).toBe('base64.binary.k8s.io');
    await label('web', 'seen', 'once');
    await label('web', 'seen', 'twice');
    const twice = await client.events.find(({ object }) => object.metadata.labels.seen === 'twice');
    expect(client.events.items).toHaveLength(2);
    expect(twice).toMatchObject({ type: 'MODIFIED', object: { kind: 'Pod', metadata: { name: 'web' } } });
  });

  it('need no subprotocol, and begin with what there is when no version is named', async () => {
    const client = open(`${podsPath}?watch=1&fieldSelector=metadata.name%3Dweb`, [], { origin: 'https://127.0.0.1' });
    const first = await client.events.find(() => true);
    expect(first).toMatchObject({ type: 'ADDED', object: { kind: 'Pod', metadata: { name: 'web' } } });
    expect(client.socket.protocol).toBe('');
  });

  it('are served for every kind, in all namespaces and in one, with selectors', async () => {
    for (const path of [
      '/api/v1/nodes?watch=1',
      '/api/v1/namespaces?watch=1',
      '/api/v1/events?watch=1&fieldSelector=type%3DNormal&limit=2000',
      '/apis/apps/v1/deployments?watch=1',
      '/apis/orch.dev/v1/tasks?watch=true&labelSelector=app%3Dweb',
      // Kubebox ends its paths like this.
      `${podsPath}/?watch=true`,
      '/api/v1/watch/namespaces/default/pods',
    ]) {
      const client = open(path);
      expect(await client.events.find(() => true), path).toMatchObject({ type: 'ADDED' });
    }
  });

  it('end cleanly when their time is up', async () => {
    const client = open(`${podsPath}?watch=1&timeoutSeconds=1&labelSelector=none`);
    expect(await client.closed).toBe(1000);
  });

  it('tell of a version that is not known with an ERROR, and close', async () => {
    const client = open(`${podsPath}?watch=1&resourceVersion=99999999`);
    expect(await client.events.find(() => true)).toMatchObject({
      type: 'ERROR',
      object: { code: 410, reason: 'Expired' },
    });
    expect(await client.closed).toBe(1000);
  });

  it('are refused with an ordinary answer while there is one to give', async () => {
    const refusals: [string, string | NodeIdentity | undefined, number][] = [
      [`${podsPath}?watch=1`, 'nobody', 401],
      [`${podsPath}?watch=1`, await api.admit('a'), 403],
      [`${podsPath}?watch=1&timeoutSeconds=soon`, undefined, 400],
      [`${podsPath}?watch=1&fieldSelector=spec.color%3Dred`, undefined, 400],
      [`${podsPath}?watch=1&sendInitialEvents=true`, undefined, 422],
      ['/api/v1/gadgets?watch=1', undefined, 404],
      ['/api/v1/namespaces/default/nodes?watch=1', undefined, 404],
      [podsPath, undefined, 404],
    ];
    for (const [path, token, status] of refusals) {
      const client = open(path, [], {}, api, token);
      expect(await client.refused, path).toBe(status);
    }
  });

  it('end cleanly when the manager stops', async () => {
    const other = await startTestApi();
    const client = open('/api/v1/namespaces?watch=1', [], {}, other);
    await client.events.find(() => true);
    await other.close();
    expect(await client.closed).toBe(1000);
  });
});

describe('a client with a key of its own making', () => {
  it('is answered for that very key, as by Kubernetes: Kubebox sends one of 20 bytes', async () => {
    const key = createHash('sha1').digest('base64');
    const request = httpsRequest({
      ...{ host: '127.0.0.1', port: api.server.port, ca: api.caPem, path: `${podsPath}/?watch=true` },
      headers: {
        Authorization: `Bearer ${api.credentials.adminToken}`,
        Connection: 'upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': 13,
        'Sec-WebSocket-Key': key,
      },
    });
    const answer = once(request, 'upgrade') as Promise<[IncomingMessage, Duplex]>;
    request.end();
    const [{ headers }, socket] = await answer;
    const accepted = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    expect(headers['sec-websocket-accept']).toBe(accepted);
    socket.destroy();
  });
});

describe('logs of Headlamp, over a WebSocket', () => {
  const path = `${podsPath}/web/log?container=web&previous=false&timestamps=true&follow=true&tailLines=100`;

  it('come in base64, as it asks for them', async () => {
    const client = open(path, ['base64.binary.k8s.io']);
    const { id, request } = await worker.nextStream();
    expect(request).toMatchObject({ type: 'logs', follow: true, timestamps: true, previous: false, tailLines: 100 });
    worker.send(id, 'stdout', 'Grüße\n');
    const text = await client.texts.find(() => true);
    expect(Buffer.from(text, 'base64').toString()).toBe('Grüße\n');
    worker.end(id, {});
    expect(await client.closed).toBe(1000);
  });

  it('come line by line, but for a great many lines at once', async () => {
    const client = open(path, ['binary.k8s.io']);
    const { id } = await worker.nextStream();
    worker.send(id, 'stdout', 'one\n\ntwo\nthr');
    worker.send(id, 'stdout', 'ee\n');
    await client.texts.find((text) => text === 'three\n');
    expect(client.texts.items).toEqual(['one\n', '\n', 'two\n', 'three\n']);
    worker.send(id, 'stdout', '\n'.repeat(10_000));
    worker.send(id, 'stdout', 'x'.repeat(100_000));
    await client.texts.find((text) => text.startsWith('x'));
    worker.send(id, 'stdout', 'the end');
    worker.end(id, {});
    expect(await client.closed).toBe(1000);
    expect(client.texts.items.join('')).toBe(`one\n\ntwo\nthree\n${'\n'.repeat(10_000)}${'x'.repeat(100_000)}the end`);
    expect(client.texts.items.at(-1)).toBe('the end');
    expect(client.texts.items.length).toBeLessThan(1000);
  });

  it('come as they are to others, and say why there are none', async () => {
    const client = open(path, ['binary.k8s.io']);
    const { id } = await worker.nextStream();
    worker.send(id, 'stdout', 'plain\n');
    expect(await client.texts.find(() => true)).toBe('plain\n');
    worker.end(id, { error: { code: 'NotFound', message: 'the task has no container on its worker yet' } });
    expect(await client.closed).toBe(1011);
    expect(client.reason()).toBe('the task has no container on its worker yet');
    expect(await open(path.replace('/web/', '/none/')).refused).toBe(404);
    expect(await open(path.replace('container=web', 'container=other')).refused).toBe(400);
  });
});

interface Client {
  socket: WebSocket;
  opened: Promise<void>;
  texts: Inbox<string>;
  events: Inbox<{ type: string; object: Seen }>;
  closed: Promise<number>;
  reason(): string;
  /** The status of the answer in place of an upgrade. */
  refused: Promise<number | undefined>;
}

function open(
  path: string,
  protocols: string[] = [],
  options: { origin?: string } = {},
  to: TestApi = api,
  token: string | NodeIdentity = to.credentials.adminToken,
): Client {
  const socket = new WebSocket(`${to.server.url.replace('https', 'wss')}${path}`, protocols, {
    ca: to.caPem,
    ...(typeof token === 'string' ? { headers: { authorization: `Bearer ${token}` } } : token),
    ...options,
  });
  sockets.push(socket);
  const texts = new Inbox<string>();
  const events: Client['events'] = new Inbox();
  let reason = '';
  socket.on('message', (data: Buffer) => {
    const text = data.toString();
    texts.add(text);
    if (text.startsWith('{')) events.add(JSON.parse(text) as { type: string; object: object });
  });
  const refused = new Promise<number | undefined>((resolve) =>
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode);
    }),
  );
  socket.on('error', () => undefined);
  return {
    socket,
    texts,
    events,
    refused,
    opened: new Promise((resolve) => socket.once('open', () => resolve())),
    closed: new Promise((resolve) =>
      socket.once('close', (code, text) => {
        reason = text.toString();
        resolve(code);
      }),
    ),
    reason: () => reason,
  };
}

async function label(name: string, key: string, value: string): Promise<void> {
  const { status } = await api.request('PATCH', `${podsPath}/${name}`, {
    type: 'application/merge-patch+json',
    body: { metadata: { labels: { [key]: value } } },
  });
  expect(status).toBe(200);
}
