import { OrchError } from '../support/errors.js';
import { freezeCopy } from './freeze.js';
import type { Transaction } from './journal.js';
import type { Expectation, StoreEntry, StoreEvent, StoreOperation } from './store.js';

const maxKeyLength = 4_096;

/**
 * The state as it will be when everything accepted is durable: what the next compare-and-set is judged against.
 * Arrives: operations. Leaves: the transaction they make, numbered. It lies over the durable entries and is thrown away
 * when a write fails, with all transactions that were planned on it.
 */
export class PendingState {
  private readonly overlay = new Map<string, StoreEntry | { revision: number; value: undefined }>();
  private newestRevision: number;

  constructor(
    private readonly durable: { get(key: string): StoreEntry | undefined },
    revision: number,
  ) {
    this.newestRevision = revision;
  }

  /** The newest revision that was given out. */
  get revision(): number {
    return this.newestRevision;
  }

  /**
   * Judges the operations and takes them up. A delete of an absent key changes nothing; when nothing changes the
   * transaction has no events and the revision before it. Throws OrchError Conflict, or BadRequest when a key comes twice.
   */
  plan(operations: readonly StoreOperation[]): Transaction {
    const revision = this.newestRevision + 1;
    const events: StoreEvent[] = [];
    const seen = new Set<string>();
    for (const operation of operations) {
      assertKey(operation.key);
      if (seen.has(operation.key)) {
        throw new OrchError('BadRequest', `the transaction names key "${operation.key}" twice; name each key once`);
      }
      seen.add(operation.key);
      const present = this.get(operation.key);
      if (!holds(operation.expect, present)) throw conflict(operation.key, operation.expect, present);
      const event = eventOf(operation, present, revision);
      if (event !== undefined) events.push(event);
    }
    if (events.length === 0) return { revision: this.newestRevision, events };
    this.newestRevision = revision;
    for (const event of events) {
      const value = event.type === 'put' ? event.value : undefined;
      this.overlay.set(event.key, value === undefined ? { revision, value } : { key: event.key, value, revision });
    }
    return { revision, events };
  }

  /** The durable entries now hold this transaction. */
  settle(transaction: Transaction): void {
    for (const event of transaction.events) {
      if (this.overlay.get(event.key)?.revision === transaction.revision) this.overlay.delete(event.key);
    }
  }

  /** Forgets everything that is not durable. */
  reset(revision: number): void {
    this.overlay.clear();
    this.newestRevision = revision;
  }

  private get(key: string): StoreEntry | undefined {
    const pending = this.overlay.get(key);
    if (pending === undefined) return this.durable.get(key);
    return pending.value === undefined ? undefined : pending;
  }
}

function assertKey(key: string): void {
  // A lone surrogate would not survive UTF-8, and with it two keys could become one on the disk.
  if (key.length > 0 && key.length <= maxKeyLength && !/\p{Surrogate}/u.test(key)) return;
  const shown = JSON.stringify(key.slice(0, 80));
  throw new OrchError('BadRequest', `key ${shown} is not between 1 and ${maxKeyLength} characters of valid Unicode`);
}

function holds(expect: Expectation, present: StoreEntry | undefined): boolean {
  if (expect === 'any') return true;
  return expect === 'absent' ? present === undefined : present?.revision === expect;
}

function conflict(key: string, expect: Expectation, present: StoreEntry | undefined): OrchError {
  const expected = expect === 'absent' ? 'to be absent' : `at revision ${expect}`;
  const found = present === undefined ? 'it is absent' : `it is at revision ${present.revision}`;
  return new OrchError('Conflict', `expected key "${key}" ${expected}, but ${found}; read it again and retry`, {
    kind: key,
  });
}

function eventOf(operation: StoreOperation, present: StoreEntry | undefined, revision: number): StoreEvent | undefined {
  const { key, type } = operation;
  const before = present && { previous: present.value, previousRevision: present.revision };
  if (type === 'put') return { type, key, value: freezeCopy(operation.value), revision, ...before };
  return present && { type, key, value: present.value, revision, ...before };
}
