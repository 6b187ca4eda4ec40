import { defaultHistoryLimit, type StoreEntry } from '../store/store.js';
import { OrchError } from '../support/errors.js';
import { badRequest } from './registry-errors.js';

/**
 * Pages of a sorted list. A token carries the revision of the first page and the last key that was handed out. Every page is of
 * that revision; once it is not remembered any more, the answer is Expired with another token, which goes on behind the same
 * key as things are then, as Kubernetes does it: two revisions are never told as one.
 */
export interface PagePosition {
  /** Undefined: whichever is the newest. */
  revision: number | undefined;
  /** The key after which to go on. */
  afterKey: string;
}

export function encodeContinueToken({ revision, afterKey }: PagePosition): string {
  return Buffer.from(JSON.stringify([2, revision ?? -1, afterKey])).toString('base64url');
}

/** Throws BadRequest for a token that is not of this list. */
export function decodeContinueToken(token: string, prefix: string): PagePosition {
  const position = token.length > 2_048 ? undefined : parseToken(token);
  if (position === undefined || !position.afterKey.startsWith(prefix)) {
    throw badRequest('the continue parameter is not a token of this list: list again from the start');
  }
  return position;
}

/** Of a token whose revision is forgotten; the error has the one to go on with. */
export function continueExpired({ afterKey }: PagePosition): OrchError {
  return new OrchError(
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. Start a new list without the continue ' +
      'parameter, or use the continue token in this response to go on with the list as it is now: objects that were created, ' +
      'modified or deleted since the first page may show up or be missing.',
    { continueToken: encodeContinueToken({ revision: undefined, afterKey }) },
  );
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

const maxSnapshots = 64;
const maxRememberedEntries = 500_000;

/**
 * The lists that clients are in the middle of. Bounded in number and size, and to the revisions whose values the history keeps
 * alive anyway.
 */
export class ListSnapshots {
  private readonly snapshots = new Map<string, Snapshot>();
  private remembered = 0;

  find(prefix: string, revision: number): readonly StoreEntry[] | undefined {
    return this.snapshots.get(`${revision} ${prefix}`)?.entries;
  }

  remember(prefix: string, revision: number, entries: readonly StoreEntry[]): void {
    const name = `${revision} ${prefix}`;
    this.forget(name);
    this.snapshots.set(name, { revision, entries });
    this.remembered += entries.length;
    for (const [key, snapshot] of this.snapshots) {
      const isOld = snapshot.revision < revision - defaultHistoryLimit;
      const isOneTooMany = this.snapshots.size > maxSnapshots || this.remembered > maxRememberedEntries;
      if (key !== name && (isOld || isOneTooMany)) this.forget(key);
    }
  }

  private forget(name: string): void {
    this.remembered -= this.snapshots.get(name)?.entries.length ?? 0;
    this.snapshots.delete(name);
  }
}

interface Snapshot {
  revision: number;
  entries: readonly StoreEntry[];
}

function parseToken(token: string): PagePosition | undefined {
  try {
    const content: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (!Array.isArray(content) || content[0] !== 2) return undefined;
    const [, revision, afterKey] = content as unknown[];
    const isRevision = typeof revision === 'number' && Number.isSafeInteger(revision) && revision >= -1;
    if (!isRevision || typeof afterKey !== 'string') return undefined;
    return { revision: revision === -1 ? undefined : revision, afterKey };
  } catch {
    return undefined;
  }
}
