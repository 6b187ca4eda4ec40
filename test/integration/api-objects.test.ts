import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { taskKind } from '../../src/model/task.js';
import { startTestApi, taskObject, tasksPath, type TestApi } from './api-harness.js';

let api: TestApi;
beforeAll(async () => void (api = await startTestApi()));
afterAll(() => api.close());

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

describe('objects over HTTP', () => {
  it('creates, gets, lists and deletes a task', async () => {
    const created = await api.request('POST', tasksPath, { body: taskObject('one') });
    expect(created.status).toBe(201);
    expect(created.json.metadata).toMatchObject({ name: 'one', namespace: 'default', generation: 1 });
    expect(created.headers['x-orch-cluster-uid']).toBe(api.registry.clusterUid);

    const got = await api.request('GET', `${tasksPath}/one`);
    expect(got.json).toEqual(created.json);

    const list = await api.request('GET', `${tasksPath}?limit=500`);
    expect(list.json).toMatchObject({ kind: 'TaskList', apiVersion: 'orch.dev/v1' });
    expect(list.json.items[0]).toMatchObject({ kind: 'Task', apiVersion: 'orch.dev/v1', metadata: { name: 'one' } });
    expect(Number(list.json.metadata.resourceVersion)).toBeGreaterThan(0);

    const gone = await api.request('DELETE', `${tasksPath}/one`, { body: { propagationPolicy: 'Background' } });
    expect(gone.json).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'one', group: 'orch.dev', kind: 'tasks', uid: created.json.metadata.uid },
    });
    const missing = await api.request('GET', `${tasksPath}/one`);
    expect(missing.status).toBe(404);
    expect(missing.json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'tasks.orch.dev "one" not found',
      reason: 'NotFound',
      details: { name: 'one', group: 'orch.dev', kind: 'tasks' },
      code: 404,
    });
  });

  it('lists an unknown namespace as empty and refuses to create in it', async () => {
    const path = '/apis/orch.dev/v1/namespaces/nowhere/tasks';
    expect((await api.request('GET', path)).json.items).toEqual([]);
    const refused = await api.request('POST', path, { body: taskObject('lost') });
    expect(refused.status).toBe(404);
    expect(refused.json.message).toBe('namespaces "nowhere" not found');
  });

  it('prints a table with the columns of the kind', async () => {
    await api.request('POST', tasksPath, { body: taskObject('tabled') });
    const { json } = await api.request('GET', `${tasksPath}?fieldSelector=metadata.name%3Dtabled`, {
      headers: { accept: table },
    });
    expect(json.kind).toBe('Table');
    const narrow = json.columnDefinitions.filter((column: { priority: number }) => column.priority === 0);
    expect(narrow.map((column: { name: string }) => column.name)).toEqual(['Name', 'State', 'Restarts', 'Node', 'Age']);
    expect(json.rows[0].cells.slice(0, 4)).toEqual(['tabled', 'Pending', 0, '<none>']);
    expect(json.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'tabled' } });
    const full = await api.request('GET', `${tasksPath}/tabled?includeObject=Object`, { headers: { accept: table } });
    expect(full.json.rows[0].object.spec.image).toBe('busybox:latest');
  });

  it('patches by merge, JSON patch and apply, and refuses strategic patches of its own kinds', async () => {
    await api.request('POST', tasksPath, { body: taskObject('patched') });
    const merged = await api.request('PATCH', `${tasksPath}/patched`, {
      type: 'application/merge-patch+json',
      body: { metadata: { labels: { a: 'b' } } },
    });
    expect(merged.json.metadata.labels).toEqual({ a: 'b' });
    const same = await api.request('PATCH', `${tasksPath}/patched`, {
      type: 'application/merge-patch+json',
      body: { metadata: { labels: { a: 'b' } } },
    });
    expect(same.json.metadata.resourceVersion).toBe(merged.json.metadata.resourceVersion);
    const json = await api.request('PATCH', `${tasksPath}/patched`, {
      type: 'application/json-patch+json',
      body: [{ op: 'replace', path: '/spec/image', value: 'busybox:2' }],
    });
    expect(json.json.spec.image).toBe('busybox:2');
    const strategic = await api.request('PATCH', `${tasksPath}/patched`, {
      type: 'application/strategic-merge-patch+json',
      body: { spec: { image: 'x' } },
    });
    expect(strategic.status).toBe(415);
    expect(strategic.json.reason).toBe('UnsupportedMediaType');
    const applied = await api.request('PATCH', `${tasksPath}/applied?fieldManager=test`, {
      type: 'application/apply-patch+yaml',
      body: 'apiVersion: orch.dev/v1\nkind: Task\nmetadata:\n  name: applied\nspec:\n  image: busybox:latest\n',
    });
    expect(applied.status).toBe(201);
  });

  it('takes strategic patches of Kubernetes kinds: cordon, label, apply', async () => {
    await api.request('POST', '/api/v1/nodes', {
      body: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { a: '1' } } },
    });
    const patch = (body: object): Promise<{ status: number; json: { spec: unknown; metadata: { labels: unknown } } }> =>
      api.request('PATCH', '/api/v1/nodes/n1', { type: 'application/strategic-merge-patch+json', body });
    expect((await patch({ spec: { unschedulable: true } })).json.spec).toEqual({ unschedulable: true });
    expect((await patch({ spec: { unschedulable: null } })).json.spec).not.toHaveProperty('unschedulable');
    const labelled = await patch({ metadata: { labels: { b: '2' } }, $setElementOrder: null });
    expect(labelled.status).toBe(400);
    expect((await patch({ metadata: { labels: { $patch: 'replace', b: '2' } } })).json.metadata.labels).toEqual({
      b: '2',
    });
  });

  it('AP-05: honours resourceVersion: conflict on an old one, last write wins without', async () => {
    const { json: first } = await api.request('POST', tasksPath, { body: taskObject('versioned') });
    const change = { ...first, spec: { ...first.spec, args: ['a'] } };
    const second = await api.request('PUT', `${tasksPath}/versioned`, { body: change });
    expect(second.status).toBe(200);
    const stale = await api.request('PUT', `${tasksPath}/versioned`, { body: { ...change, spec: { image: 'x' } } });
    expect(stale.status).toBe(409);
    expect(stale.json.message).toContain('the object has been modified');
    const blind = await api.request('PUT', `${tasksPath}/versioned`, {
      body: taskObject('versioned', { args: ['b'] }),
    });
    expect(blind.json.spec.args).toEqual(['b']);
  });

  it('MF-09: warns of unknown fields, refuses them under Strict', async () => {
    const body = taskObject('warned', { colour: 'red' });
    const strict = await api.request('POST', `${tasksPath}?fieldValidation=Strict`, { body });
    expect(strict.status).toBe(400);
    expect(strict.json.message).toContain('unknown field "spec.colour"');
    const warned = await api.request('POST', tasksPath, { body });
    expect(warned.status).toBe(201);
    expect(warned.headers['warning']).toContain('unknown field \\"spec.colour\\"');
    expect((await api.request('POST', `${tasksPath}?fieldValidation=maybe`, { body })).status).toBe(400);
  });

  it("MF-09: tells all unknown fields and all that are there twice, in Kubernetes' words", async () => {
    const spec = '{"image":"a","image":"busybox","colour":"red","env":[{"name":"A","valeu":"x","name":"B"}]}';
    const body = Buffer.from(`{"apiVersion":"orch.dev/v1","kind":"Task","metadata":{"name":"twice"},"spec":${spec}}`);
    const strict = await api.request('POST', `${tasksPath}?fieldValidation=Strict`, { body, type: 'application/json' });
    expect(strict.status).toBe(400);
    expect(strict.json.message).toContain(
      'strict decoding error: unknown field "spec.colour", unknown field "spec.env[0].valeu", ' +
        'duplicate field "spec.image", duplicate field "spec.env[0].name" (',
    );
    expect(strict.json.message).toContain('spec.env[0].valeu: did you mean "value"?');
    const warned = await api.request('POST', tasksPath, { body, type: 'application/json' });
    expect(warned.json.spec).toMatchObject({ image: 'busybox', env: [{ name: 'B' }] });
    expect(warned.headers['warning']).toContain(
      '299 - "unknown field \\"spec.env[0].valeu\\"", 299 - "duplicate field \\"spec.image\\""',
    );
    const patched = await api.request('PATCH', `${tasksPath}/twice?fieldValidation=Strict`, {
      body: Buffer.from('{"spec":{"priority":1,"priority":2}}'),
      type: 'application/merge-patch+json',
    });
    expect(patched.json.message).toContain('strict decoding error: duplicate field "spec.priority"');
    const pods = '/api/v1/namespaces/default/pods';
    const pod = Buffer.from(
      'apiVersion: v1\nkind: Pod\nmetadata: { generateName: posted- }\nspec:\n  colour: red\n  containers:\n' +
        '  - { name: main, image: a, image: busybox }\n',
    );
    const yaml = { body: pod, type: 'application/yaml' };
    const refused = await api.request('POST', `${pods}?fieldValidation=Strict`, yaml);
    expect(refused.json.message).toContain(
      'strict decoding error: unknown field "spec.colour", duplicate field "spec.containers[0].image"',
    );
    const posted = await api.request('POST', `${pods}?fieldValidation=Ignore`, yaml);
    expect(posted.status).toBe(201);
    expect(posted.json.spec.containers[0]).toMatchObject({ name: 'main', image: 'busybox' });
    expect(posted.headers['warning']).toBeUndefined();
    const broken = { body: Buffer.from('apiVersion: v1\nkind: @Pod\n'), type: 'application/yaml' };
    expect((await api.request('POST', pods, broken)).json.message).toMatch(/^request body:2:7: /);
  });

  it('does nothing under dry run, in query and body, JSON and protobuf', async () => {
    await api.request('POST', `${tasksPath}?dryRun=All`, { body: taskObject('dry') });
    expect((await api.request('GET', `${tasksPath}/dry`)).status).toBe(404);
    await api.request('POST', tasksPath, { body: taskObject('dry') });
    await api.request('DELETE', `${tasksPath}/dry`, { body: { dryRun: ['All'] } });
    // k8s\0, Unknown{1: TypeMeta{1: "v1", 2: "DeleteOptions"}, 2: DeleteOptions{5: "All"}}
    const protobuf = Buffer.from('6b3873000a130a027631120d44656c6574654f7074696f6e7312052a03416c6c', 'hex');
    const dry = await api.request('DELETE', `${tasksPath}/dry`, {
      body: protobuf,
      type: 'application/vnd.kubernetes.protobuf',
    });
    expect(dry.status).toBe(200);
    expect((await api.request('GET', `${tasksPath}/dry`)).status).toBe(200);
    expect((await api.request('POST', `${tasksPath}?dryRun=Maybe`, { body: taskObject('dry2') })).status).toBe(400);
  });

  it('HT-02, HT-04, HT-08: answers what cannot be read with a Status that says why', async () => {
    const cases: [string, string, object, number, string][] = [
      ['POST', tasksPath, { body: '{"a":' }, 400, 'BadRequest'],
      ['POST', tasksPath, { body: '{"__proto__":{}}' }, 400, 'BadRequest'],
      ['POST', tasksPath, { body: '[]' }, 400, 'BadRequest'],
      ['POST', tasksPath, {}, 400, 'BadRequest'],
      ['POST', tasksPath, { body: 'x', type: 'text/html' }, 415, 'UnsupportedMediaType'],
      ['POST', tasksPath, { body: 'x', headers: { 'content-encoding': 'gzip' } }, 415, 'UnsupportedMediaType'],
      ['POST', tasksPath, { body: Buffer.alloc(2 * 2 ** 20 + 1, 32) }, 413, 'RequestEntityTooLarge'],
      ['POST', tasksPath, { body: taskObject('wrong', {}, { namespace: 'other' }) }, 400, 'BadRequest'],
      ['POST', tasksPath, { body: { apiVersion: 'v1', kind: 'Pod' } }, 400, 'BadRequest'],
      ['PUT', `${tasksPath}/a`, { body: taskObject('b') }, 400, 'BadRequest'],
      ['PUT', tasksPath, {}, 405, 'MethodNotAllowed'],
      ['GET', `${tasksPath}/%`, {}, 400, 'BadRequest'],
      ['GET', `${tasksPath}/%2e%2e%2fx`, {}, 404, 'NotFound'],
      ['GET', '/nowhere', {}, 404, 'NotFound'],
      ['GET', `${tasksPath}?limit=-1`, {}, 400, 'BadRequest'],
      ['GET', `${tasksPath}?fieldSelector=spec.image%3Dx`, {}, 400, 'BadRequest'],
      ['GET', tasksPath, { headers: { accept: 'text/html' } }, 406, 'NotAcceptable'],
      ['GET', `${tasksPath}?resourceVersion=999999999`, {}, 504, 'Timeout'],
      ['POST', tasksPath, { body: taskObject('Bad_Name') }, 422, 'Invalid'],
    ];
    for (const [method, path, options, status, reason] of cases) {
      const answer = await api.request(method, path, options);
      expect([method, path, answer.status, answer.json.reason]).toEqual([method, path, status, reason]);
      expect(answer.json).toMatchObject({ kind: 'Status', status: 'Failure', code: status });
      expect(answer.json.details).toBeTypeOf('object');
      expect(answer.text).not.toMatch(/node_modules|at .*:\d+:\d+/);
    }
  });

  it('accepts a body without a Content-Type', async () => {
    const created = await api.request('POST', tasksPath, { body: taskObject('bare'), type: null });
    expect(created.status).toBe(201);
  });

  it('pages with limit and continue', async () => {
    const path = '/apis/orch.dev/v1/namespaces/paged/tasks';
    await api.request('POST', '/api/v1/namespaces', { body: { metadata: { name: 'paged' } } });
    for (const name of ['a', 'b', 'c']) await api.request('POST', path, { body: taskObject(name) });
    const first = await api.request('GET', `${path}?limit=2`);
    expect(first.json.items).toHaveLength(2);
    const token = encodeURIComponent(first.json.metadata.continue);
    const second = await api.request('GET', `${path}?limit=2&continue=${token}`);
    expect(second.json.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['c']);
    expect(second.json.metadata.continue).toBeUndefined();
  });

  it('sends long lists whole', async () => {
    await api.request('POST', '/api/v1/namespaces', { body: { metadata: { name: 'long' } } });
    const path = '/apis/orch.dev/v1/namespaces/long/tasks';
    await Promise.all(
      Array.from({ length: 600 }, (_, index) =>
        api.registry.create(taskKind, {
          ...taskObject(`t${index}`),
          metadata: { name: `t${index}`, namespace: 'long' },
        }),
      ),
    );
    const { json } = await api.request('GET', path);
    expect(json.items).toHaveLength(600);
    const tabled = await api.request('GET', path, { headers: { accept: table } });
    expect(tabled.json.rows).toHaveLength(600);
  });
});

