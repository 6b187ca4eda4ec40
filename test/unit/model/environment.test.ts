import { expect, it } from 'vitest';
import { validateSchema } from '../../../src/manifest/validate-schema.js';
import { configReferences } from '../../../src/model/config-references.js';
import { validateEnvironment } from '../../../src/model/environment.js';
import { specHash } from '../../../src/model/spec-hash.js';
import type { TaskSpec } from '../../../src/model/task.js';
import { taskKind } from '../../../src/model/task.js';

const secretKeyRef = { name: 'login', key: 'password' };

const problems = (spec: Partial<TaskSpec>): string[] =>
  validateEnvironment({ image: 'busybox', ...spec }).map(({ field, message }) => `${field}: ${message}`);

const schemaProblems = (spec: object): string[] =>
  validateSchema(taskKind, {
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: { name: 'web' },
    spec: { image: 'busybox', ...spec } as never,
  }).map(({ field, message }) => `${field}: ${message}`);

it('takes values from each kind of source, beside plain ones', () => {
  const spec: Partial<TaskSpec> = {
    envFrom: [{ configMapRef: { name: 'settings' } }, { prefix: 'DB_', secretRef: { name: 'login', optional: true } }],
    env: [
      { name: 'PLAIN', value: 'x' },
      { name: 'EMPTY' },
      { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'COLOR' } } },
      { name: 'PASSWORD', value: '', valueFrom: { secretKeyRef: { ...secretKeyRef, optional: true } } },
      {
        name: 'APP',
        valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['app.example.com/name']" } },
      },
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ],
  };
  expect(schemaProblems(spec)).toEqual([]);
  expect(problems(spec)).toEqual([]);
  const volumes = [
    { name: 'a', configMap: { name: 'files' } },
    { name: 'b', secret: { secretName: 'login' } },
  ];
  expect(configReferences({ ...spec, volumes })).toEqual([
    { kind: 'ConfigMap', name: 'files' },
    { kind: 'Secret', name: 'login' },
    { kind: 'ConfigMap', name: 'settings' },
  ]);
});

it.each<[string, Partial<TaskSpec>, string]>([
  [
    'a value and a source',
    { env: [{ name: 'A', value: 'x', valueFrom: { secretKeyRef } }] },
    'spec.env[0].valueFrom: may not be set beside value: keep one of them',
  ],
  [
    'no source',
    { env: [{ name: 'A', valueFrom: {} }] },
    'spec.env[0].valueFrom: needs exactly one of configMapKeyRef, secretKeyRef, fieldRef, not 0',
  ],
  [
    'two sources',
    { env: [{ name: 'A', valueFrom: { secretKeyRef, configMapKeyRef: secretKeyRef } }] },
    'spec.env[0].valueFrom: needs exactly one of configMapKeyRef, secretKeyRef, fieldRef, not 2',
  ],
  [
    'a field that is known only later',
    { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] },
    'spec.env[0].valueFrom.fieldRef.fieldPath: "status.podIP" is no field that a container can be told: use one of ' +
      'metadata.name, metadata.namespace, metadata.uid, spec.nodeName, status.hostIP, ' +
      "metadata.labels['KEY'], metadata.annotations['KEY']",
  ],
  [
    'all of nothing',
    { envFrom: [{ prefix: 'A_' }] },
    'spec.envFrom[0]: needs exactly one of configMapRef and secretRef, not 0',
  ],
  [
    'all of two',
    { envFrom: [{ configMapRef: { name: 'a' }, secretRef: { name: 'b' } }] },
    'spec.envFrom[0]: needs exactly one of configMapRef and secretRef, not 2',
  ],
  [
    'more objects than are read',
    {
      env: Array.from({ length: 65 }, (_, n) => ({
        name: `A${n}`,
        valueFrom: { secretKeyRef: { name: `s${n}`, key: 'k' } },
      })),
    },
    'spec: names 65 ConfigMaps and Secrets: at most 64 can be read for a container',
  ],
])('refuses %s', (_what, spec, sentence) => {
  expect(problems(spec)).toEqual([sentence]);
});

it('says what is wrong with a reference, and where', () => {
  expect(schemaProblems({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'login', key: '../x' } } }] })).toEqual(
    [expect.stringMatching(/^spec\.env\[0\]\.valueFrom\.secretKeyRef\.key: "\.\.\/x" is not a key/)],
  );
  expect(schemaProblems({ envFrom: [{ configMapRef: { name: 'A/b' } }] })).toEqual([
    expect.stringMatching(/^spec\.envFrom\[0\]\.configMapRef\.name: "A\/b" is not a name/),
  ]);
  expect(schemaProblems({ envFrom: [{ prefix: 'A=', secretRef: { name: 'a' } }] })).toEqual([
    'spec.envFrom[0].prefix: "A=" must not hold "=" or NUL',
  ]);
  expect(schemaProblems({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'a' } } }] })).toEqual([
    expect.stringMatching(/^spec\.env\[0\]\.valueFrom\.configMapKeyRef\.key: /),
  ]);
});

it('makes another fingerprint of another reference', () => {
  const hash = (name: string): string => specHash({ image: 'busybox', envFrom: [{ secretRef: { name } }] });
  expect(hash('one')).not.toBe(hash('two'));
});
