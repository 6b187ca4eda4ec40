import type { JsonValue } from '../model/json.js';
import { shorten } from './field-path.js';

export type Scalar = { value: null | boolean | number | string } | { problem: string };

/**
 * What a plain (unquoted) scalar means to kubectl, whose YAML is 1.1 with a few words of 1.2: yes and off are booleans, 0750
 * and 0o750 are octal, 1_000 is a number, dates and 1:30 are text. So a manifest says the same through every door. What
 * JSON cannot hold exactly is a problem, not a guess.
 */
export function resolvePlainScalar(text: string): Scalar {
  const word = words.get(text);
  if (word !== undefined) return { value: word };
  return mayBeNumber.test(text) ? resolveNumber(text) : { value: text };
}

const words: ReadonlyMap<string, null | boolean> = new Map([
  ...['', '~', 'null', 'Null', 'NULL'].map((text) => [text, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'].map((text) => [text, false] as const),
]);

const mayBeNumber = /^[-+]?\.?[0-9iInN]/;

/** Whole numbers in the notations of Go, whose library kubectl reads them with. */
const notations: readonly [RegExp, number][] = [
  [/^0[xX]([0-9a-fA-F]+)$/, 16],
  [/^0[bB]([01]+)$/, 2],
  [/^0[oO]?([0-7]+)$/, 8],
  [/^(0|[1-9][0-9]*)$/, 10],
];

function resolveNumber(text: string): Scalar {
  const plain = text.replaceAll('_', '');
  const [, sign = '', digits = ''] = /^([-+]?)(.*)$/su.exec(plain) ?? [];
  for (const [notation, radix] of notations) {
    const found = notation.exec(digits)?.[1];
    if (found === undefined) continue;
    const amount = Number.parseInt(found, radix);
    return Number.isSafeInteger(amount)
      ? { value: sign === '-' && amount !== 0 ? -amount : amount }
      : { problem: `${shorten(text)} is too large to be exact: quote it: "${shorten(text)}"` };
  }
  if (/^(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(digits)) {
    const value = Number(plain);
    return Number.isFinite(value) ? { value } : { problem: `${shorten(text)} is too large: quote it if it is text` };
  }
  if (/^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(text)) {
    return { problem: `${text} is not a number that a manifest can hold: quote it if it is text: "${text}"` };
  }
  return { value: text };
}

/**
 * The key that kubectl makes of a value that stands as one, since JSON has texts only: `yes` is "true", 0750 is "488". `text` is
 * how a number was written, where that is known: one with a point is formatted as Go does. Undefined for what is no key. Pure.
 */
export function keyOf(value: JsonValue, text: string): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number') return undefined;
  const digits = text.replaceAll('_', '').replace(/^[-+]/, '');
  const isWhole = text === '' ? Number.isInteger(value) : notations.some(([notation]) => notation.test(digits));
  return isWhole ? String(value) : formatFloat(value);
}

/** As Go's shortest form of 32 bits: with an exponent below 1e-4 and from 1e6 on. */
function formatFloat(value: number): string {
  const wanted = Math.fround(value);
  if (!Number.isFinite(wanted)) return wanted > 0 ? '.inf' : '-.inf';
  if (wanted === 0) return Object.is(wanted, -0) ? '-0' : '0';
  let precision = 1;
  while (precision < 9 && Math.fround(Number(wanted.toPrecision(precision))) !== wanted) precision += 1;
  const [mantissa = '', power = '0'] = wanted.toExponential(precision - 1).split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(Number(wanted.toPrecision(precision)));
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
