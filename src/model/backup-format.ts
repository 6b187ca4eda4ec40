/**
 * A backup: lines of JSON. A head says of which store, at which revision; then come the files that make the manager the
 * one that workers and users know (its authority and its tokens: a backup is as secret as they are), every stored
 * object, and an end that counts and fingerprints all before it. Always holds: what has no fitting end is no backup.
 */
import type { Hash } from 'node:crypto';
import { OrchError } from '../support/errors.js';
import { isJsonObject, type JsonObject } from './json.js';

/** Rises when an older orch could not read what is written any more. */
const backupFormat = 1;

/** Of the manager's data folder. Only these are ever written by a restore, whatever a backup names. */
export const managerFiles = ['credentials.json', 'kubeconfig', 'pki/ca.crt', 'pki/ca.key'] as const;

export interface BackupHead {
  clusterUid: string;
  /** Everything that was written up to here is in it, and nothing that was written later. */
  revision: number;
  takenAt: string;
  orchVersion: string;
  /** How many objects follow. */
  entries: number;
}

export type BackupItem =
  | { type: 'head'; head: BackupHead }
  | { type: 'file'; name: (typeof managerFiles)[number]; text: string }
  | { type: 'entry'; key: string; value: JsonObject };

/** Items in, lines out, in the order head, files, entries, end. */
export class BackupWriter {
  private readonly hash = startHash();
  private readonly counts = { files: 0, entries: 0 };

  line(item: BackupItem): string {
    if (item.type === 'file') this.counts.files++;
    if (item.type === 'entry') this.counts.entries++;
    const line = `${JSON.stringify(bodyOf(item))}\n`;
    this.hash.update(line);
    return line;
  }

  end(): string {
    return `${JSON.stringify({ end: { ...this.counts, sha256: this.hash.digest('hex') } })}\n`;
  }
}

/** Lines in (without their line feeds), items out. Throws OrchError BadRequest as soon as something is wrong. */
export class BackupReader {
  private readonly hash = startHash();
  private readonly counts = { files: 0, entries: 0 };
  private head: BackupHead | undefined;
  private isComplete = false;

  /** Undefined for the end. */
  take(line: string): BackupItem | undefined {
    if (this.isComplete) throw damaged('something follows its end');
    const body = parseLine(line);
    if (isJsonObject(body['end'])) {
      this.checkEnd(body['end']);
      return undefined;
    }
    this.hash.update(`${line}\n`);
    const item = this.itemOf(body);
    if (item.type === 'head') this.head = item.head;
    if (item.type === 'file') this.counts.files++;
    if (item.type === 'entry') this.counts.entries++;
    return item;
  }

  /** Call it after the last line: throws unless the backup was whole. */
  finish(): BackupHead {
    if (this.head === undefined) throw noBackup();
    if (!this.isComplete) throw damaged('it breaks off before its end');
    return this.head;
  }

  private itemOf(body: JsonObject): BackupItem {
    if (this.head === undefined) return { type: 'head', head: readHead(body) };
    const { file, text, key, value } = body;
    const name = managerFiles.find((known) => known === file);
    if (name !== undefined && typeof text === 'string') return { type: 'file', name, text };
    if (typeof key === 'string' && key.startsWith('/') && isJsonObject(value)) return { type: 'entry', key, value };
    throw damaged(`line ${this.counts.files + this.counts.entries + 2} is neither a file nor an object`);
  }

  private checkEnd({ files, entries, sha256 }: JsonObject): void {
    if (this.head === undefined) throw noBackup();
    if (files !== this.counts.files || entries !== this.counts.entries || entries !== this.head.entries) {
      throw damaged(`${this.counts.entries} objects were found where ${this.head.entries} were written`);
    }
    if (sha256 !== this.hash.digest('hex')) throw damaged('its checksum does not fit its content');
    this.isComplete = true;
  }
}

/** Whether a file that begins so is a backup, whole or not. */
export function looksLikeBackup(beginning: string): boolean {
  return beginning.startsWith('{"orchBackup":');
}

/** The kind of the object under a key of the store, as `tasks.orch.dev` or `nodes`. */
export function resourceOfKey(key: string): string {
  const [, group = '', plural = ''] = key.split('/');
  return group === 'core' ? plural : `${plural}.${group}`;
}

function bodyOf(item: BackupItem): object {
  if (item.type === 'head') return { orchBackup: backupFormat, ...item.head };
  if (item.type === 'file') return { file: item.name, text: item.text };
  return { key: item.key, value: item.value };
}

function readHead({ orchBackup, clusterUid, revision, takenAt, orchVersion, entries }: JsonObject): BackupHead {
  if (typeof orchBackup !== 'number') throw noBackup();
  if (orchBackup !== backupFormat) {
    const message =
      `this backup has format ${orchBackup} and was made by orch ${textOf(orchVersion)}; this version of orch reads ` +
      `format ${backupFormat}: restore it with the version that made it`;
    throw new OrchError('BadRequest', message);
  }
  if (
    typeof clusterUid !== 'string' ||
    !Number.isSafeInteger(revision) ||
    !Number.isSafeInteger(entries) ||
    typeof takenAt !== 'string'
  ) {
    throw damaged('its first line does not say of which store it is');
  }
  const counts = { revision: revision as number, entries: entries as number };
  return { clusterUid, takenAt, orchVersion: textOf(orchVersion), ...counts };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : 'unknown';
}

function parseLine(line: string): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(line);
  } catch {
    body = undefined;
  }
  if (!isJsonObject(body)) throw looksLikeBackup(line) ? damaged('it breaks off within a line') : noBackup();
  return body;
}

function damaged(what: string): OrchError {
  return new OrchError('BadRequest', `the backup is damaged: ${what}; nothing of it is used`);
}

function noBackup(): OrchError {
  return new OrchError('BadRequest', 'this is not a backup of orch, or its beginning is damaged');
}

/** node:crypto is loaded when it is needed: it would be a tenth of the start of a command that hashes nothing. */
function startHash(): Hash {
  return process.getBuiltinModule('node:crypto').createHash('sha256');
}
