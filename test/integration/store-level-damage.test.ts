import { cp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { describe, expect, it } from 'vitest';
import { noise, openStore, refusalToOpen, withFolder } from './store-support.js';

/**
 * A store that was written in two sessions, so that it has tables (`.ldb`) and a log (`.log`), and closed. Its uid is
 * always the same, so that its files are, and a flipped byte hits the same thing in every run.
 */
async function makeStore(directory: string): Promise<void> {
  for (const session of ['first', 'second']) {
    const store = await openStore(directory, { uid: '11111111-2222-4333-8444-555555555555' });
    for (let n = 0; n < 60; n++) {
      const value = { session, text: noise(500, n) };
      await store.commit([{ type: 'put', key: `${session}/${n}`, value, expect: 'absent' }]);
    }
    await store.close();
  }
}

async function fileOf(directory: string, ending: RegExp): Promise<string> {
  const sizes: [string, number][] = [];
  for (const name of await readdir(join(directory, 'db'))) {
    const file = join(directory, 'db', name);
    if (ending.test(name)) sizes.push([file, (await stat(file)).size]);
  }
  return (sizes.sort((a, b) => b[1] - a[1])[0] as [string, number])[0];
}

async function flipByte(file: string, fraction: number): Promise<void> {
  const bytes = await readFile(file);
  const at = Math.floor((bytes.length - 1) * fraction);
  bytes[at] = (bytes[at] as number) ^ 0x55;
  await writeFile(file, bytes);
}

/** Each makes a whole store damaged; then the store must not open, twice, and say what is wrong. */
const damages: { name: string; expected: RegExp; make: (directory: string) => Promise<void> }[] = [
  ...[0.02, 0.1, 0.3, 0.5, 0.7, 0.85].map((fraction) => ({
    name: `a flipped byte in a table, at ${fraction} of it`,
    expected: /is damaged/,
    make: async (directory: string) => flipByte(await fileOf(directory, /\.ldb$/), fraction),
  })),
  ...[0, 0.01, 0.4, 0.6].map((fraction) => ({
    name: `a flipped byte in the log, at ${fraction} of it`,
    expected: /\.log is corrupt at byte \d+/,
    make: async (directory: string) => flipByte(await fileOf(directory, /\.log$/), fraction),
  })),
  {
    name: 'a flipped byte in the last record of the log',
    expected: /ends at revision 120, but revision 121 was acknowledged/,
    make: async (directory) => flipByte(await fileOf(directory, /\.log$/), 0.999),
  },
  {
    name: 'a log that is cut in half',
    expected: /ends at revision \d+, but revision 121 was acknowledged/,
    make: async (directory) => {
      const log = await fileOf(directory, /\.log$/);
      await truncate(log, Math.floor((await stat(log)).size / 2));
    },
  },
  {
    name: 'a missing log',
    expected: /ends at revision 61, but revision 121 was acknowledged/,
    make: async (directory) => rm(await fileOf(directory, /\.log$/)),
  },
  {
    name: 'a missing table',
    expected: /missing files.*\.ldb/,
    make: async (directory) => rm(await fileOf(directory, /\.ldb$/)),
  },
  {
    name: 'a missing CURRENT',
    expected: /CURRENT is missing/,
    make: (directory) => rm(join(directory, 'db', 'CURRENT')),
  },
  {
    name: 'an empty CURRENT',
    expected: /CURRENT names ""/,
    make: (directory) => truncate(join(directory, 'db', 'CURRENT')),
  },
  {
    name: 'a missing MANIFEST',
    expected: /CURRENT names "MANIFEST-\d+", and there is no such file/,
    make: async (directory) => rm(await fileOf(directory, /^MANIFEST/)),
  },
  {
    name: 'a MANIFEST that is cut',
    expected: /is damaged/,
    make: async (directory) => truncate(await fileOf(directory, /^MANIFEST/), 20),
  },
  {
    name: 'a flipped byte in the MANIFEST',
    expected: /is damaged/,
    make: async (directory) => flipByte(await fileOf(directory, /^MANIFEST/), 0.5),
  },
  {
    name: 'a missing database',
    expected: /store\.json is there, but the database .*db is missing or empty/,
    make: (directory) => rm(join(directory, 'db'), { recursive: true }),
  },
  {
    name: 'an empty store in the place of the database',
    expected: /of different stores|does not hold the store/,
    make: async (directory) => {
      await rm(join(directory, 'db'), { recursive: true });
      await withFolder(async (other) => {
        await (await openStore(other)).close();
        await cp(join(other, 'db'), join(directory, 'db'), { recursive: true });
      });
    },
  },
  {
    name: 'a bare LevelDB in the place of the database',
    expected: /does not hold the store that was made here/,
    make: async (directory) => {
      await rm(join(directory, 'db'), { recursive: true });
      const db = new ClassicLevel(join(directory, 'db'));
      await db.open();
      await db.close();
    },
  },
  {
    name: 'a store.json that is not JSON',
    expected: /store\.json does not say which store this is/,
    make: (directory) => writeFile(join(directory, 'store.json'), '{"form'),
  },
  {
    name: 'a missing store.json and CURRENT',
    expected: /CURRENT is missing/,
    make: async (directory) => {
      await rm(join(directory, 'store.json'));
      await rm(join(directory, 'db', 'CURRENT'));
    },
  },
  ...(['k/first/3', 'r/0000000000000005/first/3'] as const).map((row) => ({
    name: `a missing row ${row}`,
    expected: /revision 5 is missing before revision 6|has no pointer to it/,
    make: (directory: string) => edit(directory, (db) => db.del(row)),
  })),
  {
    name: 'rows of another object under the key of one',
    expected: /checksum of row "r\/0000000000000005\/first\/3" does not fit/,
    make: (directory) =>
      edit(directory, async (db) => {
        const other = (await db.get('r/0000000000000006/first/4')) as string;
        await db.put('r/0000000000000005/first/3', other);
      }),
  },
];

async function edit(directory: string, change: (db: ClassicLevel) => Promise<void>): Promise<void> {
  const db = new ClassicLevel(join(directory, 'db'));
  await change(db);
  await db.close();
}

describe('a level store that is damaged', () => {
  it.each(damages)('ST-05: does not open on $name', async ({ make, expected }) => {
    await withFolder(async (directory) => {
      await makeStore(directory);
      await make(directory);
      const refusal = await refusalToOpen(directory);
      expect(refusal).toMatch(expected);
      expect(refusal).toContain(directory);
      expect(refusal).toContain('restore all of it from a backup');
      expect(await refusalToOpen(directory)).toContain('is damaged');
    });
  });

  it('opens when nothing is wrong, also after it was moved', async () => {
    await withFolder(async (directory) => {
      await makeStore(join(directory, 'here'));
      await rename(join(directory, 'here'), join(directory, 'there'));
      const store = await openStore(join(directory, 'there'));
      expect((await store.list('')).entries).toHaveLength(120);
      await store.close();
    });
  });

  it('ST-06: does not open on an older copy of its database', async () => {
    await withFolder(async (directory) => {
      await makeStore(directory);
      await cp(join(directory, 'db'), join(directory, 'copy'), { recursive: true });
      const store = await openStore(directory);
      await store.commit([{ type: 'put', key: 'later', value: {}, expect: 'absent' }]);
      await store.close();
      await rm(join(directory, 'db'), { recursive: true });
      await rename(join(directory, 'copy'), join(directory, 'db'));
      expect(await refusalToOpen(directory)).toContain('or it is an older copy');
    });
  });

  it('ST-09: does not open what a newer orch has written, and changes nothing', async () => {
    await withFolder(async (directory) => {
      await makeStore(directory);
      const file = join(directory, 'store.json');
      const marker = await readFile(file, 'utf8');
      await writeFile(file, marker.replace('"format": 1', '"format": 2'));
      const before = await readdir(join(directory, 'db'));
      expect(await refusalToOpen(directory)).toMatch(/has format 2; this version of orch reads format 1/);
      expect(await readdir(join(directory, 'db'))).toEqual(before);
      await writeFile(file, marker);
      expect(await refusalToOpen(directory)).toBe('it opened');
    });
  });

  it('writes a lost store.json again when the database is whole', async () => {
    await withFolder(async (directory) => {
      await makeStore(directory);
      const marker = JSON.parse(await readFile(join(directory, 'store.json'), 'utf8')) as { clusterUid: string };
      await rm(join(directory, 'store.json'));
      const store = await openStore(directory);
      expect(store.clusterUid).toBe(marker.clusterUid);
      await store.close();
      expect(await readFile(join(directory, 'store.json'), 'utf8')).toContain(marker.clusterUid);
    });
  });
});
