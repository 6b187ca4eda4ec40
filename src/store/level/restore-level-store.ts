import { ClassicLevel } from 'classic-level';
import type { JsonObject } from '../../model/json.js';
import { dataFolder, inspect, writeMarker } from './data-folder.js';
import { readContents } from './read-contents.js';
import {
  encodeEvent,
  formatKey,
  formatVersion,
  headKey,
  pointerKey,
  sealRow,
  type Format,
  type Head,
} from './record.js';
import { OrchError } from '../../support/errors.js';

/** What a restored store begins with. */
export interface RestoredContents {
  clusterUid: string;
  /** Names this restore for ever, so that who knew the store before can tell that it is not the same any more. */
  restoreUid: string;
  /** Every object gets it. Higher than any that the store handed out before: versions only rise for who saw them. */
  revision: number;
  entries: AsyncIterable<{ key: string; value: JsonObject }>;
  createdAt: string;
}

type Row = { type: 'put'; key: string; value: string };

const maxBatchRows = 1_000;
const maxBatchBytes = 4 << 20;

/**
 * Makes a store in an empty folder that holds these objects and no history: every watch from before is Expired, so
 * whoever watched lists again. Resolves when it is on disk and was read back whole; rejects with Conflict when there is a store already.
 */
export async function restoreLevelStore(directory: string, contents: RestoredContents): Promise<void> {
  const folder = dataFolder(directory);
  const { exists, marker } = await inspect(folder);
  if (exists || marker !== undefined) throw new OrchError('Conflict', `there is a store in ${directory} already`);
  const { clusterUid, restoreUid, revision, createdAt } = contents;
  const format: Format = { format: formatVersion, clusterUid, restoreUid };
  const db = new ClassicLevel(folder.database, { createIfMissing: true, errorIfExists: true });
  await db.open();
  try {
    const entries = await writeEntries(db, revision, contents.entries);
    const head: Head = { revision, compactedRevision: revision, entries, records: entries };
    // What makes it a store comes last: until then nobody can take it for one.
    const rows = [jsonRow(headKey, head), jsonRow(formatKey, format)];
    await db.batch(rows, { sync: true });
    await readContents(db);
  } finally {
    await db.close();
  }
  await writeMarker(folder, { ...format, createdAt });
}

async function writeEntries(db: ClassicLevel, revision: number, entries: RestoredContents['entries']): Promise<number> {
  let count = 0;
  let rows: Row[] = [];
  let bytes = 0;
  for await (const { key, value } of entries) {
    const record = encodeEvent({ type: 'put', key, value, revision }, 0, 1);
    const pointer = pointerKey(key);
    rows.push({ type: 'put', ...record }, { type: 'put', key: pointer, value: sealRow(pointer, String(revision)) });
    bytes += record.value.length;
    count++;
    if (rows.length < maxBatchRows && bytes < maxBatchBytes) continue;
    await db.batch(rows, { sync: true });
    rows = [];
    bytes = 0;
  }
  await db.batch(rows, { sync: true });
  return count;
}

function jsonRow(key: string, value: object): Row {
  return { type: 'put', key, value: sealRow(key, JSON.stringify(value)) };
}
