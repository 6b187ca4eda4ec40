import { once } from 'node:events';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../support/manual-clock.js';
import {
  startTestApi,
  taskObject,
  tasksPath,
  type NodeIdentity,
  type RequestOptions,
  type TestApi,
} from './api-harness.js';

/**
 * The doors under arbitrary input. Always: an answer below 500, a refusal is a Status with a reason, and it has changed
 * nothing. The clock stands still, so that nothing but the request itself can write.
 */
let api: TestApi;
let nodeToken: NodeIdentity;

beforeAll(async () => {
  api = await startTestApi({ clock: new ManualClock() });
  nodeToken = await api.admit('n1');
  await api.request('POST', tasksPath, {
    body: taskObject('web', { nodeName: 'n1', env: [{ name: 'A', value: '1' }] }),
  });
  await api.request('POST', configMaps, { body: { ...configMap, data: { a: '1' } } });
});
afterAll(() => api.close());

const configMaps = '/api/v1/namespaces/default/configmaps';
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } };

async function holds(method: string, path: string, options: RequestOptions = {}): Promise<void> {
  const before = api.store.currentRevision();
  const { status, text, json } = await api.request(method, path, options);
  expect(status, text).toBeLessThan(500);
  if (status < 400) return;
  expect(json, text).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status });
  expect(json.reason, text).toMatch(/^[A-Z][A-Za-z]+$/);
  expect(json.message, text).not.toMatch(/\n\s+at |TypeError|undefined is not/);
  expect(api.store.currentRevision()).toBe(before);
}

/** Names that the API knows, names that JavaScript knows, and others. */
const name = fc.constantFrom(
  ...['metadata', 'spec', 'status', 'name', 'labels', 'annotations', 'env', 'ports', 'image', 'command', 'conditions'],
  ...['finalizers', 'ownerReferences', 'managedFields', 'resourceVersion', 'uid', 'generation', 'deletionTimestamp'],
  ...['apiVersion', 'kind', 'nodeName', 'desiredState', 'state', 'attempt', 'data', 'taints', 'value', 'type', 'usage'],
  ...['__proto__', 'constructor', 'toString', 'length', '', '$patch', '$retainKeys', '$setElementOrder/env', '-', '0'],
);
const scalar = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -0, 1e308, -1, 2 ** 53, '', 'web', 'n1', 'default', 'Running', 'Completed'),
  fc.constantFrom('delete', 'replace', '2026-01-01T00:00:00Z', '1Gi', '-1', '\u0000', '\ud800', 'x'.repeat(300)),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.double(),
);
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 5 }).map((members) => {
      const object: Record<string, unknown> = {};
      // Not by assignment: "__proto__" shall be a member like any other.
      for (const [key, value] of members)
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true });
      return object;
    }),
  ),
}));
const pointer = fc
  .array(name, { maxLength: 5 })
  .map((parts) => parts.map((part) => `/${part.replaceAll('/', '~1')}`).join(''));
const operation = fc.record(
  {
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'nope', '_get'),
    path: fc.oneof(pointer, scalar),
    from: fc.oneof(pointer, scalar),
    value: json,
  },
  { requiredKeys: ['op'] },
);
const target = fc.constantFrom(
  `${tasksPath}/web`,
  `${tasksPath}/web/status`,
  '/api/v1/nodes/n1',
  '/api/v1/nodes/n1/status',
  `${configMaps}/c`,
);
const query = fc.constantFrom(
  '',
  '?fieldManager=m',
  '?fieldManager=m&force=true',
  '?dryRun=All&fieldManager=m',
  '?fieldValidation=Strict',
);

const timeout = 600_000;

