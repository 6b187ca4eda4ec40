import { crc32 } from 'node:zlib';
import type { JsonObject } from '../../model/json.js';
import { errorMessage } from '../../support/errors.js';
import { freezeDeep } from '../freeze.js';
import type { StoreEvent } from '../store.js';

/**
 * How things stand in LevelDB. The value of every row begins with a checksum over key and text, because LevelDB as we get
 * it does not verify its block checksums when it reads:
 *   m/format                    -> Format
 *   m/head                      -> Head, written with every batch
 *   r/<revision>/<key>          -> one event of the revision log; a value is stored here and nowhere else
 *   k/<key>                     -> the revision of the key's live value
 */
export const formatVersion = 1;

export const formatKey = 'm/format';
export const headKey = 'm/head';

export interface Format {
  format: number;
  clusterUid: string;
  /** Of the restore that made this store; absent when none did. */
  restoreUid?: string;
}

export interface Head {
  revision: number;
  /** The log is complete after this revision; before it only what is still needed remains. */
  compactedRevision: number;
  /** Number of pointers. */
  entries: number;
  /** Number of rows in the revision log. */
  records: number;
}

/** One row of the revision log. */
export interface LogRecord {
  revision: number;
  key: string;
  /** Place within its transaction, and how many rows that has. */
  index: number;
  count: number;
  previousRevision?: number;
  /** Absent for a delete. */
  value?: JsonObject;
}

interface RecordBody {
  i: number;
  n: number;
  p?: number;
  v?: JsonObject;
}

/** Thrown when a row is not what was written. */
export class DamagedRow extends Error {}

const revisionDigits = 16;

export function logKey(revision: number, key: string): string {
  return `r/${String(revision).padStart(revisionDigits, '0')}/${key}`;
}

export function pointerKey(key: string): string {
  return `k/${key}`;
}

/** A row's value: checksum, then the text. */
export function sealRow(key: string, text: string): string {
  return checksum(key, text) + text;
}

/** The text of a row; throws DamagedRow when the checksum does not fit. */
export function unsealRow(key: string, row: string): string {
  const text = row.slice(8);
  if (row.length < 8 || row.slice(0, 8) !== checksum(key, text)) {
    throw new DamagedRow(`the checksum of row "${printable(key)}" does not fit its content`);
  }
  return text;
}

/** Reads a JSON row such as m/head. */
export function unsealJson(key: string, row: string): unknown {
  const text = unsealRow(key, row);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DamagedRow(`row "${printable(key)}" is not JSON: ${errorMessage(error)}`);
  }
}

export function encodeEvent(event: StoreEvent, index: number, count: number): { key: string; value: string } {
  const body: RecordBody = { i: index, n: count };
  if (event.previousRevision !== undefined) body.p = event.previousRevision;
  if (event.type === 'put') body.v = event.value;
  const key = logKey(event.revision, event.key);
  return { key, value: sealRow(key, JSON.stringify(body)) };
}

export function decodeRecord(rowKey: string, row: string): LogRecord {
  const body = unsealJson(rowKey, row) as RecordBody;
  const revision = Number(rowKey.slice(2, 2 + revisionDigits));
  const key = rowKey.slice(3 + revisionDigits);
  if (body.v !== undefined) freezeDeep(body.v);
  return {
    revision,
    key,
    index: body.i,
    count: body.n,
    ...(body.p !== undefined && { previousRevision: body.p }),
    ...(body.v !== undefined && { value: body.v }),
  };
}

function checksum(key: string, text: string): string {
  return crc32(text, crc32(key)).toString(16).padStart(8, '0');
}

function printable(key: string): string {
  return JSON.stringify(key.slice(0, 120)).slice(1, -1);
}
