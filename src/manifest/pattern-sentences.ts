import type { JsonObject } from '../model/json.js';
import { shorten } from './field-path.js';

/**
 * A regular expression tells people nothing, so the patterns of schemas/ have a sentence here, by what they start with.
 * A pattern without one is shown as it is.
 */
const sentences: readonly { pattern: string; sentence: string }[] = [
  {
    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
    sentence: `is not a name: use lower-case letters, digits, "-" and ".", with a letter or digit at both ends`,
  },
  {
    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
    sentence: 'is not a name: use lower-case letters, digits and "-", with a letter or digit at both ends',
  },
  {
    pattern: '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$',
    sentence: 'is not a label value: use letters, digits, "-", "_" and ".", with a letter or digit at both ends',
  },
  {
    pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$',
    sentence: 'is not a label key: write it like app or example.com/app',
  },
  {
    pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$',
    sentence:
      'is not a name of at most 63 characters: use lower-case letters, digits and "-", with a letter or digit at both ends',
  },
  {
    pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,200}$',
    sentence:
      'is not the name of a volume: use letters, digits, "_", "." and "-", two at least, a letter or digit first',
  },
  { pattern: '^/.', sentence: 'must start with "/" and name a place below it' },
  { pattern: '^[-._a-zA-Z0-9]+$', sentence: 'is not a key: use letters, digits, "-", "_" and "."' },
  { pattern: '^/(.*[^/])?$', sentence: 'must start with "/" and name a file, not end with "/"' },
  { pattern: '^[0-9a-fA-F:.]*$', sentence: 'is not an IP address' },
  { pattern: '^/', sentence: 'must start with "/"' },
  { pattern: '^(/|$)', sentence: 'must start with "/"' },
  { pattern: '^(100|[1-9]?[0-9])%$', sentence: 'is no share: write a number, or a percentage from 0% to 100%' },
  { pattern: '^[0-9]{1,5}%$', sentence: 'is no share: write a number, or a percentage such as 25%' },
  { pattern: '^(SIG[A-Z0-9+]+)?$', sentence: 'is not a signal: write it like SIGTERM' },
  { pattern: '^SIG[A-Z0-9+]+$', sentence: 'is not a signal: write it like SIGTERM' },
  { pattern: '^[^=\\u0000]+$', sentence: 'must not be empty nor hold "=" or NUL' },
  { pattern: '^[^=\\u0000]*$', sentence: 'must not hold "=" or NUL' },
  { pattern: '^[0-9a-f]{64}$', sentence: 'is no SHA-256: write its 64 hexadecimal digits in lower case' },
  { pattern: '^[^\\u0000]*$', sentence: 'must not hold the character NUL' },
];

/** Why `text` is refused by a pattern, and what would fit: the same name in the allowed letters, where there is one. */
export function patternSentence(pattern: string, text: string, schema: JsonObject): string {
  const known = sentences.find((entry) => entry.pattern === pattern);
  const shown = JSON.stringify(shorten(text));
  if (!known) return `${shown} does not match ${pattern}${exampleOf(schema)}`;
  const repaired = repair(text);
  return repaired !== text && known.sentence.startsWith('is not a name') && new RegExp(pattern).test(repaired)
    ? `${shown} ${known.sentence}; for example ${repaired}`
    : `${shown} ${known.sentence}`;
}

export const patternsWithSentence: readonly string[] = sentences.map(({ pattern }) => pattern);

function repair(text: string): string {
  return text
    .slice(0, 63)
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+/, '')
    .replace(/[-.]+$/, '');
}

function exampleOf(schema: JsonObject): string {
  const examples = schema['examples'];
  return Array.isArray(examples) && examples.length > 0 ? ` (for example ${JSON.stringify(examples[0])})` : '';
}
