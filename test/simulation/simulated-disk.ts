import type { StoreContents } from '../../src/store/durable-state.js';
import { emptyContents } from '../../src/store/durable-state.js';
import type { Transaction } from '../../src/store/journal.js';
import { JournaledStore } from '../../src/store/journaled-store.js';
import type { StoreEntry } from '../../src/store/store.js';
import type { Lifeline } from './lifeline.js';
import type { SeededRandom } from './seeded-random.js';

export interface SimulatedDiskOptions {
  random: SeededRandom;
  /** Revisions of history that a store over this disk keeps. */
  historyLimit: number;
  /** The transaction is on the disk, and stays there. */
  onDurable: (transaction: Transaction) => void;
}

/**
 * The disk of the manager's machine. An append takes time; when its manager dies meanwhile, it is on the disk or it is not.
 * What was queued for it is lost. Each life of a manager opens a store over what is there.
 */
export class SimulatedDisk {
  readonly clusterUid: string;
  private readonly contents: StoreContents = emptyContents();

  constructor(private readonly options: SimulatedDiskOptions) {
    this.clusterUid = options.random.uuid();
  }

  get revision(): number {
    return this.contents.revision;
  }

  list(prefix: string): StoreEntry[] {
    return [...this.contents.entries.values()].filter(({ key }) => key.startsWith(prefix));
  }

  /** A store for the process with this lifeline. */
  open(lifeline: Lifeline): JournaledStore {
    const { revision, compactedRevision, entries, history } = this.contents;
    return new JournaledStore({
      clusterUid: this.clusterUid,
      contents: { revision, compactedRevision, entries: new Map(entries), history: [...history] },
      historyLimit: this.options.historyLimit,
      journal: {
        prepare: () => 0,
        append: (transactions, superseded) => this.append(lifeline, transactions, superseded),
        recover: () => Promise.reject(new Error('this disk does not fail')),
        close: () => Promise.resolve(),
      },
    });
  }

  private append(
    lifeline: Lifeline,
    transactions: readonly Transaction[],
    superseded: readonly Transaction[],
  ): Promise<void> {
    const { random } = this.options;
    if (!lifeline.isAlive) return new Promise(() => undefined);
    return new Promise((resolve) => {
      const forget = lifeline.onDeath(() => {
        if (random.chance(0.5)) this.write(transactions, superseded);
      });
      const milliseconds = 1 + random.next() * 4;
      lifeline.clock.setTimer(() => {
        forget();
        this.write(transactions, superseded);
        resolve();
      }, milliseconds);
    });
  }

  private write(transactions: readonly Transaction[], superseded: readonly Transaction[]): void {
    const { entries, history } = this.contents;
    for (const transaction of transactions) {
      for (const { type, key, value, revision } of transaction.events) {
        if (type === 'put') entries.set(key, Object.freeze({ key, value, revision }));
        else entries.delete(key);
      }
      history.push(transaction);
      this.contents.revision = transaction.revision;
      this.options.onDurable(transaction);
    }
    history.splice(0, superseded.length);
    this.contents.compactedRevision = superseded.at(-1)?.revision ?? this.contents.compactedRevision;
  }
}
