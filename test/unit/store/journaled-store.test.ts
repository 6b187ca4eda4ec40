import { describe, expect, it } from 'vitest';
import { emptyContents } from '../../../src/store/durable-state.js';
import { JournalError, type Journal, type Transaction } from '../../../src/store/journal.js';
import { JournaledStore } from '../../../src/store/journaled-store.js';
import type { StoreOperation } from '../../../src/store/store.js';

const put = (key: string, n: number, expectation: StoreOperation['expect'] = 'any'): StoreOperation => ({
  type: 'put',
  key,
  value: { n },
  expect: expectation,
});

/** A journal whose appends wait until the test lets them through or fails them. */
class HeldJournal implements Journal {
  readonly held: Transaction[] = [];
  readonly forgotten: number[] = [];
  readonly batches: number[] = [];
  private gate: { resolve: () => void; reject: (error: Error) => void } | undefined;
  private appending: { transactions: readonly Transaction[]; superseded: readonly Transaction[] } | undefined;
  private onAppend: (() => void) | undefined;

  prepare = (): number => 100;

  append(transactions: readonly Transaction[], superseded: readonly Transaction[]): Promise<void> {
    expect(this.appending).toBeUndefined();
    this.appending = { transactions, superseded };
    return new Promise((resolve, reject) => {
      this.gate = { resolve, reject };
      this.onAppend?.();
    });
  }

  /** Waits for an append to begin. */
  async begun(): Promise<void> {
    if (this.appending === undefined) await new Promise<void>((resolve) => (this.onAppend = resolve));
  }

  /** Ends the append: done, or failed with or without having written. */
  end(outcome: 'done' | { error: Error; written: boolean }): void {
    const { transactions, superseded } = this.appending ?? { transactions: [], superseded: [] };
    this.appending = undefined;
    if (outcome === 'done' || outcome.written) {
      this.held.push(...transactions);
      this.forgotten.push(...superseded.map(({ revision }) => revision));
      this.batches.push(transactions.length);
    }
    if (outcome === 'done') this.gate?.resolve();
    else this.gate?.reject(outcome.error);
  }

  async recover(): Promise<{ revision: number; compactedRevision: number }> {
    return { revision: this.held.at(-1)?.revision ?? 1, compactedRevision: this.forgotten.at(-1) ?? 0 };
  }

  close = (): Promise<void> => Promise.resolve();
}

function openOn(journal: Journal, historyLimit = 100, historyBytes?: number): JournaledStore {
  const bytes = historyBytes === undefined ? {} : { historyBytes };
  return new JournaledStore({ clusterUid: 'uid', contents: emptyContents(), journal, historyLimit, ...bytes });
}

const full = new JournalError('full', 'the disk is full');
const broken = new JournalError('broken', 'the disk is broken');

