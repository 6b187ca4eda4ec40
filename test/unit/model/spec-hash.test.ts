import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/model/json.js';
import { isMadeFrom, specHash } from '../../../src/model/spec-hash.js';
import type { TaskSpec } from '../../../src/model/task.js';

const spec = (fields: Partial<TaskSpec> = {}): TaskSpec => ({ image: 'busybox', ...fields });

describe('specHash', () => {
  it.each<[what: string, aloud: Partial<TaskSpec>, leftOut: Partial<TaskSpec>]>([
    ['a protocol', { ports: [{ containerPort: 80, protocol: 'TCP' }] }, { ports: [{ containerPort: 80 }] }],
    ['false', { hostNetwork: false, stdin: false, tty: false }, {}],
    ['empty lists', { env: [], args: [], command: [], volumes: [], volumeMounts: [] }, {}],
    ['an empty value', { env: [{ name: 'A', value: '' }] }, { env: [{ name: 'A' }] }],
    [
      'what a volume is without a source',
      { volumes: [{ name: 'a', emptyDir: { medium: '' } }] },
      { volumes: [{ name: 'a' }] },
    ],
    [
      'the mode of files',
      { volumes: [{ name: 'a', configMap: { name: 'c', defaultMode: 0o644, optional: false } }] },
      { volumes: [{ name: 'a', configMap: { name: 'c' } }] },
    ],
    [
      'a quantity in another way',
      { resources: { limits: { cpu: 0.5, memory: '1024Mi' } } },
      { resources: { limits: { cpu: '500m', memory: '1Gi' } } },
    ],
    ['requests of nothing', { resources: { cpu: 0, requests: { cpu: 0, memory: '0' } } }, {}],
    [
      'a port of the host on its own network',
      { hostNetwork: true, ports: [{ containerPort: 80, hostPort: 80 }] },
      { hostNetwork: true, ports: [{ containerPort: 80 }] },
    ],
  ])('is the same whether %s is said aloud or left out', (_, aloud, leftOut) => {
    expect(specHash(spec(aloud))).toBe(specHash(spec(leftOut)));
  });

  it.each<[what: string, fields: Partial<TaskSpec>, other: Partial<TaskSpec>]>([
    [
      'any free port of the worker',
      { ports: [{ containerPort: 80, hostPort: 0 }] },
      { ports: [{ containerPort: 80 }] },
    ],
    ['a variable', { env: [{ name: 'A' }] }, {}],
    [
      'a request of nothing beside a limit',
      { resources: { requests: { cpu: 0 }, limits: { cpu: 1 } } },
      { resources: { limits: { cpu: 1 } } },
    ],
    ['the order of arguments', { args: ['a', ''] }, { args: ['', 'a'] }],
    ['an empty argument', { args: ['a', ''] }, { args: ['a'] }],
  ])('is another one for %s', (_, fields, other) => {
    expect(specHash(spec(fields))).not.toBe(specHash(spec(other)));
  });

  it('a container that an older version labelled with the hash of the very words is still made from them', () => {
    const aloud = spec({ ports: [{ containerPort: 80, protocol: 'TCP' }], hostNetwork: false });
    const ofTheWords = createHash('sha256').update(canonicalJson(aloud)).digest('hex').slice(0, 16);
    expect(ofTheWords).not.toBe(specHash(aloud));
    expect(isMadeFrom(ofTheWords, aloud)).toBe(true);
    expect(isMadeFrom(specHash(aloud), aloud)).toBe(true);
    expect(isMadeFrom(ofTheWords, spec({ image: 'busybox:2' }))).toBe(false);
    expect(isMadeFrom(undefined, aloud)).toBe(false);
  });

  it('is what older versions took of a spec without defaults, so that their containers are known', () => {
    const plain = spec({
      command: ['sleep', '1'],
      env: [{ name: 'A', value: 'b' }],
      resources: { limits: { cpu: '500m', memory: '64Mi' } },
    });
    expect(specHash(plain)).toBe(createHash('sha256').update(canonicalJson(plain)).digest('hex').slice(0, 16));
  });
});
