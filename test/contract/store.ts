import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/model/json.js';
import { isOrchError } from '../../src/support/errors.js';
import type { Expectation, Store, StoreEntry, StoreEvent, StoreOperation } from '../../src/store/store.js';

export interface StoreFixture {
  open(options?: { historyLimit?: number }): Promise<Store>;
  /** Closes what was opened and throws the data away. */
  dispose(): Promise<void>;
}

const put = (key: string, value: JsonObject, expectation: Expectation = 'any'): StoreOperation => ({
  type: 'put',
  key,
  value,
  expect: expectation,
});
const remove = (key: string, expectation: Expectation = 'any'): StoreOperation => ({
  type: 'delete',
  key,
  expect: expectation,
});

/** The code of the OrchError that the promise rejects with. */
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isOrchError(error)) return error.code;
    throw error;
  }
  return 'nothing was refused';
}

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isOrchError(error)) return error.code;
    throw error;
  }
  return 'nothing was refused';
}

/** Everything a watch from `afterRevision` has to tell up to the newest revision, closed again. */
async function replay(store: Store, prefix: string, afterRevision: number): Promise<StoreEvent[]> {
  const seen: StoreEvent[] = [];
  const watch = store.watch(prefix, afterRevision, (events) => seen.push(...events));
  await Promise.resolve();
  watch.close();
  return seen;
}

