import { once } from 'node:events';
import { text as readText } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestApi, taskObject, tasksPath, type RequestOptions, type TestApi } from './api-harness.js';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await api.request('POST', tasksPath, { body: taskObject('web') });
});
afterAll(() => api.close());

const many = <T>(length: number, item: (index: number) => T): T[] => Array.from({ length }, (_, index) => item(index));
const members = (length: number, value: unknown): Record<string, unknown> =>
  Object.fromEntries(many(length, (index) => [`k${index}`, value]));
const mergePatch = 'application/merge-patch+json';
const applyPatch = 'application/apply-patch+yaml';
const web = `${tasksPath}/web`;
const configMapsPath = '/api/v1/namespaces/default/configmaps';
const protobuf = 'application/vnd.kubernetes.protobuf';
/** A v1 ConfigMap whose message is a number, field 1, so many times. */
const protobufConfigMap = (fields: number): Buffer => {
  const type = Buffer.from('\x0a\x02v1\x12\x09ConfigMap', 'latin1');
  const length = [(2 * fields) & 0x7f, ((2 * fields) >> 7) & 0x7f, ((2 * fields) >> 14) & 0x7f, (2 * fields) >> 21];
  return Buffer.concat([
    Buffer.from('k8s\0'),
    Buffer.from([0x0a, type.length]),
    type,
    Buffer.from([0x12, ...length.map((bits, place) => (place < 3 ? bits | 0x80 : bits))]),
    Buffer.alloc(2 * fields, Buffer.from([0x08, 0x01])),
  ]);
};

