import { errorMessage, isOrchError, OrchError } from '../support/errors.js';
import { DurableState, type StoreContents } from './durable-state.js';
import { JournalError, type Journal, type Transaction } from './journal.js';
import { PendingState } from './pending-state.js';
import type { Store, StoreEntry, StoreEvent, StoreOperation, StoreWatch } from './store.js';
import { defaultHistoryBytes } from './store.js';

/** How many commits may wait for the disk; more are refused with TooManyRequests. */
const maxQueuedCommits = 20_000;
const maxQueuedBytes = 64 << 20;
const maxBatchCommits = 1_000;
const maxBatchBytes = 4 << 20;
/** History leaves in steps of at most this many transactions. */
const maxSupersededPerStep = 500;

export interface JournaledStoreOptions {
  clusterUid: string;
  restoreUid?: string;
  contents: StoreContents;
  journal: Journal;
  /** Revisions of history that are kept for watches. */
  historyLimit: number;
  /** About how much memory their values may take together: fewer revisions are kept when they are large. */
  historyBytes?: number;
  /** Called once each time a full disk made the store read-only: whoever listens calls `retry` when it may be over. */
  onFull?: (reason: string) => void;
  /** Called once when writes ended for good. */
  onBroken?: (reason: string) => void;
  /** Called once, when the last write is done and before the journal closes. */
  onClose?: () => Promise<void>;
}

interface QueuedCommit {
  transaction: Transaction;
  /** What to reject with, once the writes that it conflicts with can be read. */
  conflict: OrchError | undefined;
  bytes: number;
  resolve: (result: { revision: number }) => void;
  reject: (error: OrchError) => void;
}

interface Failure {
  kind: 'full' | 'broken';
  reason: string;
}

/**
 * A Store over a Journal. Commits arrive, are judged against everything accepted before them, and share one append
 * (group commit) with all that wait. What is visible is durable, always; when an append fails, everything that was built
 * on it fails too.
 */
export class JournaledStore implements Store {
  readonly clusterUid: string;
  readonly restoreUid: string | undefined;
  private readonly durable: DurableState;
  private readonly pending: PendingState;
  private readonly journal: Journal;
  private queue: QueuedCommit[] = [];
  private queuedBytes = 0;
  private inFlight: QueuedCommit[] = [];
  /** Dropped from the history of watches, not yet from the journal. */
  private superseded: Transaction[] = [];
  /** Part of an append that failed: written or not, the journal knows after it recovered. */
  private uncertain: Transaction[] = [];
  private pumping: Promise<void> | undefined;
  private retrying: Promise<boolean> | undefined;
  private failure: Failure | undefined;
  private closed: Promise<void> | undefined;

  constructor(private readonly options: JournaledStoreOptions) {
    this.clusterUid = options.clusterUid;
    this.restoreUid = options.restoreUid;
    this.journal = options.journal;
    this.durable = new DurableState(options.contents);
    this.pending = new PendingState(this.durable, options.contents.revision);
    this.trimHistory();
    this.pump();
  }

  async get(key: string): Promise<StoreEntry | undefined> {
    this.assertOpen();
    return this.durable.get(key);
  }

  async list(prefix: string): Promise<{ revision: number; entries: StoreEntry[] }> {
    this.assertOpen();
    return { revision: this.durable.revision, entries: this.durable.list(prefix) };
  }

  async commit(operations: readonly StoreOperation[]): Promise<{ revision: number }> {
    this.assertOpen();
    if (this.failure !== undefined) throw failureError(this.failure);
    if (this.queue.length >= maxQueuedCommits || this.queuedBytes >= maxQueuedBytes) {
      const message = `${this.queue.length} writes already wait for the disk; try again in a second`;
      throw new OrchError('TooManyRequests', message, { retryAfterSeconds: 1 });
    }
    const { transaction, conflict } = this.plan(operations);
    const bytes = transaction.events.length > 0 ? this.journal.prepare(transaction) : 0;
    return new Promise((resolve, reject) => {
      this.queue.push({ transaction, conflict, bytes, resolve, reject });
      this.queuedBytes += bytes;
      this.pump();
    });
  }

  watch(prefix: string, afterRevision: number, onEvents: (events: StoreEvent[]) => void): StoreWatch {
    this.assertOpen();
    return this.durable.watch(prefix, afterRevision, onEvents);
  }

  currentRevision(): number {
    return this.durable.revision;
  }

  async compact(revision: number): Promise<void> {
    this.assertOpen();
    if (!Number.isInteger(revision) || revision > this.durable.revision) {
      const newest = this.durable.revision;
      throw new OrchError('BadRequest', `cannot compact to revision ${revision}: the newest is ${newest}`);
    }
    this.superseded.push(...this.durable.compact(revision));
    // The journal forgets in steps between commits; a failure of it shows in readOnlyReason.
    while (this.superseded.length > 0 && this.failure === undefined) {
      this.pump();
      await this.pumping;
    }
  }

  readOnlyReason(): string | undefined {
    return this.failure?.reason;
  }

  close(): Promise<void> {
    this.closed ??= this.finish();
    return this.closed;
  }

