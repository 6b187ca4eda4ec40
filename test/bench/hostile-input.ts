import { fork } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Row } from './row.js';

const tasks = '/apis/orch.dev/v1/namespaces/default/tasks';
const configMaps = '/api/v1/namespaces/default/configmaps';
const many = <T>(length: number, item: (index: number) => T): T[] => Array.from({ length }, (_, index) => item(index));
const members = (length: number, value: unknown): object =>
  Object.fromEntries(many(length, (index) => [`k${index}`, value]));
const task = (name: string, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'orch.dev/v1',
  kind: 'Task',
  metadata: { name, ...metadata },
  spec: { image: 'busybox', ...spec },
});
const variables = (count: number, value: string): object => ({
  env: many(count, (index) => ({ name: `E${index}`, value })),
});
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'large' } };
const json = 'application/json';
const yaml = 'application/yaml';
const merge = 'application/merge-patch+json';
const apply = 'application/apply-patch+yaml';
const operations = 'application/json-patch+json';

/** Just below a bound, just above it, and far above. */
const requests: [what: string, method: string, path: string, type: string, body: string | object][] = [
  ['a large ConfigMap', 'POST', configMaps, json, { ...configMap, data: { a: 'key=value\n'.repeat(90_000) } }],
  ['unknown fields', 'POST', tasks, json, task('a', members(4_900, 1))],
  ['too many unknown fields', 'POST', tasks, json, task('a', members(50_000, 1))],
  ['variables', 'POST', tasks, json, task('b', variables(1_600, 'v'))],
  ['wrong variables', 'POST', tasks, json, task('c', { env: many(2_400, () => ({ nam: 1 })) })],
  ['labels', 'POST', tasks, json, task('d', {}, { labels: members(4_900, 'v') })],
  ['wrong labels', 'POST', tasks, json, task('e', {}, { labels: members(4_900, '!!') })],
  ['depth', 'POST', tasks, json, '['.repeat(1_000_000)],
  ['escapes', 'POST', tasks, json, `{"a":"${'\\n'.repeat(900_000)}\\x"}`],
  ['YAML lists', 'POST', tasks, yaml, '- x\n'.repeat(16_000)],
  ['YAML documents', 'POST', tasks, yaml, '---\n'.repeat(16_000)],
  ['YAML quotes', 'POST', tasks, yaml, '---\n"\n'.repeat(10_000)],
  ['YAML, 2 MiB', 'POST', tasks, yaml, 'a: b\n'.repeat(400_000)],
  ['a merge patch', 'PATCH', `${tasks}/b`, merge, { spec: members(4_900, 1) }],
  [
    'moves',
    'PATCH',
    `${tasks}/b`,
    operations,
    many(1_200, () => ({ op: 'move', from: '/spec/env/9', path: '/spec/env/0' })),
  ],
  ['apply', 'PATCH', `${tasks}/f?fieldManager=x`, apply, task('f', variables(1_000, 'v'))],
  ['apply with conflicts', 'PATCH', `${tasks}/f?fieldManager=y`, apply, task('f', variables(1_000, 'w'))],
  [
    'a label selector',
    'GET',
    `${tasks}?labelSelector=${encodeURIComponent(`a in (${'b,'.repeat(3_000)}c)`)}`,
    json,
    '',
  ],
];

interface Hello {
  url: string;
  caPem: string;
  token: string;
}

/** The longest time that hostile requests kept the API's main loop from everything else; second round, code warm. */
export async function measureHostileInput({ progress }: { progress: (text: string) => void }): Promise<Row[]> {
  const path = fileURLToPath(new URL('watched-api.ts', import.meta.url));
  const api = fork(path, { execArgv: ['--import', 'tsx', '--expose-gc'], stdio: 'inherit' });
  const answer = async (): Promise<unknown> => ((await once(api, 'message')) as [unknown])[0];
  const ask = (what: string): Promise<unknown> => {
    const answered = answer();
    api.send(what);
    return answered;
  };
  try {
    const hello = (await answer()) as Hello;
    let worst = { what: '', milliseconds: 0 };
    for (const round of [1, 2]) {
      for (const [what, method, url, type, body] of requests) {
        await ask('reset');
        await send(hello, method, url, type, typeof body === 'string' ? body : JSON.stringify(body));
        await pause(20);
        const { maxMilliseconds } = (await ask('read')) as { maxMilliseconds: number };
        progress(`hostile input, round ${round}: ${what} ${maxMilliseconds.toFixed(0)} ms`);
        if (round === 2 && maxMilliseconds > worst.milliseconds) worst = { what, milliseconds: maxMilliseconds };
      }
    }
    return [
      {
        what: `event loop delay under hostile input, worst of ${requests.length} (${worst.what})`,
        orch: `${worst.milliseconds.toFixed(0)} ms`,
        peer: 'goal: 50 ms',
        ratio: `${(worst.milliseconds / 50).toFixed(2)}x`,
      },
    ];
  } finally {
    api.disconnect();
  }
}

function send(hello: Hello, method: string, path: string, type: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${hello.token}`,
      ...(body === '' ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
    };
    const sent = request(`${hello.url}${path}`, { method, ca: hello.caPem, agent: false, headers }, (response) => {
      response.resume().once('end', resolve).once('error', reject);
    });
    sent.once('error', reject).end(body);
  });
}
