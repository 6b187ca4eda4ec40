import { OrchError } from '../support/errors.js';
import type { Transaction } from './journal.js';
import { SortedKeys } from './sorted-keys.js';
import type { StoreEntry, StoreEvent, StoreWatch } from './store.js';
import { transactionSize } from './transaction-size.js';

/** Revision of a store that was just made; its first transaction is the next. Never 0, which Kubernetes reads as "any". */
export const firstRevision = 1;

/** What a store holds when it opens. `history` are the transactions after `compactedRevision`, without a gap. */
export interface StoreContents {
  revision: number;
  compactedRevision: number;
  entries: Map<string, StoreEntry>;
  history: Transaction[];
}

/** The contents of a new store. */
export function emptyContents(): StoreContents {
  return { revision: firstRevision, compactedRevision: 0, entries: new Map(), history: [] };
}

interface Watcher {
  prefix: string;
  onEvents: (events: StoreEvent[]) => void;
  /** Transactions that wait for their turn; undefined once the watcher takes them as they come. */
  backlog: Transaction[] | undefined;
}

/**
 * What is durable, and therefore visible: entries, history and watches. Transactions arrive in order; reads and watch
 * events leave. Every watcher sees the transactions in order, each once, none before it was applied.
 */
export class DurableState {
  private readonly entries: Map<string, StoreEntry>;
  private readonly keys: SortedKeys;
  private readonly history: Transaction[];
  /** Of each transaction of the history, see transactionSize. */
  private readonly sizes: number[];
  private bytes: number;
  private readonly watchers = new Set<Watcher>();
  private newestRevision: number;
  private compacted: number;

  constructor(contents: StoreContents) {
    this.entries = contents.entries;
    this.keys = new SortedKeys([...contents.entries.keys()]);
    this.history = contents.history;
    this.sizes = contents.history.map(transactionSize);
    this.bytes = this.sizes.reduce((sum, size) => sum + size, 0);
    this.newestRevision = contents.revision;
    this.compacted = contents.compactedRevision;
  }

  get revision(): number {
    return this.newestRevision;
  }

  get(key: string): StoreEntry | undefined {
    return this.entries.get(key);
  }

  list(prefix: string): StoreEntry[] {
    return this.keys.withPrefix(prefix).map((key) => this.entries.get(key) as StoreEntry);
  }

  /** Makes the transaction visible and tells the watchers. One without events changes nothing. */
  apply(transaction: Transaction): void {
    if (transaction.events.length === 0) return;
    for (const { type, key, value, revision, previousRevision } of transaction.events) {
      if (type === 'delete') {
        this.entries.delete(key);
        this.keys.delete(key);
      } else {
        this.entries.set(key, Object.freeze({ key, value, revision }));
        if (previousRevision === undefined) this.keys.add(key);
      }
    }
    this.newestRevision = transaction.revision;
    this.history.push(transaction);
    const size = transactionSize(transaction);
    this.sizes.push(size);
    this.bytes += size;
    for (const watcher of [...this.watchers]) {
      if (watcher.backlog === undefined) this.deliver(watcher, transaction);
      else watcher.backlog.push(transaction);
    }
  }

  /** See Store.watch. */
  watch(prefix: string, afterRevision: number, onEvents: (events: StoreEvent[]) => void): StoreWatch {
    if (!Number.isInteger(afterRevision) || afterRevision < this.compacted || afterRevision > this.newestRevision) {
      throw expired(afterRevision, this.compacted, this.newestRevision);
    }
    const unseen = this.newestRevision - Math.max(afterRevision, firstRevision);
    const backlog = this.history.slice(this.history.length - unseen);
    const watcher: Watcher = { prefix, onEvents, backlog };
    this.watchers.add(watcher);
    queueMicrotask(() => this.catchUp(watcher));
    return { close: () => void this.watchers.delete(watcher) };
  }

  closeWatches(): void {
    this.watchers.clear();
  }

  /** Drops the oldest of the history until it is within both limits, and returns what was dropped. */
  trim(limit: { revisions: number; bytes: number }): Transaction[] {
    let dropped = Math.max(0, this.history.length - limit.revisions);
    let bytes = this.bytes;
    for (let index = 0; index < this.sizes.length; index++) {
      if (index >= dropped && bytes <= limit.bytes) break;
      bytes -= this.sizes[index] as number;
      dropped = Math.max(dropped, index + 1);
    }
    return dropped === 0 ? [] : this.compact((this.history[dropped - 1] as Transaction).revision);
  }

  /** Drops the history up to and including `revision` and returns it. */
  compact(revision: number): Transaction[] {
    if (revision <= this.compacted) return [];
    const kept = this.newestRevision - Math.max(revision, firstRevision);
    this.compacted = revision;
    const dropped = this.history.length - kept;
    for (const size of this.sizes.splice(0, dropped)) this.bytes -= size;
    return this.history.splice(0, dropped);
  }

  private catchUp(watcher: Watcher): void {
    // The backlog may grow while it is delivered: a receiver is free to let another commit through.
    for (const transaction of watcher.backlog ?? []) this.deliver(watcher, transaction);
    watcher.backlog = undefined;
  }

  private deliver(watcher: Watcher, transaction: Transaction): void {
    if (!this.watchers.has(watcher)) return;
    const events = transaction.events.filter((event) => event.key.startsWith(watcher.prefix));
    if (events.length === 0) return;
    try {
      watcher.onEvents(events);
    } catch (error) {
      // A receiver that throws is a bug of its own: it must not keep the others from their events, nor pass unseen.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

function expired(afterRevision: number, compacted: number, newest: number): OrchError {
  const why =
    afterRevision > newest
      ? `revision ${afterRevision} is newer than the newest, ${newest}: it comes from another store or from before a restore`
      : `revision ${afterRevision} is too old: history starts after revision ${compacted}`;
  return new OrchError('Expired', `${why}; list again and watch from the revision of the list`);
}
