import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskValues } from '../../../src/model/mask-values.js';

it('takes values out of a text, however an engine quotes them', () => {
  expect(maskValues('exec: "hunter2-in-args": not found', ['hunter2-in-args'])).toBe('exec: "***": not found');
  expect(maskValues('exec: "say \\"it\\"\\n": not found', ['say "it"\n'])).toBe('exec: "***": not found');
  const odd = 'bell\u0007no-break\u00a0line\u2028\u{10ffff}del\u007f\u0001';
  const asGo = 'exec: "bell\\ano-break\\u00a0line\\u2028\\U0010ffffdel\\x7f\\x01": not found';
  expect(maskValues(asGo, [odd])).toBe('exec: "***": not found');
  expect(maskValues('exec: "grün\\u200b✓": not found', ['grün\u200b✓'])).toBe('exec: "***": not found');
  expect(maskValues('got hunter2', ['hunter2\n'])).toBe('got ***');
  expect(maskValues('key: MIIEvQIBADAN', ['-----BEGIN-----\nMIIEvQIBADAN\n-----END-----\n'])).toBe('key: ***');
});

it('takes the longest out first: one in another leaves nothing of that', () => {
  expect(maskValues('hunter2hunter2', ['hunter2', 'hunter2hunter2'])).toBe('***');
  expect(maskValues('got shop:hunter2@db', ['hunter2', 'shop:hunter2@db'])).toBe('got ***');
});

it('leaves what would be found in any word, and what is none of them', () => {
  expect(maskValues('the image is not there', ['is', '', 'a', '1'])).toBe('the image is not there');
  expect(maskValues('$& costs $1', ['$& costs'])).toBe('*** $1');
});

describe('a piece of a text', () => {
  it('shows neither the beginning nor the end of a value that it was cut in', () => {
    expect(maskValues('got hunt', ['hunter2'], { isPiece: true })).toBe('got ***');
    expect(maskValues('ter2 was wrong', ['hunter2'], { isPiece: true })).toBe('*** was wrong');
    expect(maskValues('ter2', ['hunter2'], { isPiece: true })).toBe('***');
    expect(maskValues('got aaaaaa', ['aaaaaaaaab'], { isPiece: true })).toBe('got ***');
    expect(maskValues('got hun', ['hunter2'], { isPiece: true })).toBe('got hun');
    expect(maskValues('got hunt', ['hunter2'])).toBe('got hunt');
  });

  it('tells four characters in a row of the value at neither of its ends, wherever it is cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 5, maxLength: 12 });
    fc.assert(
      fc.property(letters, fc.nat(20), fc.nat(20), (value, from, to) => {
        const whole = `--------${value}--------`;
        const told = maskValues(whole.slice(from, Math.max(from, to)), [value], { isPiece: true });
        for (let length = 4; length <= value.length; length++) {
          expect(told.endsWith(value.slice(0, length))).toBe(false);
          expect(told.startsWith(value.slice(-length))).toBe(false);
        }
      }),
    );
  });
});
