/**
 * All that gitops asks of a disk, so a simulation can be one. Paths are absolute; errors carry a `code` as Node's do
 * (ENOENT, EACCES, ...).
 */
export interface FileSystem {
  /** Of the entry itself: a link is not followed. */
  look(path: string): Promise<FileLook>;
  /** The names in a folder, unsorted; of one that has more than `maxNames`, one more than that. */
  readFolder(path: string, maxNames: number): Promise<string[]>;
  /** Rejects when the file is larger than `maxBytes`, or no longer lies below `root`, both without links. */
  readFile(path: string, maxBytes: number, root: string): Promise<Uint8Array>;
  /** The path with every link resolved. */
  resolve(path: string): Promise<string>;
  /**
   * Hints that something below `root` may have changed: some are lost, some come twice. `isInteresting` says which
   * relative paths matter, and of what is a file by itself whether it is one that matters: each that does costs a watch of the
   * user's, whose number the system bounds. After `onFailure` no more hints come.
   */
  watch(
    root: string,
    isInteresting: (relativePath: string, isFile: boolean) => boolean,
    onHint: () => void,
    onFailure: (error: unknown) => void,
  ): { close(): Promise<void> };
}

export interface FileLook {
  type: 'file' | 'folder' | 'link' | 'other';
  size: number;
  /** Whether its permissions let anybody read it. Root can read a file of mode 000, but nobody meant it to be read. */
  readable: boolean;
  /** Which file it is: changes when it is replaced. */
  id: string;
  /** Changes whenever content, size, permissions or the file itself change. */
  signature: string;
}
