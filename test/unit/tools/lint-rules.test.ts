import { join } from 'node:path';
import { RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';
import { afterAll, describe, it } from 'vitest';
import { guardedEntry } from '../../../.tools/guarded-entry.mjs';
import { noForeignLookup } from '../../../.tools/no-foreign-lookup.mjs';

Object.assign(RuleTester, { describe, it, itOnly: it.only, afterAll });

const project = join(import.meta.dirname, '../../fixtures/lint-rules');
const tester = new RuleTester({
  languageOptions: {
    parser: tseslint.parser,
    parserOptions: { projectService: true, tsconfigRootDir: project },
  },
});
// The rules ask for types: the code is read as if it stood in this file.
const filename = join(project, 'given.ts');
const given = 'declare const table: Record<string, number>; declare const word: string; declare const list: number[];';
const literal = "declare const key: 'a' | 'b';";
const valid = (code: string): { name: string; code: string; filename: string } => ({
  name: code,
  code: `${given} ${literal} ${code}`,
  filename,
});
const invalid = (code: string, messageId: string): ReturnType<typeof valid> & { errors: { messageId: string }[] } => ({
  ...valid(code),
  errors: [{ messageId }],
});

tester.run('no-foreign-lookup', noForeignLookup, {
  valid: [
    ...[
      'table["a"];',
      'table[key];',
      'key in table;',
      '"a" in table;',
      'list[0];',
      'declare const at: number; list[at];',
    ],
    // Writing is not looked up.
    ...['table[word] = 1;', 'delete table[word];', 'const made = { [word]: 1 };'],
    ...['const { a, [key]: b } = table;', 'const { [word]: _gone, ...rest } = table;'],
    ...['Object.hasOwn(table, word);', 'declare const map: Map<string, number>; map.get(word);'],
    'class A { #x = 1; has(other: object) { return #x in other; } }',
    'type B = (typeof table)[string];',
  ].map(valid),
  invalid: [
    ...['table[word];', 'table?.[word];', 'table[`${word}`];', 'table[word] += 1;', 'table[word] ??= 1;'],
    ...[
      'const { [word]: found } = table;',
      '({ [word]: list[0] } = table);',
      'function f({ [word]: found }: typeof table) {}',
    ],
    ...['declare const any: any; table[any];', 'declare const some: string | number; table[some];'],
    'declare const fields: Record<string, () => void>; fields[word]();',
    'table[String(key)];',
  ]
    .map((code) => invalid(code, 'index'))
    .concat(['word in table;', '!(word in table);', '`${word}` in table;'].map((code) => invalid(code, 'in'))),
});

const socket =
  'declare const socket: import("node:events").EventEmitter & { onmessage: unknown }; declare const take: () => void;' +
  'declare function guarded<T>(onError: () => void, enter: T): T;';
const event = (code: string): { name: string; code: string; filename: string } => ({
  name: code,
  code: `${socket} ${code}`,
  filename,
});

tester.run('guarded-entry', guardedEntry, {
  valid: [
    ...['socket.on("message", guarded(take, take));', 'socket.once("data", guarded(take, () => undefined));'],
    ...['socket.on("close", take);', 'socket.once("error", take);', 'socket.on("drain", () => take());'],
    ...['socket.off("data", take);', 'socket.emit("message", take);', 'socket.onmessage = guarded(take, take);'],
    'declare const name: string; socket.on(name, take);',
  ].map(event),
  invalid: [
    ...['message', 'data', 'upgrade', 'request', 'response', 'connection', 'secureConnection', 'entry', 'line'].map(
      (name) => `socket.on("${name}", () => undefined);`,
    ),
    ...['once', 'addListener', 'prependListener', 'prependOnceListener', 'addEventListener'].map(
      (method) => `socket.${method}("message", take);`,
    ),
    'socket.on("message", take).on("close", take);',
    'socket.onmessage = take;',
  ].map((code) => ({ ...event(code), errors: [{ messageId: 'guard' }] })),
});
