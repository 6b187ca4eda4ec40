import { gzipSync } from 'node:zlib';

/** One request that wants to cost much: just below a bound, just above it, or far above. */
export interface HostileRequest {
  what: string;
  method: string;
  path: string;
  type: string;
  body: string | Buffer;
  headers?: Record<string, string>;
  /** Sent before, and not measured: what this request is about. */
  before?: readonly Omit<HostileRequest, 'what'>[];
}

const namespace = 'default';
const tasks = `/apis/orch.dev/v1/namespaces/${namespace}/tasks`;
const taskEvents = `/apis/orch.dev/v1/namespaces/${namespace}/taskevents`;
const configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
const pods = `/api/v1/namespaces/${namespace}/pods`;

const json = 'application/json';
const yaml = 'application/yaml';
const merge = 'application/merge-patch+json';
const apply = 'application/apply-patch+yaml';
const operations = 'application/json-patch+json';
const strategic = 'application/strategic-merge-patch+json';
const protobuf = 'application/vnd.kubernetes.protobuf';

/** Requests that use names of this round only, so that a round costs what the one before it did. */
export function hostileRequests(round: string): HostileRequest[] {
  const name = (text: string): string => `${text}-${round}`;
  const task = (text: string, spec: object = {}, metadata: object = {}): object => ({
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: { name: name(text), ...metadata },
    // Asks for more than any machine has: stored and explained, never started.
    spec: { image: 'busybox', resources: { cpu: 100_000 }, ...spec },
  });
  const configMap = (text: string, data: object, metadata: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: name(text), ...metadata },
    data,
  });
  const send = (
    what: string,
    method: string,
    path: string,
    type: string,
    body: string | Buffer | object,
    more: Partial<HostileRequest> = {},
  ): HostileRequest => ({
    what,
    method,
    path,
    type,
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    ...more,
  });
  const post = (what: string, path: string, body: string | object, type = json): HostileRequest =>
    send(what, 'POST', path, type, body);
  const get = (what: string, query: string): HostileRequest => send(what, 'GET', `${tasks}?${query}`, json, '');
  /** A patch of an object that is made first. */
  const patch = (
    what: string,
    type: string,
    body: object,
    before: object,
    collection = tasks,
    query = '',
  ): HostileRequest => {
    const { metadata } = before as { metadata: { name: string } };
    return send(what, 'PATCH', `${collection}/${metadata.name}${query}`, type, body, {
      before: [post('', collection, before)],
    });
  };
  const pod = (text: string, env: object[]): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: name(text) },
    spec: { containers: [{ name: 'main', image: 'busybox', env, resources: { limits: { cpu: '100000' } } }] },
  });

  return [
    post('a large ConfigMap', configMaps, configMap('large', { a: 'key=value\n'.repeat(90_000) })),
    post('a ConfigMap of thousands', configMaps, configMap('many', members(3_400, 'v'))),
    post('unknown fields', tasks, task('unknown', members(3_400, 1))),
    post('too many unknown fields', tasks, task('too-many', members(50_000, 1))),
    post('variables', tasks, task('variables', variables(900, 'v'))),
    post('wrong variables', tasks, task('wrong', { env: many(1_700, () => ({ nam: 1 })) })),
    post('wrong everything', tasks, task('all', { env: many(1_100, () => ({ name: 1, value: 2 })), ports: [1, 2] })),
    post('one name for all variables', tasks, task('same', { env: many(1_100, () => ({ name: 'A', value: 'v' })) })),
    post('ports', tasks, task('ports', { ports: many(1_100, (index) => ({ containerPort: index + 1 })) })),
    post('arguments', tasks, task('arguments', { args: many(3_400, () => 'x') })),
    post('labels', tasks, task('labels', {}, { labels: members(3_400, 'v') })),
    post('wrong labels', tasks, task('wrong-labels', {}, { labels: members(3_400, '!!') })),
    post('annotations', tasks, task('annotations', {}, { annotations: members(3_400, 'v'.repeat(40)) })),
    post('finalizers', tasks, task('finalizers', {}, { finalizers: many(3_400, (index) => `a.b/f${index}`) })),
    post('owners', tasks, task('owners', {}, { ownerReferences: many(400, owner) })),
    post('a long image', tasks, task('image', { image: 'a'.repeat(2_000_000) })),
    post('a long name', tasks, task('a'.repeat(2_000_000))),
    post('a long label', tasks, task('label', {}, { labels: { [`${'a'.repeat(1_000_000)}!`]: 'a'.repeat(900_000) } })),
    post('a long quantity', tasks, task('quantity', { resources: { cpu: '1'.repeat(2_000_000) } })),
    post('nested 90 deep', tasks, task('nested', nested(90, 50))),
    post('depth', tasks, '['.repeat(1_000_000)),
    post('escapes', tasks, `{"a":"${'\\n'.repeat(900_000)}\\x"}`),
    post('YAML lists', tasks, '- x\n'.repeat(16_000), yaml),
    post('YAML documents', tasks, '---\n'.repeat(16_000), yaml),
    post('YAML quotes', tasks, '---\n"\n'.repeat(10_000), yaml),
    post('YAML, 32 KiB', tasks, `spec: {env: [${'{name: a},'.repeat(2_900)}]}`, yaml),
    post('YAML, 2 MiB', tasks, 'a: b\n'.repeat(400_000), yaml),
    send('gzip', 'POST', tasks, json, gzipSync(Buffer.alloc(200 * 2 ** 20)), {
      headers: { 'content-encoding': 'gzip' },
    }),
    send('protobuf of many fields', 'POST', configMaps, protobuf, protobufConfigMap(Buffer.alloc(2_000_000, 0x08))),
    send('protobuf of many entries', 'POST', configMaps, protobuf, protobufEntries(150_000)),
    patch('a merge patch', merge, { spec: members(3_400, 1) }, task('merged')),
    patch('a merge patch of labels', merge, { metadata: { labels: members(3_400, 'v') } }, task('merged-labels')),
    patch(
      'a merge patch of much',
      merge,
      { metadata: { labels: { a: 'b' } } },
      task('merged-much', variables(900, 'v')),
    ),
    patch(
      'moves',
      operations,
      many(800, () => ({ op: 'move', from: '/spec/env/9', path: '/spec/env/0' })),
      task('moves', variables(900, 'v')),
    ),
    patch(
      'insertions',
      operations,
      many(1_000, () => ({ op: 'add', path: '/spec/args/0', value: 'x' })),
      task('insertions', { args: ['x'] }),
    ),
    patch(
      'tests',
      operations,
      many(800, () => ({ op: 'test', path: '/spec/env', value: [] })),
      task('tests', variables(900, 'v')),
    ),
    patch(
      'copies',
      operations,
      many(800, (index) => ({ op: 'copy', from: '/spec', path: `/spec/k${index}` })),
      task('copies'),
    ),
    patch(
      'a strategic patch',
      strategic,
      { spec: { containers: [{ name: 'main', env: many(800, (index) => ({ name: `N${index}`, value: 'w' })) }] } },
      pod(
        'strategic',
        many(800, (index) => ({ name: `E${index}`, value: 'v' })),
      ),
      pods,
    ),
    patch(
      'finalizers in an order',
      strategic,
      {
        metadata: {
          finalizers: many(1_700, (index) => `a.b/f${index}`),
          '$setElementOrder/finalizers': many(1_700, (index) => `a.b/f${1_700 - index}`),
        },
      },
      configMap('ordered', {}, { finalizers: many(1_700, (index) => `c.d/f${index}`) }),
      configMaps,
    ),
    send('apply', 'PATCH', `${tasks}/${name('applied')}?fieldManager=x`, apply, task('applied', variables(900, 'v'))),
    patch(
      'apply with conflicts',
      apply,
      task('conflicts', variables(900, 'w')),
      task('conflicts', variables(900, 'v')),
      tasks,
      '?fieldManager=y',
    ),
    patch(
      'apply by force',
      apply,
      task('forced', variables(700, 'w')),
      task('forced', variables(700, 'v')),
      tasks,
      '?fieldManager=y&force=true',
    ),
    send(
      'apply with 25 owners',
      'PATCH',
      `${tasks}/${name('shared')}?fieldManager=z`,
      apply,
      task('shared', variables(40, 'v')),
      {
        before: many(25, (index) =>
          send(
            '',
            'PATCH',
            `${tasks}/${name('shared')}?fieldManager=m${index}`,
            apply,
            task('shared', variables(40, 'v')),
          ),
        ),
      },
    ),
    patch(
      'status of thousands',
      merge,
      { status: { message: 'x'.repeat(900_000), conditions: many(550, (index) => condition(`C${index}`)) } },
      task('status'),
      tasks,
    ),
    send(
      'a report of thousands',
      'PATCH',
      `${tasks}/${name('report')}/status`,
      merge,
      {
        status: {
          state: 'Pending',
          message: 'x'.repeat(900_000),
          conditions: many(550, (index) => condition(`C${index}`)),
        },
      },
      { before: [post('', tasks, task('report'))] },
    ),
    send('a TaskEvent', 'POST', taskEvents, json, {
      task: { namespace, name: name('report'), uid: 'x' },
      reason: 'R'.repeat(1_000_000),
      message: '\u0001'.repeat(100_000),
      ...members(3_000, 1),
    }),
    get('a label selector', `labelSelector=${encodeURIComponent(`a in (${'b,'.repeat(3_000)}c)`)}`),
    get('a label selector of many terms', `labelSelector=${encodeURIComponent(many(2_000, () => 'a!=b').join(','))}`),
    get('a long label selector', `labelSelector=${'a'.repeat(15_000)}!`),
    get('a field selector', `fieldSelector=${many(600, () => 'metadata.name!=x').join(',')}`),
    get('many parameters', many(2_000, (index) => `a${index}`).join('&')),
    send('a wide Accept header', 'GET', tasks, json, '', { headers: { accept: 'a/b;c=d,'.repeat(1_700) } }),
    send('a review', 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', json, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: members(3_400, 'x'), extra: 'x'.repeat(1_000_000) },
    }),
    send('deletion options', 'DELETE', `${tasks}/${name('none')}`, json, members(3_400, 'x')),
  ];
}

function many<T>(length: number, item: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => item(index));
}

function members(length: number, value: unknown): object {
  return Object.fromEntries(many(length, (index) => [`k${index}`, value]));
}

function variables(count: number, value: string): object {
  return { env: many(count, (index) => ({ name: `E${index}`, value })) };
}

function owner(index: number): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', name: `o${index}`, uid: `${index}` };
}

function condition(type: string): object {
  return { type, status: 'True', reason: 'Some', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' };
}

function nested(depth: number, width: number): object {
  return depth === 0 ? {} : { ...members(width, 1), below: nested(depth - 1, width) };
}

function field(number: number, bytes: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    length.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) break;
  }
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), bytes]);
}

function protobufConfigMap(raw: Buffer): Buffer {
  const type = Buffer.concat([field(1, Buffer.from('v1')), field(2, Buffer.from('ConfigMap'))]);
  return Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, raw)]);
}

function protobufEntries(count: number): Buffer {
  const entries = many(count, (index) => field(2, field(1, Buffer.from(`k${index}`))));
  return protobufConfigMap(Buffer.concat([field(1, field(1, Buffer.from('proto'))), ...entries]));
}
