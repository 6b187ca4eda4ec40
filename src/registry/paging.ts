import type { StoreEntry } from '../store/store.js';
import { badRequest } from './registry-errors.js';

/**
 * Pages of a sorted list. A token carries the revision of the first page and the last key that was handed out. It never
 * expires: while the list of that revision is remembered, every page is of it; afterwards what changes between two pages is
 * seen as it is then, and nothing that stays is missed or doubled. Either way each page names the first one's revision,
 * so a watch from there loses nothing.
 */
export interface PagePosition {
  revision: number;
  /** The key after which to go on. */
  afterKey: string;
}

export function encodeContinueToken({ revision, afterKey }: PagePosition): string {
  return Buffer.from(JSON.stringify([2, revision, afterKey])).toString('base64url');
}

/** Throws BadRequest for a token that is not of this list. */
export function decodeContinueToken(token: string, prefix: string): PagePosition {
  const position = token.length > 2_048 ? undefined : parseToken(token);
  if (position === undefined || !position.afterKey.startsWith(prefix)) {
    throw badRequest('the continue parameter is not a token of this list: list again from the start');
  }
  return position;
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

const maxSnapshots = 4;

/** The lists that clients are in the middle of: few, because each keeps old values alive. */
export class ListSnapshots {
  private readonly snapshots = new Map<string, readonly StoreEntry[]>();

  find(prefix: string, revision: number): readonly StoreEntry[] | undefined {
    return this.snapshots.get(`${revision} ${prefix}`);
  }

  remember(prefix: string, revision: number, entries: readonly StoreEntry[]): void {
    this.forget(prefix, revision);
    this.snapshots.set(`${revision} ${prefix}`, entries);
    for (const key of this.snapshots.keys()) {
      if (this.snapshots.size <= maxSnapshots) return;
      this.snapshots.delete(key);
    }
  }

  forget(prefix: string, revision: number): void {
    this.snapshots.delete(`${revision} ${prefix}`);
  }
}

function parseToken(token: string): PagePosition | undefined {
  try {
    const content: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (!Array.isArray(content) || content[0] !== 2) return undefined;
    const [, revision, afterKey] = content as unknown[];
    const isRevision = typeof revision === 'number' && Number.isSafeInteger(revision) && revision >= 0;
    return isRevision && typeof afterKey === 'string' ? { revision, afterKey } : undefined;
  } catch {
    return undefined;
  }
}
