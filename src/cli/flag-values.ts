import type { Option } from 'commander';
import { OrchError } from '../support/errors.js';

/** What commander knows of an option, as far as it matters here. */
type Flag = Pick<Option, 'short' | 'long' | 'negate' | 'required' | 'optional'>;

/**
 * Flags that are on or off may be given a value, as to kubectl: `--wait=false`, `--watch=true`, `-w=true`. In: the
 * arguments and the options that are known; out: the same arguments with such flags as the parser knows them, and without
 * those that say what is so anyway (`--wait` where there is a `--no-wait`). What stands behind `--` is not touched. Throws
 * BadRequest for a value that is neither true nor false.
 */
export function readFlagValues(argv: readonly string[], options: readonly Flag[]): string[] {
  const flags = options.filter(({ required, optional }) => !required && !optional);
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  return [...own.flatMap((word) => readFlagValue(word, flags)), ...argv.slice(own.length)];
}

function readFlagValue(word: string, flags: readonly Flag[]): string[] {
  const [, name = '', value = 'true'] = /^(--?[a-z][a-z-]*)(?:=(.*))?$/s.exec(word) ?? [];
  const flag = flags.find(({ short, long }) => name !== '' && (name === short || name === long));
  const negation = flags.find(({ negate, long }) => negate && long === name.replace(/^--/, '--no-'));
  if (!flag && !negation) return [word];
  const isOn = parseBoolean(name, value);
  if (flag) return isOn ? [name] : [];
  return isOn ? [] : [negation?.long ?? word];
}

function parseBoolean(name: string, value: string): boolean {
  if (/^(true|t|1)$/i.test(value)) return true;
  if (/^(false|f|0)$/i.test(value)) return false;
  throw new OrchError('BadRequest', `${name}=${value}: write ${name}=true or ${name}=false`);
}
