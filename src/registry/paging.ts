import type { StoreEntry } from '../store/store.js';
import { badRequest } from './registry-errors.js';

/**
 * A page of a sorted list. The token carries the last key that was handed out and no revision, so it never expires: what
 * changes between two pages is seen as it is then, and nothing that stays is missed or doubled.
 */
export function encodeContinueToken(lastKey: string): string {
  return Buffer.from(JSON.stringify([1, lastKey])).toString('base64url');
}

/** The key after which to go on. Throws BadRequest for a token that is not of this list. */
export function decodeContinueToken(token: string, prefix: string): string {
  const key = token.length > 2_048 ? undefined : parseToken(token);
  if (key === undefined || !key.startsWith(prefix)) {
    throw badRequest('the continue parameter is not a token of this list: list again from the start');
  }
  return key;
}

/** The entries after `afterKey`, of entries sorted by key. */
export function entriesAfter(entries: readonly StoreEntry[], afterKey: string): readonly StoreEntry[] {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as StoreEntry).key <= afterKey) low = middle + 1;
    else high = middle;
  }
  return entries.slice(low);
}

function parseToken(token: string): string | undefined {
  try {
    const content: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return Array.isArray(content) && content[0] === 1 && typeof content[1] === 'string' ? content[1] : undefined;
  } catch {
    return undefined;
  }
}
