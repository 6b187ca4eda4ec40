import type { JsonObject } from '../../../src/model/json.js';
import type { Transaction } from '../../../src/store/journal.js';
import type { Store, StoreEvent, StoreOperation } from '../../../src/store/store.js';
import { isOrchError } from '../../../src/support/errors.js';
import type { Violated } from './checker.js';
import type { StoreLog } from './store-log.js';

interface Commit {
  operations: readonly StoreOperation[];
  /** Where it turned up in the log. */
  revision?: number | undefined;
}

/**
 * Writes are linearizable for each key, unknown outcomes left open: each transaction is one commit that was asked for, at most
 * once, whose expectations held just there; an acknowledged one is in the log where its revision says, a refused one nowhere;
 * one whose caller died may be there or not. Reads answer what was true at some time between question and answer.
 */
export class StoreCalls {
  private commits: Commit[] = [];
  private acknowledged = 1;

  constructor(
    private readonly log: StoreLog,
    private readonly violated: Violated,
  ) {}

  /** Before the transaction is in the log. */
  onTransaction(transaction: Transaction): void {
    const { revision, events } = transaction;
    if (revision !== this.log.revision + 1) {
      this.violated('revisions rise by one', `${revision} after ${this.log.revision}`);
    }
    const asked = this.commits.filter(
      (commit) => commit.revision === undefined && isOutcome(commit.operations, events),
    );
    if (asked.length === 0) {
      this.violated(
        'each transaction was asked for once',
        `revision ${revision}: ${events.map(({ key }) => key).join(', ')}`,
      );
      return;
    }
    const commit = asked.find(({ operations }) => operations.every((operation) => this.holds(operation)));
    if (commit === undefined) {
      this.violated(
        'every write is a compare-and-set',
        `revision ${revision}: ${events.map(({ key }) => key).join(', ')}`,
      );
    } else {
      commit.revision = revision;
    }
  }

  /** A new life: what the one before asked for cannot happen any more. */
  forget(): void {
    this.commits = [];
  }

  /** The same store, with every call looked at. */
  check(store: Store): Store {
    return {
      clusterUid: store.clusterUid,
      restoreUid: store.restoreUid,
      commit: (operations) => this.commit(store, operations),
      get: async (key) => {
        const from = store.currentRevision();
        const entry = await store.get(key);
        const seen = Array.from({ length: this.log.revision - from + 1 }, (_, index) => from + index);
        if (!seen.some((revision) => this.log.revisionOf(key, revision) === entry?.revision)) {
          this.violated('reads are true', `${key} was read at revision ${entry?.revision}`);
        }
        return entry;
      },
      list: async (prefix) => {
        const from = store.currentRevision();
        const list = await store.list(prefix);
        const { revision, entries } = list;
        const keys = this.log.keysAt(prefix, revision);
        const isTrue =
          revision >= Math.max(from, 1) &&
          revision <= this.log.revision &&
          keys.length === entries.length &&
          entries.every((entry) => this.log.revisionOf(entry.key, revision) === entry.revision);
        if (!isTrue)
          this.violated('lists are true', `${prefix} as of ${revision}: ${entries.length} of ${keys.length}`);
        return list;
      },
      watch: (prefix, afterRevision, onEvents) => store.watch(prefix, afterRevision, onEvents),
      currentRevision: () => {
        const revision = store.currentRevision();
        if (revision < this.acknowledged) {
          this.violated('what is acknowledged is visible', `revision ${revision} after ${this.acknowledged}`);
        }
        return revision;
      },
      compact: (revision) => store.compact(revision),
      readOnlyReason: () => store.readOnlyReason(),
      close: () => store.close(),
    };
  }

  private async commit(store: Store, operations: readonly StoreOperation[]): Promise<{ revision: number }> {
    const commit: Commit = { operations };
    const before = this.acknowledged;
    this.commits.push(commit);
    const over = (): void => void (this.commits = this.commits.filter((other) => other !== commit));
    try {
      const answer = await store.commit(operations);
      this.settle(commit, answer.revision);
      if (commit.revision !== undefined && commit.revision <= before) {
        this.violated(
          'revisions follow real time',
          `${commit.revision} was asked for after ${before} was acknowledged`,
        );
      }
      this.acknowledged = Math.max(this.acknowledged, answer.revision);
      over();
      return answer;
    } catch (error) {
      if (!isOrchError(error, 'InternalError')) this.settle(commit, undefined);
      over();
      throw error;
    }
  }

  /** The commit was answered with this revision, or refused. */
  private settle(commit: Commit, answered: number | undefined): void {
    if (commit.revision === answered) return;
    // Two that ask for the very same are told apart by their answers only.
    const twin = this.commits.find(
      (other) => other.revision === answered && JSON.stringify(other.operations) === JSON.stringify(commit.operations),
    );
    if (twin !== undefined) {
      const { revision } = commit;
      commit.revision = twin.revision;
      twin.revision = revision;
      return;
    }
    const keys = commit.operations.map(({ key }) => key).join(', ');
    if (answered === undefined) {
      this.violated('a refused write changes nothing', `${keys} at ${commit.revision}`);
    } else if (commit.revision !== undefined || !isOutcome(commit.operations, [])) {
      this.violated('acknowledged means durable', `${keys}: told ${answered}, is ${commit.revision ?? 'not there'}`);
    }
  }

  private holds({ key, expect }: StoreOperation): boolean {
    if (expect === 'any') return true;
    return this.log.revisionOf(key) === (expect === 'absent' ? undefined : expect);
  }
}

/** Whether the operations, as asked for, may have made just these events: a delete of what is absent makes none. */
function isOutcome(operations: readonly StoreOperation[], events: readonly StoreEvent[]): boolean {
  const made = new Map(events.map((event) => [event.key, event]));
  const agree = operations.every((operation) => {
    const event = made.get(operation.key);
    if (event === undefined) return operation.type === 'delete';
    return operation.type === event.type && (operation.type === 'delete' || isSame(operation.value, event.value));
  });
  return agree && events.every(({ key }) => operations.some((operation) => operation.key === key));
}

function isSame(a: JsonObject, b: JsonObject): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