describe('all namespaces at once', () => {
  it('cannot be deleted, as in Kubernetes: each would take everything in it along', async () => {
    const { status, json } = await api.request('DELETE', '/api/v1/namespaces');
    expect(status).toBe(405);
    expect(json).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'MethodNotAllowed', code: 405 });
    expect((await api.request('GET', '/api/v1/namespaces/default')).status).toBe(200);
    const { json: core } = await api.request('GET', '/api/v1');
    const resources = core.resources as { name: string; verbs: string[] }[];
    expect(resources.find(({ name }) => name === 'namespaces')?.verbs).not.toContain('deletecollection');
  });
});

describe('core/v1 events', () => {
  it('shows task events with involvedObject selectors, and takes no event without an object', async () => {
    const { json: task } = await api.request('POST', tasksPath, { body: taskObject('eventful') });
    const selector = encodeURIComponent(`involvedObject.name=eventful,involvedObject.uid=${task.metadata.uid}`);
    const { json } = await api.request('GET', `/api/v1/namespaces/default/events?fieldSelector=${selector}`);
    expect(json.kind).toBe('EventList');
    expect(json.items[0]).toMatchObject({
      kind: 'Event',
      apiVersion: 'v1',
      involvedObject: { kind: 'Task', name: 'eventful', namespace: 'default', uid: task.metadata.uid },
      type: 'Normal',
      count: 1,
    });
    expect((await api.request('POST', '/api/v1/namespaces/default/events', { body: {} })).status).toBe(422);
  });
});

describe('OpenAPI v2', () => {
  it('is there in JSON for whoever does not ask for protobuf', async () => {
    const { status, headers, json } = await api.request('GET', '/openapi/v2', {
      headers: { accept: 'application/json' },
    });
    expect([status, headers['content-type'], json.swagger]).toEqual([200, 'application/json', '2.0']);
    expect(json.definitions['dev.orch.task.v1.Task'].properties.spec.$ref).toMatch(/^#\/definitions\//);
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    const protobuf = await api.request('GET', '/openapi/v2', { headers: { accept } });
    expect(protobuf.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    const either = await api.request('GET', '/openapi/v2', {
      headers: { accept: `application/json, ${accept};q=0.1` },
    });
    expect(either.headers['content-type']).toBe('application/json');
  });
});
