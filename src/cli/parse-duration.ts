import { OrchError } from '../support/errors.js';
import { own } from '../support/own.js';

const unitMilliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `1m30s`, `2h`, `500ms`, or a plain number of seconds -> milliseconds. Throws BadRequest that names the option. */
export function parseDuration(text: string, option: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) {
    let total = 0;
    for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h|d)/g)) {
      total += Number(amount) * (own(unitMilliseconds, unit ?? '') ?? 0);
    }
    return total;
  }
  throw new OrchError('BadRequest', `${option} ${text}: write a time like 30s, 5m or 1h30m`);
}

/** A whole number within bounds. Throws BadRequest that names the option. */
export function parseWhole(text: string, option: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new OrchError('BadRequest', `${option} ${text}: write a whole number ${range}`);
  }
  return value;
}
