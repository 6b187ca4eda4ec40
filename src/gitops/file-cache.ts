import { createHash } from 'node:crypto';
import { fileMessage, parseManifestBytes } from '../manifest/read-manifests.js';
import type { FileSystem } from './file-system.js';
import { folderLimits, type LookedFile } from './look-at-folder.js';
import type { SourceFile } from './plan-sync.js';

interface CachedFile {
  signature: string;
  contentHash: string;
  file: SourceFile;
}

/**
 * The files of a folder, parsed. A file is read again when its signature changed, or when asked to distrust signatures
 * (they miss what a network file system hides), and parsed again when its content changed.
 */
export class FileCache {
  #cached = new Map<string, CachedFile>();

  constructor(readonly fileSystem: FileSystem) {}

  /** Files that are in `moving` keep their last good content, if they had one, and come with an error in any case. */
  async read(
    looked: readonly LookedFile[],
    options: { root: string; distrust: boolean; moving: ReadonlySet<string> },
  ): Promise<{ files: SourceFile[]; contentHash: string }> {
    const files: SourceFile[] = [];
    const next = new Map<string, CachedFile>();
    const hash = createHash('sha256');
    for (const look of looked) {
      const old = this.#cached.get(look.path);
      if (options.moving.has(look.path)) {
        const errors = [{ file: look.path, message: 'is still being written: waiting for it to rest' }];
        files.push({ path: look.path, documents: old?.file.documents ?? [], errors });
        if (old) next.set(look.path, old);
        continue;
      }
      try {
        const cached = await this.#readFile(look, old, options);
        next.set(look.path, cached);
        files.push(cached.file);
        hash.update(`${look.path}\0${cached.contentHash}\n`);
      } catch (error) {
        const errors = [{ file: look.path, message: fileMessage(error) }];
        files.push({ path: look.path, documents: old?.file.documents ?? [], errors });
        if (old) next.set(look.path, { ...old, signature: '' });
      }
    }
    this.#cached = next;
    return { files, contentHash: hash.digest('hex') };
  }

  async #readFile(
    look: LookedFile,
    old: CachedFile | undefined,
    { root, distrust }: { root: string; distrust: boolean },
  ): Promise<CachedFile> {
    if (old && !distrust && old.signature === look.signature) return old;
    const bytes = await this.fileSystem.readFile(look.absolutePath, folderLimits.fileBytes, root);
    const contentHash = createHash('sha256').update(bytes).digest('hex');
    if (old?.contentHash === contentHash) return { ...old, signature: look.signature };
    const { documents, errors } = parseManifestBytes(bytes, { file: look.path });
    const placed = errors.map(({ line, column, ...error }) => ({ ...error, ...(line > 0 && { line, column }) }));
    return { signature: look.signature, contentHash, file: { path: look.path, documents, errors: placed } };
  }
}