describe('JournaledStore', () => {
  it('ST-02: shows nothing of a commit before it is durable', async () => {
    const journal = new HeldJournal();
    const store = openOn(journal);
    const seen: string[] = [];
    store.watch('', 1, (events) => seen.push(...events.map(({ key }) => key)));
    const commit = store.commit([put('a', 1)]);
    await journal.begun();
    expect(await store.get('a')).toBeUndefined();
    expect((await store.list('')).entries).toEqual([]);
    expect([store.currentRevision(), seen]).toEqual([1, []]);
    journal.end('done');
    await commit;
    expect([store.currentRevision(), seen]).toEqual([2, ['a']]);
  });

  it('keeps as much history as fits into its memory, and all objects', async () => {
    const journal = new HeldJournal();
    const store = openOn(journal, 100, 10_000);
    const write = async (n: number, length: number): Promise<void> => {
      const value = { n, text: 'x'.repeat(length) };
      const commit = store.commit([{ type: 'put', key: `k/${n}`, value, expect: 'any' }]);
      await journal.begun();
      journal.end('done');
      await commit;
    };
    for (let n = 0; n < 8; n++) await write(n, 3000);
    const seenAfter = (revision: number): (() => void) => {
      return () => store.watch('', revision, () => undefined).close();
    };
    const newest = store.currentRevision();
    expect(seenAfter(newest - 3)).not.toThrow();
    expect(seenAfter(newest - 4)).toThrow(/too old/);
    for (let n = 0; n < 20; n++) await write(n + 10, 10);
    expect(seenAfter(store.currentRevision() - 20)).not.toThrow();
    expect((await store.list('')).entries).toHaveLength(28);
  });

  it('writes everything that waits in one append', async () => {
    const journal = new HeldJournal();
    const store = openOn(journal);
    const first = store.commit([put('first', 0)]);
    await journal.begun();
    const others = Array.from({ length: 30 }, (_, n) => store.commit([put(`k/${n}`, n)]));
    journal.end('done');
    await first;
    await journal.begun();
    journal.end('done');
    await Promise.all(others);
    expect(journal.batches).toEqual([1, 30]);
  });

  it('tells a conflict only when the write it lost to can be read', async () => {
    const journal = new HeldJournal();
    const store = openOn(journal);
    const winner = store.commit([put('a', 1, 'absent')]);
    let told = false;
    const loser = store.commit([put('a', 2, 'absent')]).catch((error: unknown) => {
      told = true;
      return error;
    });
    await journal.begun();
    expect(told).toBe(false);
    journal.end('done');
    await winner;
    expect(await loser).toMatchObject({ code: 'Conflict' });
    expect(await store.get('a')).toMatchObject({ value: { n: 1 } });
  });

  it.each([
    { error: full, code: 'InsufficientStorage' },
    { error: broken, code: 'InternalError' },
  ])('fails everything that was built on a failed append ($code)', async ({ error, code }) => {
    const journal = new HeldJournal();
    const store = openOn(journal);
    const failing = [store.commit([put('a', 1, 'absent')])];
    await journal.begun();
    failing.push(store.commit([put('a', 2, 2)]), store.commit([put('b', 1, 'absent')]), store.commit([put('a', 9, 7)]));
    const outcomes = Promise.allSettled(failing);
    journal.end({ error, written: false });
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code } });
    expect(store.readOnlyReason()).toBe(error.message);
    await expect(store.commit([put('c', 1)])).rejects.toMatchObject({ code, message: error.message });
    expect(await store.list('')).toEqual({ revision: 1, entries: [] });
    expect(await store.retry()).toBe(code === 'InsufficientStorage');
  });

  it.each([true, false])('finds out after a full disk what of the failed append was written (%s)', async (written) => {
    const journal = new HeldJournal();
    const store = openOn(journal, 1);
    const seen: number[] = [];
    store.watch('', 1, (events) => seen.push(...events.map(({ revision }) => revision)));
    for (let n = 0; n < 3; n++) {
      const commit = store.commit([put('a', n)]);
      await journal.begun();
      journal.end('done');
      await commit;
    }
    await journal.begun();
    const failing = store.commit([put('a', 3)]);
    journal.end('done');
    await journal.begun();
    journal.end({ error: full, written });
    await expect(failing).rejects.toMatchObject({ code: 'InsufficientStorage' });
    expect(await store.retry()).toBe(true);
    expect(store.readOnlyReason()).toBeUndefined();
    expect((await store.get('a'))?.value).toEqual({ n: written ? 3 : 2 });
    const next = store.commit([put('a', 4, written ? 5 : 4)]);
    await journal.begun();
    journal.end('done');
    while (journal.held.at(-1)?.events[0]?.value.n !== 4) {
      await journal.begun();
      journal.end('done');
    }
    const { revision } = await next;
    expect(seen).toEqual(Array.from({ length: revision - 1 }, (_, n) => n + 2));
    expect(journal.held.map((transaction) => transaction.revision)).toEqual(seen);
    expect(new Set(journal.forgotten).size).toBe(journal.forgotten.length);
  });

  it('refuses more than may wait for the disk, and takes them again afterwards', async () => {
    const journal = new HeldJournal();
    journal.prepare = () => 40 << 20;
    const store = openOn(journal);
    const first = store.commit([put('a', 1)]);
    await journal.begun();
    const waiting = [store.commit([put('b', 1)]), store.commit([put('c', 1)])];
    await expect(store.commit([put('d', 1)])).rejects.toMatchObject({ code: 'TooManyRequests' });
    for (const commit of [first, ...waiting]) {
      await journal.begun();
      journal.end('done');
      await commit;
    }
    const later = store.commit([put('d', 1, 'absent')]);
    await journal.begun();
    journal.end('done');
    expect((await later).revision).toBe(5);
  });
});
