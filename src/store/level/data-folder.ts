import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isJsonObject } from '../../model/json.js';
import { errorMessage, OrchError } from '../../support/errors.js';
import { writePrivateFile } from '../../support/private-file.js';
import { checkLogFile } from './log-file-check.js';
import { formatVersion } from './record.js';

/**
 * The folder of a store: the database in `db`, and beside it what tells a lost or damaged database from a new one.
 * Nothing here changes the database.
 */
export interface DataFolder {
  directory: string;
  database: string;
  markerFile: string;
  ownerFile: string;
  acknowledgedFile: string;
}

/** Says that there is a store here, and which one. Written once, when the store is made. */
export interface Marker {
  format: number;
  clusterUid: string;
  createdAt: string;
}

/** Who has the store open. */
export interface Owner {
  pid: number;
  host: string;
  since: string;
}

export function dataFolder(directory: string): DataFolder {
  return {
    directory,
    database: join(directory, 'db'),
    markerFile: join(directory, 'store.json'),
    ownerFile: join(directory, 'lock-owner.json'),
    acknowledgedFile: join(directory, 'acknowledged'),
  };
}

/** The refusal to start on a store that is not whole. */
export function damaged(folder: DataFolder, what: string, cause?: unknown): OrchError {
  return new OrchError(
    'InternalError',
    `the store in ${folder.directory} is damaged: ${what}. The manager does not start on it, so that nothing is lost ` +
      `on top. Keep a copy of the folder and restore all of it from a backup; or move it away to begin with an empty store`,
    {},
    { cause },
  );
}

/** The store may be whole, but it cannot be read or written. */
export function cannotOpen(folder: DataFolder, cause: unknown): OrchError {
  const message = `cannot open the store in ${folder.directory}: ${errorMessage(cause)}; check the disk, its free space and the rights on the folder`;
  return new OrchError('InternalError', message, {}, { cause });
}

/** The refusal to read what a newer orch has written. */
export function assertFormat(folder: DataFolder, format: number): void {
  if (format === formatVersion) return;
  throw new OrchError(
    'InternalError',
    `the store in ${folder.directory} has format ${format}; this version of orch reads format ${formatVersion}: ` +
      `start the version of orch that wrote it (the data was not changed)`,
  );
}

/**
 * Looks before LevelDB touches anything: whether there is a store, and whether its files can be one. Throws OrchError when
 * there was a store and it is missing or damaged.
 */
export async function inspect(folder: DataFolder): Promise<{ exists: boolean; marker: Marker | undefined }> {
  await mkdir(folder.directory, { recursive: true, mode: 0o700 });
  const marker = await readMarker(folder);
  if (marker !== undefined) assertFormat(folder, marker.format);
  const names = await readdir(folder.database).catch((error: unknown) => ifMissing(error, [] as string[]));
  const current = await readFile(join(folder.database, 'CURRENT'), 'utf8').catch((error: unknown) =>
    ifMissing(error, undefined),
  );
  if (current === undefined) {
    if (names.length === 0 && marker !== undefined) {
      throw damaged(folder, `${folder.markerFile} is there, but the database ${folder.database} is missing or empty`);
    }
    if (marker !== undefined || names.some((name) => /\.(ldb|log)$/.test(name))) {
      throw damaged(folder, `the file ${join(folder.database, 'CURRENT')} is missing`);
    }
    return { exists: false, marker };
  }
  await checkFiles(folder, current, names);
  return { exists: true, marker };
}

/** Writes the marker so that it is there after a power loss, whole or not at all. */
export async function writeMarker(folder: DataFolder, marker: Marker): Promise<void> {
  await writePrivateFile(folder.markerFile, `${JSON.stringify(marker, null, 2)}\n`);
}

export async function writeOwner(folder: DataFolder, since: string): Promise<void> {
  const owner: Owner = { pid: process.pid, host: hostname(), since };
  await writePrivateFile(folder.ownerFile, `${JSON.stringify(owner)}\n`);
}

export async function removeOwner(folder: DataFolder): Promise<void> {
  await rm(folder.ownerFile, { force: true });
}

/** The refusal to open a store that another process has open. */
export async function heldByAnother(folder: DataFolder, cause: unknown): Promise<OrchError> {
  const text = await readFile(folder.ownerFile, 'utf8').catch(() => '');
  const owner = parseObject(text);
  const who =
    owner === undefined
      ? 'another process that is just starting'
      : `process ${String(owner.pid)} on host ${String(owner.host)} since ${String(owner.since)}`;
  return new OrchError(
    'Conflict',
    `the store in ${folder.directory} is in use by ${who}; one manager at a time may have it: ` +
      `stop that one, or give this one a data folder of its own`,
    {},
    { cause },
  );
}

async function checkFiles(folder: DataFolder, current: string, names: string[]): Promise<void> {
  const manifest = current.trimEnd();
  if (!/^MANIFEST-\d+\n$/.test(current) || !names.includes(manifest)) {
    const file = join(folder.database, 'CURRENT');
    throw damaged(folder, `${file} names ${JSON.stringify(manifest)}, and there is no such file`);
  }
  for (const name of names.filter((candidate) => candidate === manifest || candidate.endsWith('.log'))) {
    const file = join(folder.database, name);
    const bytes = await readFile(file);
    const found = checkLogFile(bytes);
    // A torn end is what a crash leaves; what it may have cost shows when the database is read.
    if (found.state === 'damaged') throw damaged(folder, `${file} is corrupt at byte ${found.offset}`);
  }
}

async function readMarker(folder: DataFolder): Promise<Marker | undefined> {
  const text = await readFile(folder.markerFile, 'utf8').catch((error: unknown) => ifMissing(error, undefined));
  if (text === undefined) return undefined;
  const marker = parseObject(text);
  if (typeof marker?.format !== 'number' || typeof marker.clusterUid !== 'string') {
    throw damaged(folder, `${folder.markerFile} does not say which store this is`);
  }
  return { format: marker.format, clusterUid: marker.clusterUid, createdAt: String(marker.createdAt) };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function ifMissing<T>(error: unknown, otherwise: T): T {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return otherwise;
  throw error;
}
