import type { Transaction } from '../../../src/store/journal.js';
import type { StoreEvent } from '../../../src/store/store.js';

interface KeyVersion {
  revision: number;
  isPresent: boolean;
}

/** Every transaction that was ever durable, in order, also those that the store has forgotten. */
export class StoreLog {
  private readonly transactions: (Transaction & { atSeconds: number })[] = [];
  private readonly versions = new Map<string, KeyVersion[]>();

  add(transaction: Transaction, atSeconds: number): void {
    this.transactions.push({ ...transaction, atSeconds });
    for (const { key, type, revision } of transaction.events) {
      const known = this.versions.get(key) ?? [];
      known.push({ revision, isPresent: type === 'put' });
      this.versions.set(key, known);
    }
  }

  get revision(): number {
    return this.transactions.at(-1)?.revision ?? 1;
  }

  /** Undefined when there is no such revision, yet or at all. */
  at(revision: number): (Transaction & { atSeconds: number }) | undefined {
    const first = this.transactions[0]?.revision ?? 0;
    return this.transactions[revision - first];
  }

  eventAt(revision: number, key: string): StoreEvent | undefined {
    return this.at(revision)?.events.find((event) => event.key === key);
  }

  /** The revision of what the key held as of that revision; undefined: it was absent. */
  revisionOf(key: string, asOf: number = this.revision): number | undefined {
    const version = (this.versions.get(key) ?? []).findLast(({ revision }) => revision <= asOf);
    return version?.isPresent ? version.revision : undefined;
  }

  /** Keys under the prefix that were present as of that revision. */
  keysAt(prefix: string, asOf: number): string[] {
    const under = [...this.versions.keys()].filter((key) => key.startsWith(prefix));
    return under.filter((key) => this.revisionOf(key, asOf) !== undefined);
  }
}