  /**
   * Tries to write again after a full disk. Resolves whether writes work; what the disk turns out to hold of the failed
   * append becomes visible then.
   */
  retry(): Promise<boolean> {
    this.retrying ??= this.recover().finally(() => {
      this.retrying = undefined;
    });
    return this.retrying;
  }

  /** Whether `retry` may help. */
  canRecover(): boolean {
    return this.failure?.kind === 'full' && this.closed === undefined;
  }

  private async recover(): Promise<boolean> {
    if (!this.canRecover()) return this.failure === undefined;
    let held: Awaited<ReturnType<Journal['recover']>>;
    try {
      held = await this.journal.recover();
    } catch (error) {
      if (!(error instanceof JournalError && error.kind === 'full')) this.breakDown(error);
      return false;
    }
    const { revision, compactedRevision } = held;
    for (const transaction of this.uncertain) {
      if (transaction.revision <= revision) this.durable.apply(transaction);
    }
    this.uncertain = [];
    this.superseded = this.superseded.filter((transaction) => transaction.revision > compactedRevision);
    if (this.durable.revision !== revision) {
      this.breakDown(`the disk holds revision ${revision}, expected ${this.durable.revision}; restart the manager`);
      return false;
    }
    this.pending.reset(revision);
    this.failure = undefined;
    this.trimHistory();
    this.pump();
    return true;
  }

  /**
   * A conflict takes its turn like a write: told at once, before the other write is durable, a caller that reads again and
   * retries would read the old value again, in a circle that leaves the disk no turn to finish.
   */
  private plan(operations: readonly StoreOperation[]): Pick<QueuedCommit, 'transaction' | 'conflict'> {
    try {
      return { transaction: this.pending.plan(operations), conflict: undefined };
    } catch (error) {
      if (!isOrchError(error, 'Conflict')) throw error;
      return { transaction: { revision: this.pending.revision, events: [] }, conflict: error };
    }
  }

  private pump(): void {
    if (this.pumping !== undefined || this.failure !== undefined) return;
    if (this.queue.length === 0 && this.superseded.length === 0) return;
    // Not in this turn: commits of the same turn join, and nothing becomes visible from within a caller's stack.
    this.pumping = Promise.resolve()
      .then(() => this.writeStep())
      .finally(() => {
        this.pumping = undefined;
        this.pump();
      });
  }

  private async writeStep(): Promise<void> {
    this.inFlight = this.takeBatch();
    const transactions = this.inFlight.map((commit) => commit.transaction).filter(({ events }) => events.length > 0);
    const superseded = this.superseded.slice(0, maxSupersededPerStep);
    try {
      if (transactions.length > 0 || superseded.length > 0) await this.journal.append(transactions, superseded);
    } catch (error) {
      this.fail(error, transactions);
      return;
    }
    this.superseded.splice(0, superseded.length);
    const done = this.inFlight;
    this.inFlight = [];
    for (const { transaction, conflict, resolve, reject } of done) {
      this.durable.apply(transaction);
      this.pending.settle(transaction);
      if (conflict === undefined) resolve({ revision: transaction.revision });
      else reject(conflict);
    }
    this.trimHistory();
  }

  private takeBatch(): QueuedCommit[] {
    let bytes = 0;
    let length = 0;
    for (const commit of this.queue) {
      if (length === maxBatchCommits || (length > 0 && bytes + commit.bytes > maxBatchBytes)) break;
      bytes += commit.bytes;
      length++;
    }
    this.queuedBytes -= bytes;
    return this.queue.splice(0, length);
  }

  private trimHistory(): void {
    const bytes = this.options.historyBytes ?? defaultHistoryBytes;
    this.superseded.push(...this.durable.trim({ revisions: this.options.historyLimit, bytes }));
  }

  private fail(error: unknown, uncertain: Transaction[]): void {
    if (error instanceof JournalError && error.kind === 'full') {
      this.failure = { kind: 'full', reason: error.message };
      this.uncertain = uncertain;
      this.rejectAll(this.failure);
      this.pending.reset(this.durable.revision);
      this.options.onFull?.(error.message);
      return;
    }
    this.breakDown(error);
  }

  private breakDown(error: unknown): void {
    this.failure = { kind: 'broken', reason: typeof error === 'string' ? error : errorMessage(error) };
    this.rejectAll(this.failure);
    this.options.onBroken?.(this.failure.reason);
  }

  private rejectAll(failure: Failure): void {
    const rejected = [...this.inFlight, ...this.queue];
    this.inFlight = [];
    this.queue = [];
    this.queuedBytes = 0;
    for (const { reject } of rejected) reject(failureError(failure));
  }

  private async finish(): Promise<void> {
    await this.retrying;
    while (this.pumping !== undefined) await this.pumping;
    this.durable.closeWatches();
    await this.options.onClose?.();
    await this.journal.close();
  }

  private assertOpen(): void {
    if (this.closed !== undefined) throw new OrchError('ServiceUnavailable', 'the store is closed');
  }
}

function failureError(failure: Failure): OrchError {
  return new OrchError(failure.kind === 'full' ? 'InsufficientStorage' : 'InternalError', failure.reason);
}
