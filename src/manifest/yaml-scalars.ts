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
