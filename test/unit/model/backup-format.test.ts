import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBackup } from '../../../src/client/read-backup.js';
import { BackupWriter, type BackupItem } from '../../../src/model/backup-format.js';

const entry = fc.record({
  type: fc.constant('entry' as const),
  key: fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => `/core/things/${text}`),
  value: fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.constant(null)), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
});

const items = fc.array(entry, { maxLength: 6 }).map((entries): BackupItem[] => [
  {
    type: 'head',
    head: {
      clusterUid: 'u-1',
      revision: 7,
      takenAt: '2026-01-31T12:00:00Z',
      orchVersion: '1',
      entries: entries.length,
    },
  },
  { type: 'file', name: 'pki/ca.crt', text: 'line\nline\n' },
  ...entries,
]);

function written(all: readonly BackupItem[]): Buffer {
  const writer = new BackupWriter();
  return Buffer.from(all.map((item) => writer.line(item)).join('') + writer.end());
}

async function read(bytes: Uint8Array, chunkLength = bytes.length): Promise<BackupItem[]> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunkLength) yield bytes.subarray(at, at + chunkLength);
  }
  const all: BackupItem[] = [];
  const reading = readBackup(chunks());
  for (;;) {
    const next = await reading.next();
    if (next.done) return all;
    all.push(next.value);
  }
}

describe('a backup', () => {
  it('is read as it was written, however it is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(items, fc.integer({ min: 1, max: 200 }), async (all, chunkLength) => {
        expect(await read(written(all), chunkLength)).toEqual(all);
      }),
    );
  });

  it('is refused when it was cut off anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(items, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (all, share) => {
        const bytes = written(all);
        await expect(read(bytes.subarray(0, Math.floor(bytes.length * share)))).rejects.toThrow(
          /backup is damaged|not a backup/,
        );
      }),
    );
  });

  it('is refused when one byte is another', async () => {
    await fc.assert(
      fc.asyncProperty(items, fc.nat(), fc.integer({ min: 1, max: 255 }), async (all, place, change) => {
        const bytes = written(all);
        const at = place % bytes.length;
        bytes[at] = (bytes[at] as number) ^ change;
        await expect(read(bytes)).rejects.toThrow();
      }),
    );
  });

  it('names its format when that is newer', async () => {
    const newer = written([]).toString().replace('{"end"', '{"orchBackup":2,"orchVersion":"9.1"}\n{"end"');
    await expect(read(Buffer.from(newer))).rejects.toThrow(
      'this backup has format 2 and was made by orch 9.1; this version of orch reads format 1',
    );
  });

  it.each([
    ['a name outside of the folder', '{"file":"../../etc/passwd","text":"x"}'],
    ['a file that no manager has', '{"file":"store/db/CURRENT","text":"x"}'],
    ['a key that is none', '{"key":"tasks","value":{}}'],
  ])('with %s is refused', async (_what, line) => {
    const writer = new BackupWriter();
    const head = { clusterUid: 'u', revision: 1, takenAt: 'now', orchVersion: '1', entries: 0 };
    const text = `${writer.line({ type: 'head', head })}${line}\n${writer.end()}`;
    await expect(read(Buffer.from(text))).rejects.toThrow('the backup is damaged: line 2 is neither');
  });
});
