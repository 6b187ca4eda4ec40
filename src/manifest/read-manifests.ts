import type { Dirent } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../support/errors.js';
import { decodeText } from './decode-text.js';
import { defaultLimits } from './limits.js';
import type { ManifestDocument, ManifestError, Manifests } from './manifest-document.js';
import { parseText, withoutDuplicates } from './parse-manifests.js';
import { SourceMap } from './source-map.js';
import { TextProblem } from './text-problem.js';

export interface ReadOptions {
  /** Whether folders inside folders are read, too. */
  recursive: boolean;
  /** What '-' reads. */
  stdin?: AsyncIterable<Uint8Array | string>;
  /** Where objects without a namespace will go; 'default' when absent. */
  namespace?: string;
}

const maxFiles = 5000;

/** Whether a folder's file of this name is a manifest. */
export function isManifestFileName(name: string): boolean {
  return !name.startsWith('.') && /\.(?:yaml|yml|json)$/.test(name);
}

/**
 * Reads files, folders (.yaml, .yml and .json in them, sorted, hidden ones skipped) and '-' for stdin. Everything that is
 * wrong is among the errors, unreadable files and empty folders too; it does not reject.
 */
export async function readManifests(paths: readonly string[], options: ReadOptions): Promise<Manifests> {
  const documents: ManifestDocument[] = [];
  const errors: ManifestError[] = [];
  for (const path of paths) {
    const files = path === '-' ? ['-'] : await manifestFiles(path, options.recursive).catch(aboutFile(path, errors));
    for (const file of files ?? []) {
      const name = file === '-' ? 'stdin' : file;
      const bytes = await readBytes(file, options.stdin).catch(aboutFile(name, errors));
      if (!bytes) continue;
      const manifests = parseManifestBytes(bytes, { file: name });
      documents.push(...manifests.documents);
      errors.push(...manifests.errors);
    }
  }
  if (documents.length === 0 && errors.length === 0) {
    errors.push({ file: paths.join(', '), line: 0, column: 0, message: 'there is no manifest in it' });
  }
  return withoutDuplicates(documents, errors, options.namespace);
}

/** As parseManifests for the bytes of a file, without a look for duplicates. Pure. */
export function parseManifestBytes(bytes: Uint8Array, options: { file: string }): Manifests {
  try {
    return parseText(decodeText(bytes), options);
  } catch (error) {
    if (!(error instanceof TextProblem)) throw error;
    const position = new SourceMap(new TextDecoder().decode(bytes)).position(error.offset);
    return { documents: [], errors: [{ file: options.file, ...position, message: error.message }] };
  }
}

function aboutFile(file: string, errors: ManifestError[]): (error: unknown) => undefined {
  return (error) => {
    errors.push({ file, line: 0, column: 0, message: fileMessage(error) });
    return undefined;
  };
}

/** A file system's error in words. */
export function fileMessage(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'no such file or folder';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read: permission denied';
    case 'EISDIR':
      return 'is a folder, not a file';
    case 'ELOOP':
      return 'is a loop of symbolic links';
    default:
      return errorMessage(error);
  }
}

async function manifestFiles(path: string, recursive: boolean): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const files: string[] = [];
  await collect(path, recursive, files, new Set());
  if (files.length === 0) {
    throw new Error(
      `the folder has no .yaml, .yml or .json file${recursive ? '' : ' (add -R to look in its folders)'}`,
    );
  }
  return files;
}

async function collect(folder: string, recursive: boolean, files: string[], seen: Set<string>): Promise<void> {
  const real = await realpath(folder);
  if (seen.has(real)) return;
  seen.add(real);
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (await isFolder(entry, path)) {
      if (recursive) await collect(path, recursive, files, seen);
    } else if (isManifestFileName(entry.name)) {
      if (files.length >= maxFiles) throw new Error(`the folder has more than ${maxFiles} manifest files`);
      files.push(path);
    }
  }
}

async function isFolder(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  // A link to nowhere counts as a file: reading it then says so, under its own name.
  return stat(path).then(
    (target) => target.isDirectory(),
    () => false,
  );
}

async function readBytes(file: string, stdin: ReadOptions['stdin']): Promise<Uint8Array> {
  if (file === '-') {
    if (!stdin) throw new Error('there is no standard input here');
    return readAll(stdin);
  }
  // Not readFile: a pipe such as <(command) or a device has no size to check first.
  const handle = await open(file, 'r');
  try {
    return await readAll(handle.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 }));
  } finally {
    await handle.close();
  }
}

async function readAll(chunks: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    const part = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    size += part.length;
    if (size > defaultLimits.maxBytes) throw new Error(`larger than ${defaultLimits.maxBytes / 2 ** 20} MiB`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
