import { readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore, refusalToOpen, startWriter, withFolder } from './store-support.js';

describe('a level store whose process is killed', () => {
  it('ST-01: has every acknowledged write, whole, at its revision, and goes on from there', async () => {
    await withFolder(async (directory) => {
      const acknowledged = new Map<string, number>();
      let uid: string | undefined;
      let highest = 0;
      for (let round = 0; round < 4; round++) {
        const writer = startWriter(directory, String(round));
        const opened = await writer.line('open ');
        uid ??= opened.split(' ')[1];
        expect(opened.split(' ')[1]).toBe(uid);
        expect(Number(opened.split(' ')[2])).toBeGreaterThanOrEqual(highest);
        // A different moment each round: after so many acknowledged writes.
        await writer.line(`ack round-${round}/${round}/${[0, 40, 90, 17][round]} `);
        await writer.kill();
        for (const line of writer.lines().filter((candidate) => candidate.startsWith('ack '))) {
          const [, key = '', revision] = line.split(' ');
          acknowledged.set(key, Number(revision));
          highest = Math.max(highest, Number(revision));
        }
        const store = await openStore(directory, { historyLimit: 50 });
        const { entries, revision } = await store.list('round-');
        expect(revision).toBeGreaterThanOrEqual(highest);
        const found = new Map(entries.map((entry) => [entry.key, entry]));
        for (const [key, at] of acknowledged) expect(found.get(key)?.revision).toBe(at);
        for (const { key, revision: at, value } of entries) {
          const pair = key.endsWith('/twin') ? key.slice(0, -5) : `${key}/twin`;
          expect(found.get(pair)).toEqual({ key: pair, revision: at, value });
        }
        highest = revision;
        await store.close();
      }
      expect(acknowledged.size).toBeGreaterThan(100);
    });
  }, 120_000);

  it('accepts a torn write at the end that was never acknowledged', async () => {
    await withFolder(async (directory) => {
      const writer = startWriter(directory, '0');
      await writer.line('ack round-0/0/20 ');
      await writer.kill();
      const store = await openStore(directory);
      const { revision, entries } = await store.list('');
      await store.commit([{ type: 'put', key: 'last', value: {}, expect: 'absent' }]);
      await store.close();
      // The record of the last commit, cut in the middle; nobody has heard of it.
      const file = join(directory, 'db', await newestLog(directory));
      const bytes = await readFile(file);
      await writeFile(file, bytes.subarray(0, bytes.length - 20));
      await writeFile(join(directory, 'acknowledged'), '');
      const again = await openStore(directory);
      expect(await again.list('')).toEqual({ revision, entries });
      await again.commit([{ type: 'put', key: 'last', value: {}, expect: 'absent' }]);
      await again.close();
    });
  });
});

describe('a level store that is opened twice', () => {
  it('refuses the second process and names the first; opens once that is killed', async () => {
    await withFolder(async (directory) => {
      const writer = startWriter(directory, '0');
      await writer.line('ack ');
      const refusal = await refusalToOpen(directory);
      expect(refusal).toContain(`in use by process ${writer.pid} on host ${hostname()} since 20`);
      expect(refusal).toContain(directory);
      const second = startWriter(directory, '1');
      await expect(second.line('open ')).rejects.toThrow(`in use by process ${writer.pid}`);
      await writer.kill();
      const store = await openStore(directory);
      expect(await refusalToOpen(directory)).toContain(`in use by process ${process.pid}`);
      await store.close();
      expect(await refusalToOpen(directory)).toBe('it opened');
    });
  });
});

describe('a level store that is opened again', () => {
  it('has the same entries, uid and history as before', async () => {
    await withFolder(async (directory) => {
      const store = await openStore(directory, { historyLimit: 10 });
      for (let n = 0; n < 40; n++) {
        await store.commit([
          { type: 'put', key: `k/${n % 7}`, value: { n }, expect: 'any' },
          n % 3 === 0
            ? { type: 'delete', key: `k/${(n + 1) % 7}`, expect: 'any' }
            : { type: 'put', key: `ü/${n}`, value: { text: '\u2028😀"' }, expect: 'absent' },
        ]);
      }
      const before = await store.list('');
      const events: unknown[] = [];
      store.watch('', before.revision - 10, (some) => events.push(...some));
      await store.close();
      const again = await openStore(directory, { historyLimit: 10 });
      expect(again.clusterUid).toBe(store.clusterUid);
      expect(await again.list('')).toEqual(before);
      const eventsAgain: unknown[] = [];
      again.watch('', before.revision - 10, (some) => eventsAgain.push(...some));
      await Promise.resolve();
      expect(eventsAgain).toEqual(events);
      expect(() => again.watch('', before.revision - 11, () => undefined)).toThrow('too old');
      await again.compact(before.revision);
      await again.close();
      const compacted = await openStore(directory);
      expect(await compacted.list('')).toEqual(before);
      expect(() => compacted.watch('', before.revision - 1, () => undefined)).toThrow('too old');
      await compacted.close();
    });
  });
});

async function newestLog(directory: string): Promise<string> {
  const logs = (await readdir(join(directory, 'db'))).filter((name) => name.endsWith('.log')).sort();
  return logs.at(-1) as string;
}
