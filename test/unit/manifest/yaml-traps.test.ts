import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatManifestError } from '../../../src/manifest/manifest-document.js';
import { requestLimits } from '../../../src/manifest/limits.js';
import { parseManifests, parseValue } from '../../../src/manifest/parse-manifests.js';

// One short text for each trap of YAML and JSON that is known to have hurt others; bad-manifests.test.ts has them as files.
const refusal = (text: string): string[] => {
  const { documents, errors } = parseManifests(text, { file: 'f' });
  expect(documents).toEqual([]);
  return errors.map(formatManifestError);
};
const task = (spec: string): string =>
  `apiVersion: orch.dev/v1\nkind: Task\nmetadata: { name: web }\nspec:\n  image: busybox\n  ${spec}\n`;
const json = (spec: string): string =>
  `{"apiVersion":"orch.dev/v1","kind":"Task","metadata":{"name":"web"},"spec":{"image":"busybox",${spec}}}`;

describe('traps', () => {
  it.each([
    ['an anchor within itself', 'a: &a [*a]', 'the alias *a stands inside its own anchor'],
    ['a merge of what is no mapping', 'a: &a [b]\nd: { <<: [*a, c] }', '"<<" merges mappings'],
    ['a merge within itself', 'a: &a { <<: *a }', 'the alias *a stands inside its own anchor'],
    ['a merge after the key that it brings', 'a: { b: c, <<: { b: d } }', 'programs differ in which one counts'],
  ])('YM-01: %s is refused', (_what, text, message) => {
    expect(refusal(text).join('\n')).toContain(message);
  });

  // Each as kubectl 1.32 prints it with `kubectl label --local -o json`.
  it.each([
    ['yes', 'true'],
    ['Off', 'false'],
    ['y', 'true'],
    ['0750', '488'],
    ['0o17', '15'],
    ['0x10', '16'],
    ['1_000', '1000'],
    ['-5', '-5'],
    ['+1', '1'],
    ['-0', '0'],
    ['-0.0', '-0'],
    ['08', '8'],
    ['1.0', '1'],
    ['.5', '0.5'],
    ['0.1', '0.1'],
    ['1e3', '1000'],
    ['123456.25', '123456.25'],
    ['1000000.0', '1e+06'],
    ['1234567.5', '1.2345675e+06'],
    ['16777217.0', '1.6777216e+07'],
    ['1e21', '1e+21'],
    ['0.0001', '0.0001'],
    ['0.000012', '1.2e-05'],
    ['"off"', 'off'],
    ['!!str yes', 'yes'],
    ['!!bool yes', 'true'],
    ['2024-01-01', '2024-01-01'],
    ['1:30', '1:30'],
  ])('YM-09: a key %s is the key "%s", as with kubectl', (written, key) => {
    expect(parseValue(`${written}: x\n`, 'f', requestLimits)).toEqual({ [key]: 'x' });
  });

  it('YM-09: keys that become one are there twice, and null is none, with the place', () => {
    const data = (...keys: string[]): string =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n${keys.map((key) => `  ${key}: x\n`).join('')}`;
    expect(refusal(data('yes', 'true'))).toEqual(['f:6:3: data.true: the key "true" is there twice']);
    expect(refusal(data('null')).join()).toContain('f:5:3: data: a key must be a string, not null: quote it');
    expect(refusal(data('~')).join()).toContain('not ~: quote it');
  });

  it.each(['__proto__', 'constructor', 'prototype'])('YM-04: the key %s is refused, with its path', (key) => {
    expect(refusal(task(`nodeSelector: { ${key}: { polluted: "yes" } }`))).toEqual([
      `f:6:19: spec.nodeSelector.${key}: the key "${key}" is not allowed`,
    ]);
    expect(refusal(json(`"nodeSelector":{"${key}":{"polluted":"yes"}}`)).join()).toContain(
      `spec.nodeSelector.${key}: the key "${key}" is not allowed`,
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('YM-05: a key that is there twice is refused, in YAML and JSON', () => {
    expect(refusal(task('priority: 1\n  priority: 2'))).toEqual([
      'f:7:3: spec.priority: the key "priority" is there twice',
    ]);
    expect(refusal(json('"priority":1,"priority":2')).join()).toContain('the key "priority" is there twice');
  });

  it('YM-06: a hundred levels are read, one more is not, in YAML and JSON', () => {
    const nested = (levels: number): string => `${'['.repeat(levels)}x${']'.repeat(levels)}`;
    const deep = /nested deeper than 100 levels/;
    for (const text of [nested(101), nested(101).replace('x', '1')]) expect(refusal(text).join()).toMatch(deep);
    for (const text of [nested(99), nested(99).replace('x', '1')]) expect(refusal(text).join()).not.toMatch(deep);
  });

  it.each([
    ['1.10', 'quote it: "1.10"'],
    ['1e3', 'must be a string'],
    ['0x1F', 'must be a string'],
    ['true', 'quote it: "true"'],
    ['yes', 'quote it: "yes"'],
    ['0750', 'quote it: "0750"'],
    ['1_000', 'quote it: "1_000"'],
  ])('YM-09: %s where text belongs is refused, not turned into text', (value, message) => {
    expect(refusal(task(`env: [{ name: A, value: ${value} }]`)).join()).toContain(message);
  });
});

describe('patterns', () => {
  const patterns: [string, string][] = [];
  const collect = (kind: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, member] of Object.entries(value)) {
      if (key === 'pattern' && typeof member === 'string') patterns.push([kind, member]);
      else collect(kind, member);
    }
  };
  const folder = new URL('../../../schemas/', import.meta.url);
  for (const name of readdirSync(folder)) collect(name, JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

  // One that backtracks twice over would need hours for these, and the test would not end in time.
  it.each(patterns)('HT-11: of %s: %s comes to an end, whatever the text', (_kind, pattern) => {
    const expression = new RegExp(pattern, 'u');
    for (const piece of ['a', 'a-', 'a.', '-', '.', 'a/', '/', 'SIG', 'A', '=']) {
      expect(typeof expression.test(`${piece.repeat(200_000)}\n!`)).toBe('boolean');
    }
  });
});
