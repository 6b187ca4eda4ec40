import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatManifestError } from '../../../src/manifest/manifest-document.js';
import { parseManifests } from '../../../src/manifest/parse-manifests.js';
import { parseManifestBytes } from '../../../src/manifest/read-manifests.js';
import { dump } from 'js-yaml';

const task = (name = 'web', spec = 'image: busybox'): string =>
  `apiVersion: orch.dev/v1\nkind: Task\nmetadata:\n  name: ${name}\nspec:\n  ${spec}\n`;
const parse = (text: string): ReturnType<typeof parseManifests> => parseManifests(text, { file: 'f' });
const objectOf = (text: string): unknown => {
  const { documents, errors } = parse(text);
  expect(errors).toEqual([]);
  expect(documents).toHaveLength(1);
  return documents[0]?.object;
};

describe('what is read', () => {
  it('takes several documents, comments and empty ones between them', () => {
    const { documents, errors } = parse(`# first\n---\n${task('a')}---\n# none\n---\n${task('b')}...\n`);
    expect(errors).toEqual([]);
    expect(documents.map(({ object, line }) => [object.metadata.name, line])).toEqual([
      ['a', 3],
      ['b', 12],
    ]);
  });

  it('takes a List apart, lists of a kind too, in YAML and JSON', () => {
    const object = { apiVersion: 'orch.dev/v1', kind: 'Task', metadata: { name: 'a' }, spec: { image: 'x' } };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } };
    for (const list of [
      { apiVersion: 'v1', kind: 'List', items: [object, { apiVersion: 'v1', kind: 'List', items: [namespace] }] },
      { apiVersion: 'orch.dev/v1', kind: 'TaskList', items: [object, namespace] },
    ]) {
      for (const text of [JSON.stringify(list), JSON.stringify(list, null, 2), dump(list)]) {
        const { documents, errors } = parse(text);
        expect(errors).toEqual([]);
        expect(documents.map((document) => document.object)).toEqual([object, namespace]);
      }
    }
  });

  it('YM-09: keeps dates, times and versions as the strings that they are', () => {
    const text = task('web', 'image: busybox\n  args: [2024-01-01, 1:30, "yes", 1.2.3, 0x, ~x, "1.10", _1, 0o9, y1]');
    expect(objectOf(text)).toMatchObject({
      spec: { args: ['2024-01-01', '1:30', 'yes', '1.2.3', '0x', '~x', '1.10', '_1', '0o9', 'y1'] },
    });
  });

  it.each([
    ['0750', 488],
    ['0o750', 488],
    ['-0750', -488],
    ['0x1F', 31],
    ['0b101', 5],
    ['1_000', 1000],
    ['+12', 12],
    ['007', 7],
    ['-0', 0],
  ])('YM-08: reads %s as kubectl does', (text, value) => {
    expect(objectOf(task('web', `image: busybox\n  priority: ${text}`))).toMatchObject({ spec: { priority: value } });
  });

  it.each(['yes', 'On', 'y', 'TRUE'])('reads %s as true where true or false belongs, as kubectl does', (word) => {
    expect(objectOf(task('web', `image: busybox\n  tty: ${word}`))).toMatchObject({ spec: { tty: true } });
  });

  it('merges what "<<" names, where each part stands as it was written', () => {
    const text = task(
      'web',
      'image: busybox\n  nodeSelector: &n { disk: ssd, zone: a }\n  resources: { limits: &l { cpu: 1 }, requests: { <<: *l } }',
    );
    const more = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: c, labels: &a { x: "1", y1: "2" } }\nimmutable: false\ndata:\n  <<: [{ a: first, b: b }, { a: second, c: c }]\n  b: own\n`;
    const { documents, errors } = parse(`${text}\n${more}`);
    expect(errors).toEqual([]);
    expect(documents.map(({ object }) => object)).toMatchObject([
      { spec: { resources: { limits: { cpu: 1 }, requests: { cpu: 1 } } } },
      { data: { a: 'first', b: 'own', c: 'c' } },
    ]);
    const wrong = parse(
      `${task('web', 'image: busybox\n  env:\n  - &e { name: A, valeu: b }\n  - { <<: *e, name: B }')}`,
    );
    expect(wrong.errors.map(formatManifestError)).toEqual([
      expect.stringMatching(/^f:\d+:19: spec\.env\[0\]\.valeu: unknown field/),
      expect.stringMatching(/^f:\d+:19: spec\.env\[1\]\.valeu: unknown field/),
    ]);
  });

  it('YM-01: counts what "<<" brings, however small the text, and takes no longer where much is merged into one', () => {
    const keys = Array.from({ length: 2000 }, (_, i) => `k${i}: v`).join(', ');
    expect(parse(`a: &a { ${keys} }\nb: { ${'<<: *a, '.repeat(60)} }`).errors[0]?.message).toContain('100000 values');
    const wide = Array.from({ length: 30_000 }, (_, i) => `k${i}: v`).join(', ');
    expect(parse(`a: { ${wide}, ${'<<: {}, '.repeat(30_000)} }`).errors.map(({ message }) => message)).not.toEqual([]);
  });

  it('reads brackets and quotes whose lines are not indented, at their true places', () => {
    const text = task(
      'web',
      'image: busybox\n  args: [ # those\n  "sleep", # "a]"\n"60",\n  ]\n  command: ["a\nb"]\n  nodeSelector: {\n\ta: b\n}\n  priorty: 1',
    );
    const lines = text.split('\n');
    const { errors } = parse(text);
    const line = lines.findIndex((each) => each.includes('priorty')) + 1;
    expect(errors.map(formatManifestError)).toEqual([
      `f:${line}:3: spec.priorty: unknown field "priorty": did you mean "priority"?`,
    ]);
    expect(objectOf(text.replace('priorty', 'priority'))).toMatchObject({
      spec: { args: ['sleep', '60'], command: ['a b'], nodeSelector: { a: 'b' }, priority: 1 },
    });
  });

  it('copies what an alias stands for, so that no two parts are one', () => {
    const text = task(
      'web',
      'image: busybox\n  env: &e [{ name: A, value: &v hello }, { name: B, value: *v }]\n  args: &x [a]\n  command: *x',
    );
    const { documents } = parse(text);
    const spec = (documents[0]?.object as unknown as { spec: Record<string, unknown[]> }).spec;
    expect(spec['env']).toEqual([
      { name: 'A', value: 'hello' },
      { name: 'B', value: 'hello' },
    ]);
    expect(spec['command']).toEqual(['a']);
    expect(spec['command']).not.toBe(spec['args']);
  });

  it('reads block, folded and quoted strings', () => {
    expect(
      objectOf(
        task(
          'web',
          "image: busybox\n  args:\n    - |\n      a\n      b\n    - >-\n      c\n      d\n    - 'it''s'\n    - \"\\u00e9\"",
        ),
      ),
    ).toMatchObject({ spec: { args: ['a\nb\n', 'c d', "it's", 'é'] } });
  });

  it('drops a byte order mark and takes DOS line ends', () => {
    const bytes = Buffer.from(`\ufeff${task().replaceAll('\n', '\r\n')}`);
    expect(parseManifestBytes(bytes, { file: 'f' }).errors).toEqual([]);
  });
});

describe('where things are', () => {
  const text = task('web', 'image: busybox\n  ports:\n    - containerPort: 80\n      hostPort: 8080');
  it.each([
    ['', 1, 1],
    ['/metadata/name', 4, 9],
    ['/spec', 5, 1],
    ['/spec/ports', 7, 3],
    ['/spec/ports/0', 8, 7],
    ['/spec/ports/0/hostPort', 9, 17],
    ['/spec/ports/0/protocol', 8, 7],
    ['/spec/nothing/here', 5, 1],
  ])('locates %s', (pointer, line, column) => {
    expect(parse(text).documents[0]?.locate(pointer)).toEqual({ line, column });
  });

  it('counts from the document, not from the file', () => {
    const { documents } = parse(`${task('a')}---\n${task('b')}`);
    expect(documents[1]?.locate('/spec/image')).toEqual({ line: 13, column: 10 });
  });
});

describe('limits', () => {
  it('tells at most twenty problems of one text', () => {
    const fields = Array.from({ length: 50 }, (_, index) => `unknown${index}: x`).join('\n  ');
    expect(parse(task('web', `image: busybox\n  ${fields}`)).errors).toHaveLength(20);
    expect(parse(Array.from({ length: 50 }, () => 'kind: Task\n').join('---\n')).errors).toHaveLength(20);
  });

  it('refuses wide trees, large texts and deep aliases by their size alone', () => {
    expect(parse(`a: [${'x,'.repeat(120_000)}x]`).errors[0]?.message).toContain('more than 100000 values');
    expect(parse('x'.repeat(3 * 2 ** 20 + 1)).errors[0]?.message).toBe('larger than 3 MiB');
    expect(parse('é'.repeat(1.6 * 2 ** 20)).errors[0]?.message).toBe('larger than 3 MiB');
    const deep = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [[[[*a${i}]]]]`).join('\n');
    expect(parse(`a0: &a0 x\n${deep}`).errors[0]?.message).toBe('nested deeper than 100 levels');
  });

  it('YM-01: refuses the alias bomb before it explodes: its 3.5 billion values would never end', () => {
    const lines = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`);
    const { documents, errors } = parse(`a0: &a0 [lol]\n${lines.join('\n')}\n`);
    expect(documents).toEqual([]);
    expect(errors.map(formatManifestError)).toEqual(['f:6:34: a5[6]: more than 100000 values, with aliases expanded']);
  });

  it('counts documents before it reads any: each costs, also an empty one', () => {
    const { documents, errors } = parseManifests('---\n'.repeat(5001), { file: 'f' });
    expect(documents).toEqual([]);
    expect(errors.map(formatManifestError)).toEqual(['f:1:1: more than 5000 documents: split it']);
  });
});

describe('any text at all', () => {
  it('gives documents or errors, never an exception, and places that exist', () => {
    const pieces = fc.constantFrom(
      ...[
        'a',
        ': ',
        '- ',
        '\n',
        '  ',
        '\t',
        '&a ',
        '*a',
        '[',
        ']',
        '{',
        '}',
        '"',
        "'",
        '#',
        '|',
        '>',
        '!!str ',
        '---\n',
      ],
      ...[
        '...\n',
        '? ',
        ', ',
        '0',
        '<<: ',
        '%',
        '@',
        'apiVersion: v1\n',
        'kind: Namespace\n',
        'metadata: {name: x}\n',
        '\0',
        'é',
      ],
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const lines = text.split('\n');
        const { errors } = parse(text);
        for (const { line, column, message } of errors) {
          expect(message).not.toBe('');
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('reads back every object that was printed as YAML or JSON', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const printable = text.filter((value) => !value.includes('\0'));
    const objects = fc.record({
      apiVersion: fc.constant('orch.dev/v1'),
      kind: fc.constant('Task'),
      metadata: fc.record({
        name: fc.constant('web'),
        annotations: fc.dictionary(printable, printable, { noNullPrototype: true }),
      }),
      spec: fc.record({
        image: fc.constant('busybox'),
        args: fc.array(printable),
        priority: fc.integer({ min: -1e9, max: 1e9 }),
      }),
    });
    fc.assert(
      fc.property(objects, (object) => {
        fc.pre(
          !Object.keys(object.metadata.annotations).some((key) =>
            ['__proto__', 'constructor', 'prototype'].includes(key),
          ),
        );
        expect(objectOf(JSON.stringify(object))).toEqual(object);
        expect(objectOf(dump(object))).toEqual(object);
      }),
    );
  });
});