/** What every store adapter must do. */
export function describeStore(name: string, makeFixture: () => Promise<StoreFixture>): void {
  describe(`store contract: ${name}`, () => {
    let fixture: StoreFixture;
    let store: Store;

    beforeEach(async () => {
      fixture = await makeFixture();
      store = await fixture.open();
    });
    afterEach(async () => {
      await fixture.dispose();
    });

    describe('commit', () => {
      it('gives each transaction the next revision and makes it readable', async () => {
        const before = store.currentRevision();
        const first = await store.commit([put('a', { n: 1 })]);
        const second = await store.commit([put('a', { n: 2 }), put('b', { n: 3 })]);
        expect(first.revision).toBe(before + 1);
        expect(second.revision).toBe(before + 2);
        expect(store.currentRevision()).toBe(second.revision);
        expect(await store.get('a')).toEqual({ key: 'a', value: { n: 2 }, revision: second.revision });
        expect(await store.get('b')).toEqual({ key: 'b', value: { n: 3 }, revision: second.revision });
      });

      it('holds "absent" for a missing key only', async () => {
        await store.commit([put('a', {}, 'absent')]);
        expect(await refusal(store.commit([put('a', { again: true }, 'absent')]))).toBe('Conflict');
        expect((await store.get('a'))?.value).toEqual({});
        await store.commit([remove('a', 'any')]);
        await store.commit([put('a', { reborn: true }, 'absent')]);
        expect((await store.get('a'))?.value).toEqual({ reborn: true });
      });

      it('holds a revision for exactly that revision of the key', async () => {
        const { revision } = await store.commit([put('a', { n: 1 })]);
        await store.commit([put('other', {})]);
        expect(await refusal(store.commit([put('a', { n: 9 }, revision + 1)]))).toBe('Conflict');
        expect(await refusal(store.commit([put('a', { n: 9 }, revision - 1)]))).toBe('Conflict');
        expect(await refusal(store.commit([put('missing', {}, revision)]))).toBe('Conflict');
        await store.commit([put('a', { n: 2 }, revision)]);
        expect(await refusal(store.commit([remove('a', revision)]))).toBe('Conflict');
        expect((await store.get('a'))?.value).toEqual({ n: 2 });
      });

      it('names the key of a conflict', async () => {
        await store.commit([put('a', {})]);
        await expect(store.commit([put('a', {}, 'absent')])).rejects.toMatchObject({ details: { kind: 'a' } });
      });

      it('changes nothing when one of several expectations does not hold', async () => {
        await store.commit([put('b', { n: 1 })]);
        const before = await store.list('');
        const seen: StoreEvent[] = [];
        store.watch('', before.revision, (events) => seen.push(...events));
        expect(await refusal(store.commit([put('a', {}), put('b', {}, 'absent'), remove('b')]))).toBe('Conflict');
        expect(await store.list('')).toEqual(before);
        expect(seen).toEqual([]);
        expect((await store.commit([put('c', {})])).revision).toBe(before.revision + 1);
      });

      it('lets one of many concurrent writers win', async () => {
        const { revision } = await store.commit([put('counter', { n: 0 })]);
        const writers = Array.from({ length: 20 }, (_, n) => store.commit([put('counter', { n }, revision)]));
        const results = await Promise.allSettled(writers);
        expect(results.map(({ status }) => status)).toEqual([
          'fulfilled',
          ...Array.from({ length: 19 }, () => 'rejected'),
        ]);
        expect((await store.get('counter'))?.value).toEqual({ n: 0 });
      });

      it('judges a commit against those accepted before it that are not durable yet', async () => {
        const created = store.commit([put('a', { n: 1 }, 'absent')]);
        const deleted = store.commit([remove('a', store.currentRevision() + 1)]);
        const twice = refusal(store.commit([remove('a', store.currentRevision() + 1)]));
        const recreated = store.commit([put('a', { n: 2 }, 'absent')]);
        expect(await twice).toBe('Conflict');
        const revisions = (await Promise.all([created, deleted, recreated])).map(({ revision }) => revision);
        expect(revisions).toEqual([revisions[0], (revisions[0] as number) + 1, (revisions[0] as number) + 2]);
        expect((await store.get('a'))?.value).toEqual({ n: 2 });
      });

      it('counts up without losing an increment', async () => {
        await store.commit([put('counter', { n: 0 })]);
        const increment = async (): Promise<void> => {
          for (;;) {
            const entry = (await store.get('counter')) as StoreEntry;
            const n = (entry.value.n as number) + 1;
            try {
              await store.commit([put('counter', { n }, entry.revision)]);
              return;
            } catch (error) {
              if (!isOrchError(error, 'Conflict')) throw error;
            }
          }
        };
        await Promise.all(Array.from({ length: 12 }, increment));
        expect((await store.get('counter'))?.value).toEqual({ n: 12 });
      });

      it('makes no revision when nothing changes', async () => {
        const { revision } = await store.commit([put('a', {})]);
        expect(await store.commit([])).toEqual({ revision });
        expect(await store.commit([remove('missing')])).toEqual({ revision });
        expect(store.currentRevision()).toBe(revision);
      });

      it('refuses a key twice in one transaction, and keys and values that cannot be kept', async () => {
        const before = store.currentRevision();
        const tooDeep = Array.from({ length: 300 }).reduce<JsonObject>((inner) => ({ inner }), {});
        expect(await refusal(store.commit([put('a', {}), remove('a')]))).toBe('BadRequest');
        expect(await refusal(store.commit([put('', {})]))).toBe('BadRequest');
        expect(await refusal(store.commit([put('lone \ud800', {})]))).toBe('BadRequest');
        expect(await refusal(store.commit([put('a', { n: Number.NaN })]))).toBe('BadRequest');
        expect(await refusal(store.commit([put('a', tooDeep)]))).toBe('BadRequest');
        expect(store.currentRevision()).toBe(before);
        expect(await store.get('a')).toBeUndefined();
      });

      it('keeps the value as it was handed over, frozen', async () => {
        const value = { list: [1, { deep: 'x' }], none: null, text: '"\u2028 😀', ['__proto__']: { own: true } };
        const committed = store.commit([put('a', value)]);
        value.list.push(2);
        await committed;
        const entry = (await store.get('a')) as StoreEntry;
        expect(JSON.stringify(entry.value)).toBe(
          JSON.stringify({ list: [1, { deep: 'x' }], none: null, text: '"\u2028 😀', ['__proto__']: { own: true } }),
        );
        expect(Object.isFrozen(entry.value)).toBe(true);
        expect(() => {
          ((entry.value.list as unknown[])[1] as { deep: string }).deep = 'y';
        }).toThrow(TypeError);
      });
    });

    describe('list', () => {
      it('is sorted by key and holds what starts with the prefix, nothing else', async () => {
        const keys = ['b', 'a/2', 'a/10', 'a', 'a/', 'ab/1', 'a0', 'A/1', 'a/2/x', 'ä'];
        await store.commit(keys.map((key) => put(key, { key })));
        const keysOf = async (prefix: string): Promise<string[]> =>
          (await store.list(prefix)).entries.map(({ key }) => key);
        expect(await keysOf('')).toEqual([...keys].sort());
        expect(await keysOf('a/')).toEqual(['a/', 'a/10', 'a/2', 'a/2/x']);
        expect(await keysOf('a')).toEqual(['a', 'a/', 'a/10', 'a/2', 'a/2/x', 'a0', 'ab/1']);
        expect(await keysOf('a/2/x')).toEqual(['a/2/x']);
        expect(await keysOf('a/2/xy')).toEqual([]);
        expect(await keysOf('zz')).toEqual([]);
      });

      it('tells the revision it is of, and never half a transaction', async () => {
        const { revision } = await store.commit([put('x', { n: 0 }), put('y', { n: 0 })]);
        expect((await store.list('none')).revision).toBe(revision);
        const writing = Array.from({ length: 30 }, (_, n) => store.commit([put('x', { n }), put('y', { n })]));
        let done = false;
        const written = Promise.all(writing).then(() => (done = true));
        while (!done) {
          const { entries, revision: asOf } = await store.list('');
          expect(entries[0]?.value).toEqual(entries[1]?.value);
          expect(entries[0]?.revision).toBe(asOf);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await written;
      });
    });

    describe('watch', () => {
      it('tells creation, change and deletion with what was before', async () => {
        const start = store.currentRevision();
        await store.commit([put('a', { n: 1 })]);
        await store.commit([put('a', { n: 2 })]);
        await store.commit([remove('a')]);
        const [created, changed, deleted] = [start + 1, start + 2, start + 3];
        expect(await replay(store, '', start)).toEqual([
          { type: 'put', key: 'a', value: { n: 1 }, revision: created },
          { type: 'put', key: 'a', value: { n: 2 }, revision: changed, previous: { n: 1 }, previousRevision: created },
          {
            type: 'delete',
            key: 'a',
            value: { n: 2 },
            revision: deleted,
            previous: { n: 2 },
            previousRevision: changed,
          },
        ]);
      });

      it('tells the past, then the present, each event once and whole transactions at a time', async () => {
        const start = store.currentRevision();
        await store.commit([put('in/1', {}), put('out/1', {}), put('in/2', {})]);
        const calls: string[][] = [];
        store.watch('in/', start, (events) => calls.push(events.map(({ key }) => key)));
        const inTheSameTurn = store.commit([put('in/3', {})]);
        await store.commit([put('out/2', {})]);
        await inTheSameTurn;
        await store.commit([remove('in/1'), put('in/4', {})]);
        expect(calls).toEqual([['in/1', 'in/2'], ['in/3'], ['in/1', 'in/4']]);
      });

      it('tells only what is after the revision', async () => {
        const { revision } = await store.commit([put('a', { n: 1 })]);
        await store.commit([put('a', { n: 2 })]);
        expect((await replay(store, '', revision)).map(({ value }) => value)).toEqual([{ n: 2 }]);
        expect(await replay(store, '', store.currentRevision())).toEqual([]);
      });

      it('never calls from within watch() or from within another call', async () => {
        const start = store.currentRevision();
        await store.commit([put('a', {})]);
        let depth = 0;
        let entered = 0;
        const calls: number[] = [];
        const onEvents = (events: StoreEvent[]): void => {
          expect(++depth).toBe(1);
          entered++;
          calls.push((events[0] as StoreEvent).revision);
          if (entered === 1) {
            void store.commit([put('b', {})]);
            store.watch('', start, () => entered++);
          }
          depth--;
        };
        store.watch('', start, onEvents);
        expect(calls).toEqual([]);
        await store.commit([put('c', {})]);
        await store.commit([put('d', {})]);
        expect(calls).toEqual([...calls].sort((a, b) => a - b));
        expect(calls).toHaveLength(4);
      });

      it('tells every watcher the same order under concurrent writers', async () => {
        const start = store.currentRevision();
        const early: StoreEvent[] = [];
        store.watch('', start, (events) => early.push(...events));
        const late: StoreEvent[] = [];
        const writers = Array.from({ length: 8 }, async (_, writer) => {
          for (let n = 0; n < 20; n++) {
            await store.commit([put(`k/${(writer * 7 + n) % 11}`, { writer, n })]);
            if (writer === 3 && n === 10) store.watch('', start, (events) => late.push(...events));
          }
        });
        await Promise.all(writers);
        await Promise.resolve();
        expect(early.map(({ revision }) => revision)).toEqual(Array.from({ length: 160 }, (_, n) => start + 1 + n));
        expect(late).toEqual(early);
      });

      it('has told a commit when the commit resolves, and not before it is readable', async () => {
        const readable: (StoreEntry | undefined)[] = [];
        const reads: Promise<unknown>[] = [];
        let seen = 0;
        store.watch('', store.currentRevision(), (events) => {
          seen += events.length;
          reads.push(store.get((events[0] as StoreEvent).key).then((entry) => readable.push(entry)));
        });
        await store.commit([put('a', { n: 1 })]);
        expect(seen).toBe(1);
        await Promise.all(reads);
        expect(readable[0]?.value).toEqual({ n: 1 });
      });

      it('is silent once closed, also when it is closed during a call', async () => {
        const start = store.currentRevision();
        await store.commit([put('a', {})]);
        await store.commit([put('b', {})]);
        const keys: string[] = [];
        const watch = store.watch('', start, (events) => {
          keys.push((events[0] as StoreEvent).key);
          watch.close();
        });
        const neverHeard = store.watch('', start, () => keys.push('never'));
        neverHeard.close();
        neverHeard.close();
        await store.commit([put('c', {})]);
        expect(keys).toEqual(['a']);
      });

      it('is Expired for a revision that the store has not reached', async () => {
        expect(refusalOf(() => store.watch('', store.currentRevision() + 1, () => undefined))).toBe('Expired');
      });
    });

    describe('history', () => {
      it('is dropped by compact; what is current stays', async () => {
        await store.commit([put('a', { n: 1 }), put('gone', {})]);
        await store.commit([put('a', { n: 2 }), remove('gone')]);
        const { revision } = await store.commit([put('b', { n: 3 })]);
        await store.commit([put('a', { n: 4 })]);
        const before = await store.list('');
        await store.compact(revision);
        expect(await store.list('')).toEqual(before);
        expect(refusalOf(() => store.watch('', revision - 1, () => undefined))).toBe('Expired');
        expect(await replay(store, '', revision)).toMatchObject([{ key: 'a', previous: { n: 2 } }]);
        await store.compact(revision - 1);
        expect(await replay(store, '', revision)).toHaveLength(1);
        expect(await refusal(store.compact(store.currentRevision() + 1))).toBe('BadRequest');
      });

      it('keeps a watch that was opened before going', async () => {
        const start = store.currentRevision();
        await store.commit([put('a', { n: 1 })]);
        const seen: StoreEvent[] = [];
        store.watch('', start, (events) => seen.push(...events));
        await store.compact(store.currentRevision());
        await store.commit([put('a', { n: 2 })]);
        expect(seen.map(({ value }) => value)).toEqual([{ n: 1 }, { n: 2 }]);
      });

      it('is bounded by the history limit', async () => {
        await fixture.dispose();
        fixture = await makeFixture();
        store = await fixture.open({ historyLimit: 5 });
        for (let n = 0; n < 12; n++) await store.commit([put(`k/${n % 3}`, { n })]);
        const newest = store.currentRevision();
        expect((await replay(store, '', newest - 5)).map(({ value }) => value.n)).toEqual([7, 8, 9, 10, 11]);
        expect(refusalOf(() => store.watch('', newest - 6, () => undefined))).toBe('Expired');
        expect((await store.list('')).entries.map(({ value }) => value.n)).toEqual([9, 10, 11]);
      });
    });

    describe('close', () => {
      it('finishes what was accepted, ends watches and refuses the rest', async () => {
        const keys: string[] = [];
        store.watch('', store.currentRevision(), (events) => keys.push(...events.map(({ key }) => key)));
        const accepted = [store.commit([put('a', {})]), store.commit([put('b', {})])];
        const closing = store.close();
        await Promise.all(accepted);
        await closing;
        await store.close();
        expect(keys).toEqual(['a', 'b']);
        expect(await refusal(store.commit([put('c', {})]))).toBe('ServiceUnavailable');
        expect(await refusal(store.list(''))).toBe('ServiceUnavailable');
      });
    });

    it('has a uid and can be written', () => {
      expect(store.clusterUid).toMatch(/^[0-9a-f-]{36}$/);
      expect(store.readOnlyReason()).toBeUndefined();
    });

    it('does what a simple model does, whatever the history', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(randomCommit, { minLength: 1, maxLength: 40 }), async (commits) => {
          const own = await makeFixture();
          try {
            await compareWithModel(await own.open(), commits);
          } finally {
            await own.dispose();
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}

/** One commit of a random history: operations on few keys, and how many revisions back their expectation looks. */
interface RandomCommit {
  operations: { type: 'put' | 'delete'; key: string; expectation: 'absent' | 'any' | 'current' | 'stale' }[];
  awaitIt: boolean;
}

const randomCommit: fc.Arbitrary<RandomCommit> = fc.record({
  operations: fc.uniqueArray(
    fc.record({
      type: fc.constantFrom('put' as const, 'delete' as const),
      key: fc.constantFrom('a', 'a/b', 'a/c', 'b', 'b/a'),
      expectation: fc.constantFrom('absent' as const, 'any' as const, 'current' as const, 'stale' as const),
    }),
    { selector: ({ key }) => key, minLength: 1, maxLength: 3 },
  ),
  awaitIt: fc.boolean(),
});

/** The model: a map, a list of events, and the rules of the contract said once more in the simplest way. */
async function compareWithModel(store: Store, commits: RandomCommit[]): Promise<void> {
  const start = store.currentRevision();
  let revision = start;
  const entries = new Map<string, StoreEntry>();
  const log: string[] = [];
  const live: string[] = [];
  store.watch('', start, (events) => live.push(...events.map(shown)));
  const outcomes: Promise<void>[] = [];
  for (const [n, { operations, awaitIt }] of commits.entries()) {
    const toCommit = operations.map(({ type, key, expectation }): StoreOperation => {
      const current = entries.get(key)?.revision ?? 1_000_000;
      const expected = expectation === 'current' ? current : expectation === 'stale' ? current - 1 : expectation;
      return type === 'put' ? put(key, { n }, expected) : remove(key, expected);
    });
    const holds = toCommit.every(({ key, expect: expected }) => {
      if (expected === 'any') return true;
      return expected === 'absent' ? !entries.has(key) : entries.get(key)?.revision === expected;
    });
    const changes = toCommit.filter(({ type, key }) => type === 'put' || entries.has(key));
    let outcome = 'Conflict';
    if (holds) {
      if (changes.length > 0) revision++;
      outcome = String(revision);
      for (const change of changes) {
        log.push(`${revision} ${change.type} ${change.key} was ${entries.get(change.key)?.revision ?? 'absent'}`);
        if (change.type === 'delete') entries.delete(change.key);
        else entries.set(change.key, { key: change.key, value: { n }, revision });
      }
    }
    const told = store.commit(toCommit).then(
      (result) => String(result.revision),
      (error: unknown) => (isOrchError(error) ? error.code : String(error)),
    );
    outcomes.push(told.then((actual) => expect(actual).toBe(outcome)));
    if (awaitIt) await outcomes.at(-1);
  }
  await Promise.all(outcomes);
  expect(await store.list('')).toEqual({ revision, entries: sorted([...entries.values()]) });
  const under = sorted([...entries.values()].filter(({ key }) => key.startsWith('a/')));
  expect(await store.list('a/')).toEqual({ revision, entries: under });
  expect(live).toEqual(log);
  const middle = start + Math.floor((revision - start) / 2);
  const replayed = (await replay(store, '', middle)).map(shown);
  expect(replayed).toEqual(log.filter((line) => Number(line.split(' ')[0]) > middle));
}

function sorted(entries: StoreEntry[]): StoreEntry[] {
  return entries.sort((x, y) => (x.key < y.key ? -1 : 1));
}

function shown({ type, key, revision, previousRevision }: StoreEvent): string {
  return `${revision} ${type} ${key} was ${previousRevision ?? 'absent'}`;
}
