import { expect, it } from 'vitest';
import type { ConfigMap } from '../../../../src/model/config-map.js';
import type { Secret } from '../../../../src/model/secret.js';
import type { TaskSpec } from '../../../../src/model/task.js';
import { resolveFiles } from '../../../../src/worker/config/resolve-files.js';
import { aStoredTask } from '../../../support/cluster-builders.js';

const base64 = (value: string): string => Buffer.from(value).toString('base64');
const objects = new Map<string, ConfigMap | Secret>([
  [
    'ConfigMap/settings',
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { b: 'text', a: 'ä' },
      binaryData: { bytes: base64('\0') },
    },
  ],
  ['Secret/login', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, data: { password: base64('p') } }],
]);

function resolve(
  volumes: TaskSpec['volumes'],
  volumeMounts: TaskSpec['volumeMounts'] = [{ name: 'v', mountPath: '/v' }],
) {
  return resolveFiles(aStoredTask('web', { volumes: volumes ?? [], volumeMounts: volumeMounts ?? [] }), objects).map(
    ({ target, files }) => [target, ...files.map((file) => [file.path, file.mode, file.base64])],
  );
}

it('makes a file of every key, bytes too', () => {
  expect(resolve([{ name: 'v', configMap: { name: 'settings' } }])).toEqual([
    ['/v', ['a', 0o644, base64('ä')], ['b', 0o644, base64('text')], ['bytes', 0o644, base64('\0')]],
  ]);
  expect(resolve([{ name: 'v', secret: { secretName: 'login', defaultMode: 0o600 } }])).toEqual([
    ['/v', ['password', 0o600, base64('p')]],
  ]);
});

it('makes files of items only, with their own permissions, at every place', () => {
  const items = [
    { key: 'b', path: 'conf.d/b', mode: 0o777 },
    { key: 'b', path: 'again' },
  ];
  const files = [
    ['conf.d/b', 0o777, base64('text')],
    ['again', 0o640, base64('text')],
  ];
  const mounts = [
    { name: 'v', mountPath: '/one' },
    { name: 'v', mountPath: '//two/' },
  ];
  expect(resolve([{ name: 'v', configMap: { name: 'settings', defaultMode: 0o640, items } }], mounts)).toEqual([
    ['/one', ...files],
    ['/two', ...files],
  ]);
});

it('goes without what is optional, and says what is not', () => {
  const items = [{ key: 'none', path: 'f' }];
  expect(resolve([{ name: 'v', configMap: { name: 'none', optional: true } }])).toEqual([['/v']]);
  expect(resolve([{ name: 'v', configMap: { name: 'settings', items, optional: true } }])).toEqual([['/v']]);
  expect(() => resolve([{ name: 'v', secret: { secretName: 'none' } }], [])).toThrow(
    'there is no Secret "none" in the namespace "default" (spec.volumes[0]): create it, or set optional: true',
  );
  expect(() => resolve([{ name: 'v', configMap: { name: 'settings', items } }])).toThrow(
    'ConfigMap "settings" in the namespace "default" has no key "none" (spec.volumes[0]): add it, or set optional: true',
  );
});