it('answers a request whose body comes in pieces right behind one with a large answer', async () => {
  const socket = connect({ host: '127.0.0.1', port: api.server.port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  try {
    // Small records, and two requests in one write: the second one is there before the first answer is known to be written.
    socket.setMaxSendFragment(512);
    const login = `Host: orch\r\nAuthorization: Bearer ${api.credentials.adminToken}`;
    const start = `GET /openapi/v2 HTTP/1.1\r\n${login}\r\nX-Fill: `;
    const first = `${start.padEnd(512 * Math.ceil((start.length + 4) / 512) - 4, 'x')}\r\n\r\n`;
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
      data: { a: 'x'.repeat(40_000) },
    });
    const head = `POST ${configMapsPath}?dryRun=All HTTP/1.1\r\n${login}\r\nContent-Type: application/json`;
    socket.write(`${first}${head}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    const text = await readText(socket);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 201']);
  } finally {
    socket.destroy();
  }
});

describe('a body that would cost the main loop too much', () => {
  it.each<[string, string, string, RequestOptions]>([
    ['unknown fields', 'POST', tasksPath, { body: taskObject('x', members(50_000, 1)) }],
    ['a long list', 'POST', tasksPath, { body: taskObject('x', { command: many(90_000, () => 'x') }) }],
    ['wrong items', 'POST', tasksPath, { body: taskObject('x', { env: many(30_000, () => ({ nam: 1 })) }) }],
    ['labels', 'POST', tasksPath, { body: taskObject('x', {}, { labels: members(50_000, 'v') }) }],
    ['a deep value', 'POST', tasksPath, { body: '['.repeat(1_000_000) }],
    ['a merge patch', 'PATCH', web, { type: mergePatch, body: { spec: members(50_000, 1) } }],
    ['managedFields', 'PUT', web, { body: taskObject('web', {}, { managedFields: many(50_000, () => ({})) }) }],
    ['options of a deletion', 'DELETE', web, { body: members(50_000, 1) }],
    ['YAML', 'PATCH', `${web}?fieldManager=m`, { type: applyPatch, body: `a:\n${'- b\n'.repeat(20_000)}` }],
    ['YAML of many documents', 'POST', tasksPath, { type: 'application/yaml', body: '---\n'.repeat(300_000) }],
    ['protobuf of many fields', 'POST', configMapsPath, { type: protobuf, body: protobufConfigMap(1_000_000) }],
    ['a text of 3 MiB', 'POST', tasksPath, { body: taskObject('x', { command: ['x'.repeat(3 * 2 ** 20)] }) }],
    ['an object of 1.6 MiB', 'POST', tasksPath, { body: taskObject('x', { command: ['x'.repeat(1.6 * 2 ** 20)] }) }],
  ])('is refused as too large, and changes nothing: %s', async (_what, method, path, options) => {
    const before = api.store.currentRevision();
    const { status, json } = await api.request(method, path, options);
    expect(status).toBe(413);
    expect(json).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'RequestEntityTooLarge', code: 413 });
    expect(api.store.currentRevision()).toBe(before);
  });

  it('tells who sends much YAML to send JSON', async () => {
    const body = `data: ${'x'.repeat(70_000)}`;
    const { json } = await api.request('POST', tasksPath, { type: 'application/yaml', body });
    expect(json.message).toContain('send the object as JSON, as kubectl and orch do');
  });

  it('has its place named', async () => {
    const { json } = await api.request('POST', tasksPath, { body: taskObject('x', members(50_000, 1)) });
    expect(json.message).toMatch(/^too much to read at 1:\d+: spec\.k\d+: more than 3500 values$/);
  });
});

describe('an object that people do write', () => {
  const configMaps = '/api/v1/namespaces/default/configmaps';
  const configMap = (name: string, data: object): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data,
  });
  const lines = 'key=value # and a comment\n'.repeat(900_000 / 26);

  it('passes with 900 kB under one key, created, applied and patched', async () => {
    expect((await api.request('POST', configMaps, { body: configMap('a', { text: lines }) })).status).toBe(201);
    const applied = await api.request('PATCH', `${configMaps}/b?fieldManager=m`, {
      type: applyPatch,
      body: configMap('b', { text: lines }),
    });
    expect(applied.status).toBe(201);
    const patched = await api.request('PATCH', `${configMaps}/a`, { type: mergePatch, body: { data: { more: '1' } } });
    expect(patched.json.data).toMatchObject({ text: lines, more: '1' });
  });

  it('passes with a thousand variables, and with who owns each of them', async () => {
    const env = many(1_000, (index) => ({ name: `E${index}`, value: 'v' }));
    const body = taskObject('thousand', { env });
    const path = `${tasksPath}/thousand?fieldManager=m`;
    expect((await api.request('PATCH', path, { type: applyPatch, body })).status).toBe(201);
  });

  it('cannot grow without end by many small writes', async () => {
    await api.request('POST', configMaps, { body: configMap('grows', {}) });
    const statuses: number[] = [];
    for (let round = 0; round < 8; round++) {
      const data = Object.fromEntries(many(1_500, (index) => [`r${round}-${index}`, '1']));
      const { status } = await api.request('PATCH', `${configMaps}/grows`, { type: mergePatch, body: { data } });
      statuses.push(status);
    }
    expect(statuses.slice(0, 2)).toEqual([200, 200]);
    expect(statuses.at(-1)).toBe(413);
  });
});

describe('the work that a body makes', () => {
  it('does not grow with the square of a JSON patch: no operation copies the whole document', async () => {
    const args = many(1_500, (index) => `argument-${index}`);
    await api.request('POST', tasksPath, { body: taskObject('moved', { args }) });
    const operations = many(500, () => ({ op: 'move', from: '/spec/args/1499', path: '/spec/args/0' }));
    const stringify = vi.spyOn(JSON, 'stringify');
    try {
      const path = `${tasksPath}/moved`;
      const { json } = await api.request('PATCH', path, { type: 'application/json-patch+json', body: operations });
      expect(json.spec.args.slice(0, 2)).toEqual(['argument-1000', 'argument-1001']);
      const characters = stringify.mock.results.reduce((sum, { value }) => sum + String(value ?? '').length, 0);
      // The document has 25,000 characters: a few copies of it, not five hundred.
      expect(characters).toBeLessThan(500_000);
    } finally {
      stringify.mockRestore();
    }
  });
});
