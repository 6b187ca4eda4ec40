import { statfs } from 'node:fs/promises';
import type { ClassicLevel } from 'classic-level';
import { errorMessage } from '../../support/errors.js';
import { JournalError, type Journal, type Transaction } from '../journal.js';
import type { AcknowledgedRevision } from './acknowledged-revision.js';
import { readHead } from './read-contents.js';
import { encodeEvent, headKey, logKey, pointerKey, sealRow, type Head } from './record.js';

/** LevelDB is not opened again on a full disk before this is free: opening writes its log out as a table. */
const minimumFreeBytes = 8 << 20;

type Row = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };

/**
 * The revision log in LevelDB. Transactions arrive and are durable (fsync, off the main thread) when append resolves.
 * After a failed write the LevelDB log may end in half a record, so the handle is never written to again: `recover` opens
 * a new one and looks what is there.
 */
export class LevelJournal implements Journal {
  private readonly rowsOf = new WeakMap<Transaction, Row[]>();
  private failed = false;

  constructor(
    private readonly db: ClassicLevel,
    private head: Head,
    private readonly acknowledged: AcknowledgedRevision,
  ) {}

  prepare(transaction: Transaction): number {
    const rows = encode(transaction);
    this.rowsOf.set(transaction, rows);
    return rows.reduce((sum, row) => sum + row.key.length + (row.type === 'put' ? row.value.length : 0), 0);
  }

  async append(transactions: readonly Transaction[], superseded: readonly Transaction[]): Promise<void> {
    if (this.failed) throw new JournalError('broken', 'the store was not recovered after a failed write');
    const rows = transactions.flatMap((transaction) => this.rowsOf.get(transaction) ?? encode(transaction));
    const forgotten = superseded.flatMap(forget);
    const head = nextHead(this.head, transactions, superseded, forgotten.length);
    const headRow: Row = { type: 'put', key: headKey, value: sealRow(headKey, JSON.stringify(head)) };
    try {
      // Always synced: after a crash only the last batch can be torn, so damage before it is known for what it is.
      await this.db.batch([...rows, ...forgotten, headRow], { sync: true });
    } catch (error) {
      this.failed = true;
      throw explain(error, this.db.location);
    }
    this.head = head;
    this.acknowledged.note(head.revision);
  }

  async recover(): Promise<Head> {
    const { location } = this.db;
    await this.db.close().catch(() => undefined);
    const { bavail, bsize } = await statfs(location);
    if (bavail * bsize < minimumFreeBytes) {
      throw new JournalError('full', `less than ${minimumFreeBytes >> 20} MiB are free on the disk of ${location}`);
    }
    try {
      await this.db.open({ createIfMissing: false });
      this.head = await readHead(this.db);
    } catch (error) {
      throw explain(error, location);
    }
    this.failed = false;
    return this.head;
  }

  async close(): Promise<void> {
    await this.acknowledged.close();
    await this.db.close();
  }
}

function encode({ events }: Transaction): Row[] {
  return events.flatMap((event, index): Row[] => {
    const record: Row = { type: 'put', ...encodeEvent(event, index, events.length) };
    const key = pointerKey(event.key);
    if (event.type === 'delete') return [record, { type: 'del', key }];
    return [record, { type: 'put', key, value: sealRow(key, String(event.revision)) }];
  });
}

/** The rows that nobody needs once this transaction has left the history: what it replaced, and its own deletes. */
function forget({ events }: Transaction): Row[] {
  const rows: Row[] = [];
  for (const { type, key, revision, previousRevision } of events) {
    if (previousRevision !== undefined) rows.push({ type: 'del', key: logKey(previousRevision, key) });
    if (type === 'delete') rows.push({ type: 'del', key: logKey(revision, key) });
  }
  return rows;
}

function nextHead(
  head: Head,
  transactions: readonly Transaction[],
  superseded: readonly Transaction[],
  forgotten: number,
): Head {
  let { entries, records } = head;
  for (const { events } of transactions) {
    records += events.length;
    for (const { type, previousRevision } of events) {
      if (type === 'delete') entries--;
      else if (previousRevision === undefined) entries++;
    }
  }
  return {
    revision: transactions.at(-1)?.revision ?? head.revision,
    compactedRevision: superseded.at(-1)?.revision ?? head.compactedRevision,
    entries,
    records: records - forgotten,
  };
}

function explain(error: unknown, location: string): JournalError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = errorMessage(cause);
  if (/no space left on device|disk quota exceeded|ENOSPC|EDQUOT/i.test(message)) {
    return new JournalError(
      'full',
      `the disk of ${location} is full: nothing can be written until there is space again (${message})`,
      { cause },
    );
  }
  return new JournalError(
    'broken',
    `the disk of ${location} failed (${message}); the store is read-only now: check the disk, then restart the manager`,
    { cause },
  );
}
