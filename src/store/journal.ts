import type { StoreEvent } from './store.js';

/** What one commit changed. Its events all carry its revision, each key once. */
export interface Transaction {
  revision: number;
  events: StoreEvent[];
}

/** Where a JournaledStore keeps its transactions. Calls never overlap: the store makes one at a time. */
export interface Journal {
  /** Takes note of a transaction that will be appended, and tells about how many bytes it will write. */
  prepare(transaction: Transaction): number;

  /**
   * Makes the transactions durable, all or none, in this order, and forgets what `superseded` replaced: they are the
   * oldest of the history, in order, and no watch will ask for them again. Rejects with JournalError: then the
   * journal must not be written to before `recover`.
   */
  append(transactions: readonly Transaction[], superseded: readonly Transaction[]): Promise<void>;

  /**
   * After a failed append: makes the journal writable again and tells how far it holds transactions, and up to which
   * one it has forgotten what they replaced. Rejects with JournalError when it cannot, yet (full) or at all (broken).
   */
  recover(): Promise<{ revision: number; compactedRevision: number }>;

  close(): Promise<void>;
}

/** Why an append failed. Only a full disk can be survived without opening the store again. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  constructor(
    readonly kind: 'full' | 'broken',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
