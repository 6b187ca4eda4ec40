import type { ClassicLevel } from 'classic-level';
import { firstRevision, type StoreContents } from '../durable-state.js';
import type { Transaction } from '../journal.js';
import type { StoreEntry, StoreEvent } from '../store.js';
import { DamagedRow, decodeRecord, headKey, unsealJson, unsealRow, type Head, type LogRecord } from './record.js';

const rowsPerRead = 1_000;
const readAheadBytes = 1 << 20;

/**
 * Reads the whole database and verifies it: every checksum, no gap in the revisions of the history, every transaction
 * whole, every pointer with its value and every value with its pointer, as many of each as the head says. Throws
 * DamagedRow with the first thing that is wrong.
 */
export async function readContents(db: ClassicLevel): Promise<{ head: Head; contents: StoreContents }> {
  const head = await readHead(db);
  const pointers = await readPointers(db);
  const reader = new LogReader(head);
  for await (const [key, row] of rows(db, 'r/', 'r0')) reader.take(decodeRecord(key, row));
  reader.finish();
  const entries = reader.entries(pointers);
  if (entries.size !== head.entries) {
    throw new DamagedRow(`${entries.size} objects were found where ${head.entries} were written`);
  }
  const { revision, compactedRevision } = head;
  return { head, contents: { revision, compactedRevision, entries, history: reader.history } };
}

/** The newest batch that the database holds, by its head. */
export async function readHead(db: ClassicLevel): Promise<Head> {
  const row = await db.get(headKey);
  if (row === undefined) throw new DamagedRow('the row "m/head" is missing');
  return unsealJson(headKey, row) as Head;
}

async function readPointers(db: ClassicLevel): Promise<Map<string, number>> {
  const pointers = new Map<string, number>();
  for await (const [key, row] of rows(db, 'k/', 'k0')) pointers.set(key.slice(2), Number(unsealRow(key, row)));
  return pointers;
}

async function* rows(db: ClassicLevel, from: string, before: string): AsyncGenerator<[string, string]> {
  const iterator = db.iterator({ gte: from, lt: before, highWaterMarkBytes: readAheadBytes, fillCache: false });
  try {
    for (;;) {
      const some = await iterator.nextv(rowsPerRead);
      if (some.length === 0) return;
      yield* some;
    }
  } finally {
    await iterator.close();
  }
}

/** Takes the revision log row by row, in order, and puts the history together again. */
class LogReader {
  readonly history: Transaction[] = [];
  private readonly newest = new Map<string, LogRecord>();
  private transaction: LogRecord[] = [];
  private events: StoreEvent[] = [];
  private count = 0;

  constructor(private readonly head: Head) {}

  take(record: LogRecord): void {
    this.count++;
    const before = this.newest.get(record.key);
    this.newest.set(record.key, record);
    if (record.revision <= this.head.compactedRevision) return;
    if (this.transaction[0] !== undefined && this.transaction[0].revision !== record.revision) this.endTransaction();
    this.transaction.push(record);
    this.events[record.index] = eventOf(record, before);
  }

  finish(): void {
    if (this.transaction.length > 0) this.endTransaction();
    if (this.nextRevision() !== this.head.revision + 1) {
      throw new DamagedRow(`revision ${this.nextRevision()} of ${this.head.revision} is missing`);
    }
    if (this.count !== this.head.records) {
      throw new DamagedRow(`${this.count} rows of the revision log were found where ${this.head.records} were written`);
    }
  }

  entries(pointers: Map<string, number>): Map<string, StoreEntry> {
    const entries = new Map<string, StoreEntry>();
    for (const [key, { value, revision }] of this.newest) {
      if (value === undefined) continue;
      if (pointers.get(key) !== revision) throw new DamagedRow(`the value of "${key}" has no pointer to it`);
      entries.set(key, Object.freeze({ key, value, revision }));
    }
    for (const key of pointers.keys()) {
      if (!entries.has(key)) throw new DamagedRow(`the pointer of "${key}" leads to no value`);
    }
    return entries;
  }

  private nextRevision(): number {
    const last = this.history.at(-1)?.revision;
    return (last ?? Math.max(this.head.compactedRevision, firstRevision)) + 1;
  }

  private endTransaction(): void {
    const { revision, count } = this.transaction[0] as LogRecord;
    const expected = this.nextRevision();
    if (revision !== expected) throw new DamagedRow(`revision ${expected} is missing before revision ${revision}`);
    if (this.transaction.length !== count || this.events.length !== count) {
      throw new DamagedRow(`revision ${revision} has ${this.transaction.length} of its ${count} rows`);
    }
    this.history.push({ revision, events: this.events });
    this.transaction = [];
    this.events = [];
  }
}

function eventOf(record: LogRecord, before: LogRecord | undefined): StoreEvent {
  const { key, revision, previousRevision, value } = record;
  const previous = before?.value;
  if (before !== undefined && previous !== undefined && previousRevision === before.revision) {
    if (value === undefined) return { type: 'delete', key, value: previous, revision, previous, previousRevision };
    return { type: 'put', key, value, revision, previous, previousRevision };
  }
  if (previousRevision !== undefined || previous !== undefined || value === undefined) {
    throw new DamagedRow(`the value before revision ${revision} of "${key}" is missing`);
  }
  return { type: 'put', key, value, revision };
}
