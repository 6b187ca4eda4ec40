import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isOrchError } from '../../src/support/errors.js';
import { waitFor } from '../support/wait-for.js';
import { noise, openStore, startWriter, withFolder } from './store-support.js';

/** Runs `work` in a small file system of its own. */
async function withSmallDisk(megabytes: number, work: (directory: string) => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('this test mounts a tmpfs: run it as root');
  await withFolder(async (directory) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory]);
    try {
      await work(directory);
    } finally {
      execFileSync('umount', [directory]);
    }
  });
}

describe('a level store on a full disk', () => {
  it('ST-04: refuses writes with InsufficientStorage, still reads and watches, and writes again when there is space', async () => {
    await withSmallDisk(32, async (disk) => {
      const ballast = join(disk, 'ballast');
      const directory = join(disk, 'store');
      const acknowledged: string[] = [];
      const store = await openStore(directory);
      const seen: string[] = [];
      store.watch('', store.currentRevision(), (events) => seen.push(...events.map(({ key }) => key)));
      const write = async (key: string, length: number): Promise<void> => {
        await store.commit([
          { type: 'put', key, value: { text: noise(length, acknowledged.length) }, expect: 'absent' },
        ]);
        acknowledged.push(key);
      };
      for (let round = 0; round < 2; round++) {
        await writeFile(ballast, Buffer.alloc(round === 0 ? 22 << 20 : 16 << 20)).catch(() => undefined);
        const failures = await Promise.all(
          Array.from({ length: 16 }, async (_, writer) => {
            for (let n = 0; ; n++) {
              try {
                await write(`${round}/${writer}/${n}`, 4_000);
              } catch (error) {
                return error;
              }
            }
          }),
        );
        expect(failures.every((error) => isOrchError(error, 'InsufficientStorage'))).toBe(true);
        expect(store.readOnlyReason()).toMatch(/is full: nothing can be written until there is space again/);
        const { entries } = await store.list('');
        expect(new Set(entries.map(({ key }) => key))).toEqual(new Set(acknowledged));
        await rm(ballast);
        await waitFor('the store writes again', () => store.readOnlyReason() === undefined);
        await write(`${round}/after`, 10);
      }
      const before = await store.list('');
      // A write whose outcome was unknown may turn out to be on the disk; one that was acknowledged must be.
      const keys = new Set(before.entries.map(({ key }) => key));
      expect(acknowledged.filter((key) => !keys.has(key))).toEqual([]);
      expect(new Set(seen)).toEqual(keys);
      expect(seen).toHaveLength(keys.size);
      await store.close();
      const again = await openStore(directory);
      expect(await again.list('')).toEqual(before);
      await again.close();
    });
  });
});

describe('a level store on a disk that fails', () => {
  it('is read-only from the first failed write on, and has what it acknowledged', async () => {
    await withFolder(async (directory) => {
      // No file may grow beyond 512 KiB: the write fails with EFBIG, which is no full disk and not to be survived.
      const writer = startWriter(directory, '0', { before: 'ulimit -f 1024;' });
      expect(await writer.line('refused ')).toMatch(/^refused InternalError .* the store is read-only now/);
      expect(await writer.line('read-only ')).toContain('File too large');
      const [, readable, revision] = (await writer.line('readable ')).split(' ');
      const lines = await waitFor('all writers were refused', () => {
        const printed = writer.lines();
        return printed.filter((line) => line.startsWith('readable ')).length === 8 && printed;
      });
      const acknowledged = lines.filter((line) => line.startsWith('ack ')).map((line) => line.split(' ')[1] as string);
      expect(Number(readable)).toBe(acknowledged.length);
      expect(Number(revision)).toBe(acknowledged.length + 1);
      await writer.kill();
      const store = await openStore(directory);
      const keys = new Set((await store.list('round-')).entries.map(({ key }) => key));
      expect(acknowledged.filter((key) => !keys.has(key))).toEqual([]);
      await store.close();
    });
  });

  it('ST-03: is read-only once an fsync failed, and never takes a later one that succeeds for it', async () => {
    await withFolder(async (directory) => {
      const trace = join(directory, 'trace');
      // Every thread's fourth fdatasync fails, and only that one: whoever tries again is told that all is well.
      const through = `strace -D -f -qq -o ${trace} -e trace=fdatasync -e inject=fdatasync:error=EIO:when=4`;
      const store = join(directory, 'store');
      const writer = startWriter(store, '0', { through });
      expect(await writer.line('refused ')).toMatch(/^refused InternalError .* the store is read-only now/);
      expect(await writer.line('read-only ')).toContain('Input/output error');
      const lines = await waitFor('all writers were refused', () => {
        const printed = writer.lines();
        return printed.filter((line) => line.startsWith('readable ')).length === 8 && printed;
      });
      const firstRefusal = lines.findIndex((line) => line.startsWith('refused '));
      expect(lines.slice(firstRefusal).filter((line) => line.startsWith('ack '))).toEqual([]);
      await writer.kill();
      const acknowledged = lines.filter((line) => line.startsWith('ack ')).map((line) => line.split(' ')[1] as string);
      const again = await openStore(store);
      const keys = new Set((await again.list('round-')).entries.map(({ key }) => key));
      expect(acknowledged.filter((key) => !keys.has(key))).toEqual([]);
      await again.close();
    });
  });
});

describe('a level store on a disk that works', () => {
  it('ST-02: acknowledges no write before the operating system has put it on the disk', async () => {
    await withFolder(async (directory) => {
      const trace = join(directory, 'trace');
      const through = `strace -D -f -qq -s 100 -o ${trace} -e trace=fdatasync,write`;
      const writer = startWriter(join(directory, 'store'), '0', { through });
      await writer.line('ack round-0/0/20 ');
      await writer.kill();
      // A writer begins its next write after the answer to the one before: between the two answers there must be a sync.
      let syncs = 0;
      let answers = 0;
      const syncsAtLastAnswer = new Map<string, number>();
      for (const line of (await readFile(trace, 'utf8')).split('\n')) {
        if (/fdatasync.*= 0$/.test(line)) syncs += 1;
        const [, who] = / write\(1, "ack round-0\/(\d+)\//.exec(line) ?? [];
        if (who === undefined) continue;
        answers += 1;
        expect(syncs).toBeGreaterThan(syncsAtLastAnswer.get(who) ?? 0);
        syncsAtLastAnswer.set(who, syncs);
      }
      expect(answers).toBeGreaterThan(100);
    });
  });
});