describe('whatever arrives', () => {
  it('as a patch', { timeout }, async () => {
    const patches = fc.oneof(
      fc.tuple(fc.constant('application/json-patch+json'), fc.oneof(fc.array(operation, { maxLength: 6 }), json)),
      fc.tuple(
        fc.constantFrom(
          ...['application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'],
        ),
        fc.oneof(
          json,
          fc.record({ spec: json, metadata: json, status: json }, { requiredKeys: [] }),
          fc.record({
            apiVersion: fc.constantFrom('orch.dev/v1', 'v1'),
            kind: fc.constantFrom('Task', 'Node', 'ConfigMap'),
            metadata: json,
            spec: json,
          }),
        ),
      ),
    );
    await fc.assert(
      fc.asyncProperty(target, query, patches, async (path, search, [type, body]) => {
        await holds('PATCH', path + search, { type, body: body ?? 'null' });
      }),
    );
  });

  it('as an object', { timeout }, async () => {
    const collections = fc.constantFrom(
      tasksPath,
      configMaps,
      '/api/v1/nodes',
      '/api/v1/namespaces',
      '/apis/orch.dev/v1/sources',
      '/api/v1/namespaces/default/pods',
    );
    const object = fc.oneof(
      json,
      fc.record(
        { apiVersion: fc.constantFrom('orch.dev/v1', 'v1'), kind: scalar, metadata: json, spec: json },
        { requiredKeys: [] },
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('POST', 'PUT', 'DELETE'),
        collections,
        query,
        object,
        async (method, path, search, body) => {
          await holds(method, `${path}${method === 'POST' ? '' : '/nobody'}${search}`, { body: body ?? 'null' });
        },
      ),
    );
  });

  it('as YAML', { timeout }, async () => {
    const word = fc.constantFrom(
      ...[
        'a',
        'metadata',
        'name',
        'spec',
        'env',
        'apiVersion: orch.dev/v1',
        'kind: Task',
        'yes',
        'null',
        '~',
        '.inf',
        '-.inf',
        '.nan',
      ],
      ...[
        '0o7',
        '07',
        '0x1F',
        '1e999',
        '-0',
        '1_000',
        '2026-01-01',
        '12:30:45',
        '&x',
        '*x',
        '&x *x',
        '<<: *x',
        '!!js/function x',
      ],
      ...[
        '!!binary aGk=',
        '!t',
        '%YAML 1.1',
        '%TAG ! x',
        '---',
        '...',
        '? a',
        ': b',
        '- ',
        '- - -',
        '[',
        ']',
        '{',
        '}',
        ',',
        '|',
        '>-',
        '|2',
      ],
      ...[
        '"',
        "'",
        '"\\x41',
        '"\\u',
        '#',
        '@',
        '`',
        '\t',
        '  ',
        '\u2028',
        '\u0085',
        '\ufeff',
        '\u0000',
        '\ud83d\ude00',
        '__proto__',
        'a: &x [*x, *x]',
      ],
    );
    const separator = fc.constantFrom('\n', '\n  ', '\n\t', ' ', ': ', '\r\n', '\r', '\n- ', '\n---\n', '');
    const text = fc.array(fc.tuple(word, separator), { maxLength: 14 }).map((parts) => parts.flat().join(''));
    const type = fc.constantFrom('application/yaml', 'text/yaml', 'application/apply-patch+yaml', 'application/json');
    await fc.assert(
      fc.asyncProperty(text, type, async (body, contentType) => {
        await holds('POST', tasksPath, { type: contentType, body });
        await holds('PATCH', `${tasksPath}/web?fieldManager=m`, { type: 'application/apply-patch+yaml', body });
      }),
    );
  });

  it('as a request', { timeout }, async () => {
    const segment = fc.constantFrom(
      ...[
        'api',
        'apis',
        'v1',
        'orch.dev',
        'namespaces',
        'default',
        'tasks',
        'web',
        'nodes',
        'n1',
        'status',
        'log',
        'exec',
        'pods',
      ],
      ...[
        'workers',
        'heartbeat',
        'join',
        'tunnel',
        'backup',
        'events',
        'watch',
        'openapi',
        'v3',
        'version',
        'livez',
        'readyz',
        'configmaps',
      ],
      ...[
        '..',
        '.',
        '',
        '%2f',
        '%00',
        '%ff',
        '%',
        '%zz',
        '%e2%80%a8',
        '__proto__',
        'a'.repeat(300),
        '*',
        ';',
        '@',
        '~',
      ],
    );
    const value = fc.constantFrom(
      '',
      '1',
      '-1',
      'true',
      'a=b',
      'a in (',
      '!',
      ',',
      '%00',
      '%ff',
      '%',
      '9'.repeat(30),
      'All',
      'Exact',
      'metadata.name=web',
      '(',
    );
    const parameter = fc.tuple(
      fc.constantFrom(
        'labelSelector',
        'fieldSelector',
        'limit',
        'continue',
        'resourceVersion',
        'resourceVersionMatch',
        'dryRun',
        'tailLines',
        'sinceTime',
        'gracePeriodSeconds',
        'propagationPolicy',
        'includeObject',
        '__proto__',
        'fieldManager',
      ),
      value,
    );
    const path = fc.oneof(
      fc.array(segment, { maxLength: 8 }).map((segments) => `/${segments.join('/')}`),
      fc.tuple(target, fc.constantFrom('', '/', '/status', '/log', '/exec', '%00')).map((parts) => parts.join('')),
      fc.constantFrom(tasksPath, configMaps, '/api/v1/nodes', '/api/v1/events', '/apis/orch.dev/v1/tasks'),
    );
    const header = fc.tuple(
      fc.constantFrom(
        'accept',
        'content-type',
        'content-encoding',
        'transfer-encoding',
        'expect',
        'if-match',
        'user-agent',
        'x-http-method-override',
      ),
      fc.constantFrom(
        '',
        'application/json',
        'application/json;as=Table;v=v1;g=meta.k8s.io',
        'application/vnd.kubernetes.protobuf',
        '*/*',
        'gzip',
        'text/html',
        ';;;',
        'application/json;charset=utf-16',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'),
        path,
        fc.array(parameter, { maxLength: 3 }),
        fc.array(header, { maxLength: 2 }),
        fc.option(
          fc.oneof(
            json.map((body) => JSON.stringify(body) ?? ''),
            fc.string({ unit: 'binary' }),
          ),
          { nil: undefined },
        ),
        fc.constantFrom('admin', 'node', 'none', 'wrong'),
        async (method, url, parameters, headers, body, who) => {
          const search = parameters.map(([key, text]) => `${key}=${text}`).join('&');
          const token = { admin: undefined, node: nodeToken, none: null, wrong: 'admin.x' }[who];
          const kept = headers.filter(
            ([key, text]) => text !== '' && !(key === 'transfer-encoding') && !(key === 'expect'),
          );
          await holds(method, search === '' ? url : `${url}?${search}`, {
            ...(token === undefined ? {} : { token }),
            ...(body === undefined ? {} : { body }),
            headers: Object.fromEntries(kept),
          });
        },
      ),
    );
  });

  it("as a worker's report", { timeout }, async () => {
    const report = fc.constantFrom<[string, string, string]>(
      ['POST', '/apis/orch.dev/v1/workers/n1/heartbeat', 'application/json'],
      ['POST', '/apis/orch.dev/v1/workers/n2/heartbeat', 'application/json'],
      ['POST', '/apis/orch.dev/v1/namespaces/default/taskevents', 'application/json'],
      ['PATCH', `${tasksPath}/web/status`, 'application/merge-patch+json'],
      ['PATCH', '/api/v1/nodes/n1/status', 'application/merge-patch+json'],
      ['PATCH', '/api/v1/nodes/n2/status', 'application/merge-patch+json'],
      ['PATCH', '/api/v1/nodes/n1', 'application/merge-patch+json'],
      ['DELETE', `${tasksPath}/web`, 'application/json'],
    );
    const body = fc.oneof(
      json,
      fc.record({ sessionId: scalar }),
      fc.record({ status: json }),
      fc.record({
        status: fc.record(
          { state: scalar, attempt: scalar, conditions: json, usage: json, ports: json },
          { requiredKeys: [] },
        ),
      }),
      fc.record(
        {
          task: fc.record({ name: scalar, namespace: scalar, uid: scalar }),
          state: scalar,
          reason: scalar,
          message: scalar,
        },
        { requiredKeys: [] },
      ),
    );
    await fc.assert(
      fc.asyncProperty(report, body, async ([method, path, type], content) => {
        await holds(method, path, { token: nodeToken, type, body: content ?? 'null' });
      }),
    );
  });

  it('on the socket: the others are served all the same', { timeout }, async () => {
    const line = fc.constantFrom(
      ...[
        'GET /livez HTTP/1.1',
        'GET / HTTP/9.9',
        'POST /api HTTP/1.1',
        'Host: x',
        'Content-Length: 5',
        'Content-Length: -1',
        'Content-Length: 99999999999',
      ],
      ...[
        'Transfer-Encoding: chunked',
        'Transfer-Encoding: x',
        'Connection: upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        '5',
        'ffffffffffffffff',
        '0',
        '',
        '',
        'x: y\u0000z',
        ' folded',
        '\u0016\u0003\u0001',
        'PRI * HTTP/2.0',
      ],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.constantFrom('\r\n', '\n', '\r'), async (lines, end) => {
        const socket = connect({ port: api.server.port, host: '127.0.0.1', ca: api.caPem, servername: 'localhost' });
        let answer = '';
        socket.on('error', () => undefined).on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
        await once(socket, 'secureConnect');
        socket.end(lines.join(end) + end, 'latin1');
        await Promise.race([once(socket, 'close'), once(socket, 'end')]);
        socket.destroy();
        expect(answer).not.toMatch(/^HTTP\/1\.1 5/m);
        expect((await api.request('GET', '/livez')).status).toBe(200);
      }),
      { numRuns: 30 },
    );
  });
});
