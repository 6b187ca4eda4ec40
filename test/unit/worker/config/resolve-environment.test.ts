import { describe, expect, it } from 'vitest';
import type { ConfigMap } from '../../../../src/model/config-map.js';
import type { Secret } from '../../../../src/model/secret.js';
import type { StoredTask, TaskSpec } from '../../../../src/model/task.js';
import { resolveEnvironment } from '../../../../src/worker/config/resolve-environment.js';
import { aStoredTask } from '../../../support/cluster-builders.js';

const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString('base64');
const configMap = (name: string, data: Record<string, string>, binaryData = {}): [string, ConfigMap] => [
  `ConfigMap/${name}`,
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data, binaryData },
];
const secret = (name: string, values: Record<string, string | Uint8Array>): [string, Secret] => [
  `Secret/${name}`,
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)])),
  },
];

const task = (spec: Partial<TaskSpec>): StoredTask =>
  aStoredTask('web', { nodeName: 'n1', ...spec }, {}, { labels: { app: 'shop' }, annotations: { note: 'x' } });

function resolve(spec: Partial<TaskSpec>, objects: [string, ConfigMap | Secret][] = [], hostIP?: string) {
  const { env, skipped } = resolveEnvironment(task(spec), new Map(objects), hostIP === undefined ? {} : { hostIP });
  return { env: Object.fromEntries(env.map(({ name, value }) => [name, value])), skipped };
}

describe('the environment of a container', () => {
  it('has plain values, those of keys, and all of an object under a prefix', () => {
    const { env } = resolve(
      {
        envFrom: [{ configMapRef: { name: 'settings' } }, { prefix: 'DB_', secretRef: { name: 'login' } }],
        env: [
          { name: 'PLAIN', value: 'x' },
          { name: 'EMPTY' },
          { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } },
          { name: 'SIZE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'size' } } },
        ],
      },
      [configMap('settings', { COLOR: 'blue', size: '3' }), secret('login', { user: 'ä', password: 'a=b\nc' })],
    );
    expect(env).toEqual({
      COLOR: 'blue',
      size: '3',
      DB_user: 'ä',
      DB_password: 'a=b\nc',
      PLAIN: 'x',
      EMPTY: '',
      PASSWORD: 'a=b\nc',
      SIZE: '3',
    });
  });

  it('puts in what a plain value refers to: variables before it, of whatever source, and no later ones', () => {
    const { env } = resolve(
      {
        envFrom: [{ secretRef: { name: 'login' } }],
        env: [
          { name: 'URL', value: 'db://$(user)@$(HOST)' },
          { name: 'HOST', value: 'db' },
          { name: 'URL2', value: '$(URL) $(user)@$(HOST) $$(HOST)' },
          { name: 'RAW', valueFrom: { secretKeyRef: { name: 'login', key: 'pattern' } } },
        ],
      },
      [secret('login', { user: 'ann', pattern: '$(HOST)' })],
    );
    expect(env).toMatchObject({
      URL: 'db://ann@$(HOST)',
      URL2: 'db://ann@$(HOST) ann@db $(HOST)',
      RAW: '$(HOST)',
    });
  });

  it('lets later ones win, and env over all of envFrom', () => {
    const { env } = resolve(
      {
        envFrom: [{ configMapRef: { name: 'a' } }, { configMapRef: { name: 'b' } }],
        env: [{ name: 'THIRD', value: 'env' }],
      },
      [configMap('a', { FIRST: 'a', SECOND: 'a', THIRD: 'a' }), configMap('b', { SECOND: 'b', THIRD: 'b' })],
    );
    expect(env).toEqual({ FIRST: 'a', SECOND: 'b', THIRD: 'env' });
  });

  it('tells of the task itself, and nothing where there is nothing', () => {
    const fields = ['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'status.hostIP'];
    const paths = [
      ...fields,
      "metadata.labels['app']",
      "metadata.labels['constructor']",
      "metadata.annotations['note']",
    ];
    const env = paths.map((fieldPath, index) => ({ name: String(index), valueFrom: { fieldRef: { fieldPath } } }));
    const told = (hostIP?: string): string[] => Object.values(resolve({ env }, [], hostIP).env);
    const { namespace, uid } = task({}).metadata;
    expect(told('10.0.0.1')).toEqual(['web', namespace, uid, 'n1', '10.0.0.1', 'shop', '', 'x']);
    expect(told()[4]).toBe('');
  });

  it('takes every name that env takes, as newer Kubernetes does', () => {
    const { env, skipped } = resolve({ envFrom: [{ configMapRef: { name: 'a' } }] }, [
      configMap('a', { '1st.key-x': 'y' }),
    ]);
    expect(env).toEqual({ '1st.key-x': 'y' });
    expect(skipped).toEqual([]);
  });

  it('goes without what is optional', () => {
    const { env } = resolve(
      {
        envFrom: [{ secretRef: { name: 'none', optional: true } }],
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'a', optional: true } } },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'settings', key: 'none', optional: true } } },
        ],
      },
      [configMap('settings', {})],
    );
    expect(env).toEqual({});
  });

  it.each<[string, Partial<TaskSpec>, string]>([
    [
      'an object',
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'a' } } }] },
      'there is no Secret "none" in the namespace "default" (spec.env[0]): create it, or set optional: true',
    ],
    [
      'an object of which all is wanted',
      { envFrom: [{ configMapRef: { name: 'none' } }] },
      'there is no ConfigMap "none" in the namespace "default" (spec.envFrom[0]): create it, or set optional: true',
    ],
    [
      'a key',
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'none' } } }] },
      'ConfigMap "settings" in the namespace "default" has no key "none" (spec.env[0]): add it, or set optional: true',
    ],
    [
      'a key that only files can have',
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'bytes' } } }] },
      'ConfigMap "settings" in the namespace "default" has no key "bytes" (spec.env[0]): add it, or set optional: true',
    ],
    [
      'a value that is text',
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'binary' } } }] },
      'Secret "keys": the value of the key "binary" is no text, so no environment variable can hold it (spec.env[0]): mount it as a file',
    ],
  ])('says which object misses %s', (_what, spec, sentence) => {
    const objects = [configMap('settings', {}, { bytes: base64('x') }), secret('keys', { binary: Buffer.from([255]) })];
    expect(() => resolve(spec, objects)).toThrow(sentence);
  });

  it('leaves out of a whole object what is no text, and names it', () => {
    const { env, skipped } = resolve({ envFrom: [{ secretRef: { name: 'keys' } }] }, [
      secret('keys', { text: 'x', store: Buffer.from([0xff]), nul: 'a\0b' }),
    ]);
    expect(env).toEqual({ text: 'x' });
    expect(skipped).toEqual(['Secret "keys": nul, store']);
  });
});
