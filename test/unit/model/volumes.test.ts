import { expect, it } from 'vitest';
import type { TaskSpec } from '../../../src/model/task.js';
import { validateVolumes, volumeWarnings } from '../../../src/model/volumes.js';

const problems = (spec: Partial<TaskSpec>): string[] =>
  validateVolumes({ image: 'busybox', ...spec }).map(({ field, message }) => `${field}: ${message}`);

it('takes each kind of volume, the same folder at two places, and several sizes', () => {
  expect(
    problems({
      volumes: [
        { name: 'data', dockerVolume: { name: 'shop-data' } },
        { name: 'config', hostPath: { path: '/srv/config' } },
        { name: 'cache', emptyDir: {} },
        { name: 'none' },
        { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
        { name: 'settings', configMap: { name: 'settings', items: [{ key: 'a', path: 'conf.d/..a' }] } },
        { name: 'login', secret: { secretName: 'login', defaultMode: 0o400 } },
      ],
      volumeMounts: [
        { name: 'settings', mountPath: '/etc/shop' },
        { name: 'login', mountPath: '/etc/shop/login' },
        { name: 'settings', mountPath: '/cache-of-settings' },
        { name: 'data', mountPath: '/data' },
        { name: 'data', mountPath: '/backup', readOnly: true },
        { name: 'config', mountPath: '/etc/app' },
        { name: 'cache', mountPath: '/cache' },
        { name: 'cache', mountPath: '/var/cache' },
        { name: 'none', mountPath: '/data/none' },
        { name: 'memory', mountPath: '/memory' },
        // Files below each other kind of volume, and around one.
        { name: 'login', mountPath: '/data/login' },
        { name: 'login', mountPath: '/etc/app/login' },
        { name: 'login', mountPath: '/cache/login' },
        { name: 'login', mountPath: '/memory/login' },
        { name: 'login', mountPath: '/dev/login' },
        { name: 'data', mountPath: '/etc/shop/data' },
      ],
    }),
  ).toEqual([]);
});

it.each<[string, Partial<TaskSpec>, string]>([
  [
    'a volume of two kinds',
    { volumes: [{ name: 'a', emptyDir: {}, hostPath: { path: '/a' } }] },
    'spec.volumes[0]: may have only one of hostPath, emptyDir: keep one of them',
  ],
  [
    'a name twice',
    {
      volumes: [
        { name: 'a', emptyDir: {} },
        { name: 'a', emptyDir: {} },
      ],
    },
    'spec.volumes[1].name: "a" is already used before',
  ],
  [
    'a mount of nothing',
    { volumeMounts: [{ name: 'b', mountPath: '/b' }] },
    'spec.volumeMounts[0].name: no entry of spec.volumes is named "b"',
  ],
  [
    'a path twice',
    {
      volumes: [{ name: 'a', dockerVolume: { name: 'aa' } }],
      volumeMounts: [
        { name: 'a', mountPath: '/a' },
        { name: 'a', mountPath: '/a/' },
      ],
    },
    'spec.volumeMounts[1].mountPath: "/a" is already used before',
  ],
  [
    'memory at two places',
    {
      volumes: [{ name: 'a', emptyDir: { medium: 'Memory' } }],
      volumeMounts: [
        { name: 'a', mountPath: '/a' },
        { name: 'a', mountPath: '/b' },
      ],
    },
    'spec.volumeMounts[1].name: "a" is in memory, so it can be mounted at one place only: leave medium out to mount it at several',
  ],
  [
    'a way up',
    { volumes: [{ name: 'a', hostPath: { path: '/srv/../etc' } }] },
    'spec.volumes[0].hostPath.path: must not contain "." or ".." as a part',
  ],
  ...(
    [
      ['/etc/passwd', 'must not start with "/": it is below the place of the volume'],
      ['../a', 'must not contain "." or ".." as a part'],
      ['..data', 'must not start with ".."'],
      ['..1/x', 'must not start with ".."'],
      ['a/../../b', 'must not contain "." or ".." as a part'],
      ['a//b', 'must not end with "/" nor have an empty part'],
      ['a/', 'must not end with "/" nor have an empty part'],
    ] as const
  ).map(([path, sentence]): [string, Partial<TaskSpec>, string] => [
    `the file ${path}`,
    { volumes: [{ name: 'a', configMap: { name: 'a', items: [{ key: 'k', path }] } }] },
    `spec.volumes[0].configMap.items[0].path: ${sentence}`,
  ]),
  [
    'a file twice',
    { volumes: [{ name: 'a', secret: { secretName: 'a', items: ['x', 'y'].map((key) => ({ key, path: 'f' })) } }] },
    'spec.volumes[0].secret.items[1].path: "f" is already used before',
  ],
  [
    'a file that is a folder',
    {
      volumes: [{ name: 'a', secret: { secretName: 'a', items: ['f', 'f/g'].map((path) => ({ key: 'x', path })) } }],
    },
    'spec.volumes[0].secret.items[0].path: "f" is a folder of another item',
  ],
  [
    'files where the kernel has its own',
    {
      volumes: [{ name: 'a', configMap: { name: 'a' } }],
      volumeMounts: [{ name: 'a', mountPath: '/proc/shop' }],
    },
    'spec.volumeMounts[0].mountPath: no files can be put below /proc',
  ],
  [
    'a size that is none',
    { volumes: [{ name: 'a', emptyDir: { medium: 'Memory', sizeLimit: 'big' } }] },
    'spec.volumes[0].emptyDir.sizeLimit: "big" is not a size: write it like 64Mi',
  ],
])('MF-11: refuses %s', (_what, spec, sentence) => {
  expect(problems(spec)).toEqual([sentence]);
});

it('tells of a size that the engine does not keep', () => {
  const warnings = (emptyDir: object): string[] =>
    volumeWarnings({
      image: 'busybox',
      volumes: [
        { name: 'a', emptyDir: {} },
        { name: 'b', emptyDir },
      ],
    });
  expect(warnings({ sizeLimit: '1Gi' })).toEqual([
    'spec.volumes[1].emptyDir.sizeLimit: the engine keeps this limit only with medium: Memory',
  ]);
  expect(warnings({ sizeLimit: '1Gi', medium: 'Memory' })).toEqual([]);
  expect(warnings({ sizeLimit: 0 })).toEqual([]);
  expect(warnings({})).toEqual([]);
});
