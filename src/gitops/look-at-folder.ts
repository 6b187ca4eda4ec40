import { basename, join, sep } from 'node:path';
import { fileMessage, isManifestFileName } from '../manifest/read-manifests.js';
import { shorten } from '../manifest/field-path.js';
import type { SourceError } from '../model/source.js';
import { resolveAllowed, whyNotAllowed } from './allowed-folders.js';
import type { FileSystem } from './file-system.js';

export const folderLimits = {
  files: 5000,
  folders: 2000,
  /** Whatever they are: each costs a look. */
  entries: 50_000,
  depth: 32,
  fileBytes: 3 * 2 ** 20,
  totalBytes: 64 * 2 ** 20,
};

/** What one look at a source's folder found. Nothing was read yet. */
export type FolderLook =
  | {
      state: 'present';
      /** Which folder it is: changes when it is deleted and made again. */
      rootId: string;
      /** The folder with links resolved. */
      realRoot: string;
      files: LookedFile[];
      /** Entries that should have been a manifest and cannot be one: unreadable, too large, leading out. */
      problems: SourceError[];
    }
  | { state: 'missing' | 'unreadable' | 'tooLarge' | 'notAllowed'; message: string };

export interface LookedFile {
  /** Relative to the folder. */
  path: string;
  absolutePath: string;
  size: number;
  signature: string;
}

/**
 * Lists the manifests below a folder, sorted, if it is in one of those that are allowed. Anything odd is a problem and never an absence: what is not listed would
 * look as if it had been deleted.
 */
export async function lookAtFolder(
  fileSystem: FileSystem,
  root: string,
  allowed: readonly string[],
): Promise<FolderLook> {
  let realRoot: string | undefined;
  let rootId: string;
  try {
    const resolving = fileSystem.resolve(root);
    realRoot = await resolving.catch(() => undefined);
    const refusal = whyNotAllowed(root, realRoot, await resolveAllowed(fileSystem, allowed));
    if (refusal !== undefined) return { state: 'notAllowed', message: refusal };
    realRoot ??= await resolving;
    const look = await fileSystem.look(realRoot);
    if (look.type !== 'folder') return { state: 'unreadable', message: `${root} is not a folder` };
    if (!look.readable) return { state: 'unreadable', message: `${root} may not be read: permission denied` };
    rootId = look.id;
  } catch (error) {
    const missing = ['ENOENT', 'ENOTDIR', 'ESTALE'].includes(codeOf(error));
    return { state: missing ? 'missing' : 'unreadable', message: `${root}: ${fileMessage(error)}` };
  }
  const walk = new FolderWalk(fileSystem, realRoot);
  try {
    await walk.folder('', 0);
  } catch (error) {
    if (error instanceof TooLarge) return { state: 'tooLarge', message: error.message };
    return { state: 'unreadable', message: `${root}: ${fileMessage(error)}` };
  }
  walk.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { state: 'present', rootId, realRoot, files: walk.files, problems: walk.problems };
}

/** Whether a path below the folder can matter: no part of it is hidden, and a file is named as manifests are. */
export function canMatter(relativePath: string, isFile: boolean): boolean {
  if (relativePath.split(sep).some((part) => part.startsWith('.'))) return false;
  return !isFile || isManifestFileName(basename(relativePath));
}

/** Two looks that found the very same. */
export function sameLook(a: FolderLook, b: FolderLook): boolean {
  return fingerprint(a) === fingerprint(b);
}

function fingerprint(look: FolderLook): string {
  if (look.state !== 'present') return look.state;
  const files = look.files.map(({ path, signature }) => `${path}\0${signature}`);
  const problems = look.problems.map(({ file, message }) => `${file}\0${message}`);
  return [look.rootId, ...files, '', ...problems].join('\n');
}

class TooLarge extends Error {}

class FolderWalk {
  readonly files: LookedFile[] = [];
  readonly problems: SourceError[] = [];
  #folders = 0;
  #entries = 0;
  #bytes = 0;
  readonly #visited = new Set<string>();

  constructor(
    readonly fileSystem: FileSystem,
    readonly realRoot: string,
  ) {}

  async folder(path: string, depth: number): Promise<void> {
    const absolutePath = path === '' ? this.realRoot : join(this.realRoot, path);
    if (++this.#folders > folderLimits.folders) throw new TooLarge(`more than ${folderLimits.folders} folders`);
    if (depth > folderLimits.depth) throw new TooLarge(`folders nested deeper than ${folderLimits.depth}`);
    const real = await this.fileSystem.resolve(absolutePath);
    if (this.#visited.has(real)) return;
    this.#visited.add(real);
    const names = await this.fileSystem.readFolder(absolutePath, folderLimits.entries - this.#entries);
    this.#entries += names.length;
    if (this.#entries > folderLimits.entries) throw new TooLarge(`more than ${folderLimits.entries} files and folders`);
    for (const name of names.sort()) {
      if (name.startsWith('.')) continue;
      const entry = path === '' ? name : join(path, name);
      try {
        await this.#entry(entry, name, depth);
      } catch (error) {
        if (error instanceof TooLarge) throw error;
        this.#problem(entry, fileMessage(error));
      }
    }
  }

  async #entry(path: string, name: string, depth: number): Promise<void> {
    const absolutePath = join(this.realRoot, path);
    let look = await this.fileSystem.look(absolutePath);
    if (look.type === 'link') {
      const target = await this.fileSystem.resolve(absolutePath);
      if (target !== this.realRoot && !target.startsWith(this.realRoot + sep)) {
        // A link named like nothing of ours (README.md -> ..) harms nobody.
        if (isManifestFileName(name) || (await this.fileSystem.look(target)).type === 'folder') {
          this.#problem(path, 'is a link that leads out of the folder');
        }
        return;
      }
      look = await this.fileSystem.look(target);
    }
    if (look.type === 'folder') {
      if (!look.readable) return this.#problem(path, 'may not be read: permission denied');
      return this.folder(path, depth + 1);
    }
    if (!isManifestFileName(name)) return;
    if (look.type !== 'file') return this.#problem(path, 'is not a regular file');
    if (!look.readable) return this.#problem(path, 'may not be read: permission denied');
    if (look.size > folderLimits.fileBytes) {
      return this.#problem(path, `is larger than ${folderLimits.fileBytes / 2 ** 20} MiB`);
    }
    if (this.files.length >= folderLimits.files) throw new TooLarge(`more than ${folderLimits.files} manifest files`);
    this.#bytes += look.size;
    if (this.#bytes > folderLimits.totalBytes) {
      throw new TooLarge(`manifests of more than ${folderLimits.totalBytes / 2 ** 20} MiB together`);
    }
    this.files.push({ path, absolutePath, size: look.size, signature: look.signature });
  }

  #problem(file: string, message: string): void {
    this.problems.push({ file: shorten(file, 256), message });
  }
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
