import type { Option } from 'commander';
import { OrchError } from '../support/errors.js';

/** What commander knows of an option, as far as it matters here. */
type Flag = Pick<Option, 'short' | 'long' | 'negate' | 'required' | 'optional'>;

/**
 * Flags that are on or off may be given a value, as to kubectl: `--wait=false`, `--watch=true`, `-A=true`; of several the last
 * counts. In: the arguments and the options that are known; out: the same arguments with such flags as the parser knows them,
 * and without those that say what is so anyway (`--wait` where there is a `--no-wait`). What stands behind `--` is not
 * touched. Throws BadRequest for a value that is neither true nor false.
 */
export function readFlagValues(argv: readonly string[], options: readonly Flag[]): string[] {
  const flags = options.filter(({ required, optional }) => !required && !optional);
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  const words = own.map((word) => readFlag(word, flags));
  const lastOf = new Map(words.map(({ about }, index) => [about, index]));
  const counted = words.filter(({ about }, index) => about === undefined || lastOf.get(about) === index);
  return [...counted.flatMap(({ word }) => word ?? []), ...argv.slice(own.length)];
}

/** `about` is what a flag switches on and off, whatever it is written as. */
function readFlag(typed: string, flags: readonly Flag[]): { word?: string; about?: string } {
  const [, name = '', value = 'true'] = /^(--?[a-z][a-z-]*)(?:=(.*))?$/is.exec(typed) ?? [];
  const flag = flags.find(({ short, long }) => name !== '' && (name === short || name === long));
  const negation = flags.find(({ negate, long }) => negate && long === name.replace(/^--/, '--no-'));
  const known = flag ?? negation;
  if (!known?.long) return { word: typed };
  const about = known.long.replace(/^--no-/, '--');
  const isOn = parseBoolean(name, value);
  if (flag) return isOn ? { word: name, about } : { about };
  return isOn ? { about } : { word: known.long, about };
}

function parseBoolean(name: string, value: string): boolean {
  if (/^(true|t|1)$/i.test(value)) return true;
  if (/^(false|f|0)$/i.test(value)) return false;
  throw new OrchError('BadRequest', `${name}=${value}: write ${name}=true or ${name}=false`);
}
