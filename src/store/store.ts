import type { JsonObject } from '../model/json.js';

/**
 * The store contract: the only state of a manager. Every adapter (memory, level, later etcd) passes one conformance
 * suite. Revisions are positive integers that only rise in the life of a cluster uid; one transaction is one revision.
 */
export interface Store {
  /** Made once, when the store is created; never changes. */
  readonly clusterUid: string;

  /**
   * Names the restore that this store was made by; undefined for one that never was. Who knew the store before learns from
   * it that what it does not hold now may have been in it.
   */
  readonly restoreUid: string | undefined;

  /** The entry, or undefined. Values are frozen: copy before you change one. */
  get(key: string): Promise<StoreEntry | undefined>;

  /** Every entry whose key starts with `prefix`, sorted by key, as of one revision. */
  list(prefix: string): Promise<{ revision: number; entries: StoreEntry[] }>;

  /**
   * Applies all operations atomically, in one new revision, and resolves when they are durable. Rejects with OrchError
   * Conflict (details.kind is the key) and changes nothing when an expectation does not hold. Rejects with
   * InternalError or InsufficientStorage when the disk fails: then the outcome is unknown and the store is read-only
   * until it is opened again, except for a full disk, which it survives.
   * A delete of an absent key (where allowed) changes nothing; when nothing changes there is no new revision, and the
   * newest is told. Each key may be named once (BadRequest). Rejects with TooManyRequests when too much waits for the
   * disk. A Conflict is told when the write that caused it can be read, so reading again and retrying makes progress.
   */
  commit(operations: readonly StoreOperation[]): Promise<{ revision: number }>;

  /**
   * Events of keys under `prefix` after `afterRevision`, in order, each exactly once, first the past, then live.
   * Never before the commit is durable. Throws OrchError Expired when `afterRevision` is older than the history window
   * (or newer than the current revision: the caller has seen another store).
   * `onEvents` is called with a whole transaction's matching events at a time, synchronously and never re-entrantly
   * from within watch(); it must not throw.
   */
  watch(prefix: string, afterRevision: number, onEvents: (events: StoreEvent[]) => void): StoreWatch;

  /** The newest durable revision. */
  currentRevision(): number;

  /** Drops history up to and including `revision`; later watches from before it are Expired. Current data stays. */
  compact(revision: number): Promise<void>;

  /** Undefined while writes work; else why they do not (for /readyz). */
  readOnlyReason(): string | undefined;

  /** Finishes what was accepted, ends watches, lets go of the data. */
  close(): Promise<void>;
}

export interface StoreEntry {
  key: string;
  value: JsonObject;
  /** Revision of the transaction that wrote this value. */
  revision: number;
}

export type StoreOperation =
  | { type: 'put'; key: string; value: JsonObject; expect: Expectation }
  | { type: 'delete'; key: string; expect: Expectation };

/** What must be true of the key: it is absent, it has this revision, or anything. */
export type Expectation = 'absent' | 'any' | number;

export interface StoreEvent {
  type: 'put' | 'delete';
  key: string;
  /** The new value; for a delete the last one. */
  value: JsonObject;
  /** The value before, absent for a creation. */
  previous?: JsonObject;
  /** Revision of the transaction. */
  revision: number;
  /** Revision of the value before; absent for a creation. */
  previousRevision?: number;
}

export interface StoreWatch {
  /** Idempotent; after it returns onEvents is not called again. */
  close(): void;
}

/** Revisions of history that an adapter keeps for watches when nothing else is asked for. */
export const defaultHistoryLimit = 10_000;
/** Objects are a kilobyte or two: this bounds the history of those who edit large ones often. */
export const defaultHistoryBytes = 128 << 20;
