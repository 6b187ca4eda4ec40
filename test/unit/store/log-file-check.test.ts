import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkLogFile } from '../../../src/store/level/log-file-check.js';

describe('checkLogFile, on a log that LevelDB wrote', () => {
  let directory: string;
  let log: Buffer;
  /** Length of the log after each write: records of all sizes, some over several blocks. */
  const ends: number[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'orch-log-'));
    const db = new ClassicLevel(directory);
    await db.open();
    const read = async (): Promise<Buffer> => {
      const name = (await readdir(directory)).find((each) => each.endsWith('.log')) as string;
      return readFile(join(directory, name));
    };
    for (const length of [10, 5_000, 32_000, 100, 70_000, 1, 200_000, 32_740, 300]) {
      await db.put('key', 'v'.repeat(length), { sync: true });
      log = await read();
      ends.push(log.length);
    }
    await db.close();
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is whole at the end of every record', () => {
    expect(checkLogFile(new Uint8Array())).toEqual({ state: 'whole' });
    for (const end of ends) expect(checkLogFile(log.subarray(0, end))).toEqual({ state: 'whole' });
  });

  it('is never taken for damaged when it is only cut, wherever', () => {
    for (let length = 0; length < log.length; length += 977) {
      expect(checkLogFile(log.subarray(0, length)).state).not.toBe('damaged');
    }
    const lastRecord = ends.at(-2) as number;
    for (let length = lastRecord + 1; length < log.length; length++) {
      expect(checkLogFile(log.subarray(0, length))).toEqual({ state: 'torn', offset: lastRecord });
    }
  });

  it('is torn when the last record is wrong, and damaged when any other is', () => {
    const lastRecord = ends.at(-2) as number;
    for (let at = 0; at < log.length; at += 613) {
      const changed = Buffer.from(log);
      changed[at] = (changed[at] as number) ^ 0x10;
      expect(checkLogFile(changed).state).toBe(at >= lastRecord ? 'torn' : 'damaged');
    }
    const changed = Buffer.from(log);
    changed[log.length - 1] = 0;
    expect(checkLogFile(changed)).toEqual({ state: 'torn', offset: lastRecord });
  });
});
