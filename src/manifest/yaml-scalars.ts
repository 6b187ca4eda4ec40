import { shorten } from './field-path.js';

export type Scalar = { value: null | boolean | number | string } | { problem: string };

/**
 * What a plain (unquoted) scalar means by YAML 1.2's core schema: dates, yes, no, on and off stay strings. What people
 * read in two ways (0644) or what JSON cannot hold is a problem, not a guess.
 */
export function resolvePlainScalar(text: string): Scalar {
  switch (text) {
    case '':
    case '~':
    case 'null':
    case 'Null':
    case 'NULL':
      return { value: null };
    case 'true':
    case 'True':
    case 'TRUE':
      return { value: true };
    case 'false':
    case 'False':
    case 'FALSE':
      return { value: false };
  }
  return mayBeNumber.test(text) ? resolveNumber(text) : { value: text };
}

const mayBeNumber = /^[-+]?\.?[0-9iInN]/;

function resolveNumber(text: string): Scalar {
  if (/^[-+]?0[0-9]+$/.test(text)) {
    const octal = /^[-+]?0[0-7]+$/.test(text) ? `, or write 0o${text.replace(/^[-+]?0+/, '') || '0'} for octal` : '';
    return { problem: `${shorten(text)} starts with a zero: quote it if it is text: "${shorten(text)}"${octal}` };
  }
  if (/^[-+]?[0-9]+$/.test(text) || /^0o[0-7]+$/.test(text) || /^0x[0-9a-fA-F]+$/.test(text)) {
    const value = Number(text);
    return Number.isSafeInteger(value)
      ? { value }
      : { problem: `${shorten(text)} is too large to be exact: quote it: "${shorten(text)}"` };
  }
  if (/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? { value } : { problem: `${shorten(text)} is too large: quote it if it is text` };
  }
  if (/^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(text)) {
    return { problem: `${text} is not a number that a manifest can hold: quote it if it is text: "${text}"` };
  }
  return { value: text };
}
