import { own } from '../support/own.js';

const mask = '***';
/** Shorter ones would be found in half of all words, and what is left of a message would tell them. */
const leastValueLength = 4;
/** A line of a longer value, such as a key: engines quote line by line. */
export const leastLineLength = 8;

/**
 * A text that somebody else wrote, without these values: given to a program, they come back in whatever quotes it. Also as Go and
 * JSON quote them, and line by line. The longest is taken out first, so that one in another leaves nothing of that. `isPiece`: the
 * text may have been cut, so one that it begins or ends in the middle of goes as well. Pure.
 */
export function maskValues(text: string, values: Iterable<string>, { isPiece = false } = {}): string {
  if (text === '') return text;
  const texts = new Set<string>();
  for (const value of values) {
    const lines = value.split(/\r?\n/).filter((line, _index, all) => all.length > 1 && line.length >= leastLineLength);
    for (const part of [value, value.trim(), ...lines]) {
      if (part.length < leastValueLength) continue;
      texts.add(part);
      texts.add(JSON.stringify(part).slice(1, -1));
      texts.add(quoteAsGo(part));
    }
  }
  const longestFirst = [...texts].sort((a, b) => b.length - a.length);
  const whole = longestFirst.reduce((left, part) => left.replaceAll(part, mask), text);
  return isPiece ? withoutPieces(whole, longestFirst) : whole;
}

const goEscapes: Readonly<Record<string, string>> = {
  ...{ '"': '\\"', '\\': '\\\\', '\x07': '\\a', '\b': '\\b', '\f': '\\f' },
  ...{ '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v' },
};

/** As strconv.Quote writes it, by which runc and the engine quote (%q), without the marks around it. */
function quoteAsGo(text: string): string {
  return text.replaceAll(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (character) => {
    const escaped = own(goEscapes, character);
    if (escaped !== undefined) return escaped;
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    if (code < 0x20 || code === 0x7f) return `\\x${hex.padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  });
}

function withoutPieces(text: string, parts: readonly string[]): string {
  if (text.length >= leastValueLength && parts.some((part) => part.includes(text))) return mask;
  const atEnd = longest(parts.map((part) => overlap(text, part)));
  const left = atEnd < leastValueLength ? text : `${text.slice(0, text.length - atEnd)}${mask}`;
  const atBegin = longest(parts.map((part) => overlap(part, left)));
  return atBegin < leastValueLength ? left : `${mask}${left.slice(atBegin)}`;
}

function longest(lengths: readonly number[]): number {
  return lengths.reduce((most, length) => Math.max(most, length), 0);
}

/** How much of the end of `before` is the beginning of `after`: the last border of both in a row, as Knuth, Morris and Pratt find it. */
function overlap(before: string, after: string): number {
  const most = Math.min(before.length, after.length);
  if (most === 0) return 0;
  // What stands between them is no character of a text.
  const row = [...after.slice(0, most).split(''), '', ...before.slice(-most).split('')];
  const borders: number[] = [0];
  for (const [index, unit] of row.entries()) {
    if (index === 0) continue;
    let length = borders[index - 1] ?? 0;
    while (length > 0 && row[length] !== unit) length = borders[length - 1] ?? 0;
    borders.push(row[length] === unit ? length + 1 : length);
  }
  return borders.at(-1) ?? 0;
}
