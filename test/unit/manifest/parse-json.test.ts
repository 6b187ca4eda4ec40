import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../src/manifest/parse-json.js';
import { isOrchError } from '../../../src/support/errors.js';

const refusal = (text: string, limits = {}): string => {
  try {
    parseJson(text, limits);
  } catch (error) {
    if (isOrchError(error, 'BadRequest') || isOrchError(error, 'RequestEntityTooLarge')) return error.message;
    throw error;
  }
  return 'accepted';
};

describe('parseJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.nat({ max: 4 }), (text, indent) => {
        const value: unknown = JSON.parse(text);
        const pretty = JSON.stringify(value, null, indent);
        fc.pre(!/"(?:__proto__|constructor|prototype)":/.test(pretty));
        expect(parseJson(pretty)).toEqual(JSON.parse(pretty));
      }),
    );
  });

  it('accepts no text that JSON.parse refuses', () => {
    const nearlyJson = fc
      .tuple(
        fc.json({ maxDepth: 3 }),
        fc.nat(),
        fc.constantFrom('', '"', ',', '}', '[', '0', ' ', '\\', '\n', 'e', '-'),
      )
      .map(([text, at, insert]) => {
        const index = at % (text.length + 1);
        return text.slice(0, index) + insert + text.slice(insert === '' ? index + 1 : index);
      });
    fc.assert(
      fc.property(nearlyJson, (text) => {
        if (refusal(text) === 'accepted') expect(() => void JSON.parse(text)).not.toThrow();
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['{"a":1,\n "a":2}', 'invalid JSON at 2:2: a: the key "a" is there twice'],
    ['{"metadata":{"__proto__":{}}}', 'invalid JSON at 1:14: metadata.__proto__: the key "__proto__" is not allowed'],
    ['{"constructor":1}', 'invalid JSON at 1:2: constructor: the key "constructor" is not allowed'],
    ['{"a":[1,2,]}', 'invalid JSON at 1:11: a: a comma before "]" is not allowed in JSON'],
    ['', 'invalid JSON at 1:1: the text is empty'],
    ['{"a":', 'invalid JSON at 1:6: a: the text ends too early'],
    ['"abc', 'invalid JSON at 1:1: the string that starts here does not end'],
    ['[1] 2', 'invalid JSON at 1:5: nothing may follow the value'],
    ['{"cpu":1e999}', 'invalid JSON at 1:8: cpu: the number 1e999 is too large'],
    ['"\\x"', 'invalid JSON at 1:2: "\\x" is not an escape of JSON'],
  ])('refuses %s', (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  it('YM-06: ends at its limits, however long the text goes on', () => {
    expect(refusal('['.repeat(1_000_000))).toContain('1:101: ');
    expect(refusal('['.repeat(1_000_000))).toContain('nested deeper than 100 levels');
    expect(refusal(`[${'0,'.repeat(200_000)}0]`)).toContain('more than 100000 values');
    expect(refusal(' '.repeat(3 * 2 ** 20 + 1))).toContain('larger than 3 MiB');
    expect(refusal('[[1]]', { maxDepth: 1 })).toContain('nested deeper than 1 levels');
    expect(parseJson(`${'['.repeat(100)}${']'.repeat(100)}`)).toBeInstanceOf(Array);
    expect(() => parseJson('[[1]]', { maxDepth: 1 })).toThrow(
      expect.objectContaining({ code: 'RequestEntityTooLarge' }),
    );
  });

  it('says where the mistake of a long string begins, without a walk through it', () => {
    const escapes = '\\n'.repeat(50_000);
    expect(refusal(`{"a":\n"${escapes}\\x"}`)).toBe(
      'invalid JSON at 2:1: a: a wrong escape or a control character is in the string that starts here',
    );
    expect(refusal(`["${escapes}`)).toBe('invalid JSON at 1:2: [0]: the string that starts here does not end');
    expect(parseJson(`["${escapes}\\\\"]`)).toEqual([`${'\n'.repeat(50_000)}\\`]);
  });

  it('YM-04: leaves the prototype of its objects alone', () => {
    expect(Object.getPrototypeOf(parseJson('{"toString":1}'))).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
