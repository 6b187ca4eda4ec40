import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import objectMetaSchema from '../../../schemas/object-meta.schema.json' with { type: 'json' };
import { patternsWithSentence } from '../../../src/manifest/pattern-sentences.js';
import { separateUnknownFields, validateSchema } from '../../../src/manifest/validate-schema.js';
import { kinds } from '../../../src/model/kinds.js';
import { secretKind } from '../../../src/model/secret.js';
import { taskKind } from '../../../src/model/task.js';

const task = (spec: object): object => ({
  apiVersion: 'orch.dev/v1',
  kind: 'Task',
  metadata: { name: 'web' },
  spec: { image: 'busybox', ...spec },
});

/** Every pattern anywhere in a schema. */
function patternsOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'pattern' in schema && typeof schema.pattern === 'string' ? [schema.pattern] : [];
  return [...own, ...Object.values(schema).flatMap(patternsOf)];
}

describe('secret values', () => {
  it('are quoted by no message, whatever is wrong with them', () => {
    const wrong: object[] = [
      { data: { pin: 4711 } },
      { stringData: { pin: 4711 } },
      { data: 'pin4711' },
      { stringData: { pin: { inner: 4711 } } },
      { data: { pin: [4711] } },
    ];
    for (const part of wrong) {
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' }, ...part };
      const messages = validateSchema(secretKind, secret, () => '4711').map(({ message }) => message);
      expect(messages.length, JSON.stringify(part)).toBeGreaterThan(0);
      expect(messages.join()).not.toContain('4711');
    }
  });
});

describe('schemas', () => {
  it.each(kinds.map((kind) => [kind.kind, kind] as const))('%s is a sound schema and its examples fit', (_, kind) => {
    expect(new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false }).validateSchema(kind.schema)).toBe(
      true,
    );
    const examples = kind.schema['examples'] as object[];
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(validateSchema(kind, example)).toEqual([]);
  });

  it('has a sentence for every pattern', () => {
    const patterns = [objectMetaSchema, ...kinds.map((kind) => kind.schema)].flatMap(patternsOf);
    expect(patterns.filter((pattern) => !patternsWithSentence.includes(pattern))).toEqual([]);
  });
});

describe('validateSchema', () => {
  it('gives field, pointer and a sentence', () => {
    expect(validateSchema(taskKind, task({ env: [{ name: 'A', vaule: 'x' }] }))).toEqual([
      {
        reason: 'FieldValueInvalid',
        field: 'spec.env[0].vaule',
        pointer: '/spec/env/0/vaule',
        message: 'unknown field "vaule": did you mean "value"?',
        unknownField: true,
      },
    ]);
  });

  it('changes nothing: no defaults, no coercion', () => {
    const object = task({ priority: '3', ports: [{ containerPort: 80 }] });
    const before = structuredClone(object);
    expect(validateSchema(taskKind, object)).toHaveLength(1);
    expect(object).toEqual(before);
  });

  it.each([null, undefined, [], 'x', 3, {}])('has a sentence for %j', (value) => {
    const issues = validateSchema(taskKind, value);
    expect(issues.length).toBeGreaterThan(0);
    for (const issue of issues) expect(issue.unknownField).toBe(false);
  });

  it('stops at twenty issues, however many there are', () => {
    const unknown = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`x${index}`, 1]));
    expect(validateSchema(taskKind, task(unknown))).toHaveLength(20);
  });

  it('says one sentence about one value', () => {
    const issues = validateSchema(taskKind, { ...task({}), metadata: { name: `_${'x'.repeat(300)}` } });
    expect(issues.map((issue) => issue.message)).toEqual(['must have at most 253 characters, not 301']);
  });
});

describe('separateUnknownFields', () => {
  it('takes out what the schema does not know, at any depth and however much, and nothing else', () => {
    const unknown = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x${index}`, 1]));
    const object = { ...task({ ...unknown, priority: 'wrong', ports: [{ containerPort: 80, foo: 1 }] }), extra: {} };
    const before = structuredClone(object);
    expect(separateUnknownFields(taskKind, object).known()).toEqual(
      task({ priority: 'wrong', ports: [{ containerPort: 80 }] }),
    );
    expect(object).toEqual(before);
  });

  it('gives back the very object when there is nothing to drop', () => {
    const object = task({});
    expect(separateUnknownFields(taskKind, object).known()).toBe(object);
  });
});
