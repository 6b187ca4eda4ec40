import { open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The text of a file, or undefined when there is none. Other failures reject. */
export async function readFileIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Replaces a file: whole or not at all, on disk when this resolves (file and folder are fsynced), and readable by its
 * owner only (0600) from the first byte on. The file is made anew, so nothing that lies there is opened or followed. The
 * folder must exist: one that vanished is an error, not an invitation to begin anew. One writer per path at a time.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  const temporary = `${path}.new`;
  try {
    const file = await openNew(temporary);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What was left behind by a process that was killed, or put there by somebody else, is unlinked, never written to. */
async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await rm(path);
    return open(path, 'wx', 0o600);
  }
}
