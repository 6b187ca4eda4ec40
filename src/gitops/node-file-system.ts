import { constants } from 'node:fs';
import { lstat, open, opendir, readlink, realpath } from 'node:fs/promises';
import { relative } from 'node:path';
import { watch } from 'chokidar';
import { isWithin } from '../support/is-within.js';
import type { FileLook, FileSystem } from './file-system.js';

/** The real disk; hints come from chokidar. */
export const nodeFileSystem: FileSystem = {
  async look(path): Promise<FileLook> {
    const stats = await lstat(path, { bigint: true });
    const type = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other';
    const id = `${stats.dev}:${stats.ino}`;
    const needed = type === 'folder' ? 0o555n : 0o444n;
    return {
      type,
      size: Number(stats.size),
      readable: type === 'link' || (stats.mode & needed) !== 0n,
      id,
      signature: [id, stats.size, stats.mtimeNs, stats.ctimeNs, stats.mode].join(' '),
    };
  },

  async readFolder(path, maxNames) {
    const names: string[] = [];
    for await (const entry of await opendir(path)) {
      names.push(entry.name);
      if (names.length > maxNames) break;
    }
    return names;
  },

  resolve: (path) => realpath(path),

  async readFile(path, maxBytes, root) {
    // Not blocking: what was a file may be a pipe by now.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      // Of what is open, not of the path: whoever may write in the folder may have put a link there since it was listed.
      const real = await (process.platform === 'linux' ? readlink(`/proc/self/fd/${handle.fd}`) : realpath(path));
      if (!isWithin(real, root)) throw new Error('is a link that leads out of the folder');
      if (!(await handle.stat()).isFile()) throw new Error('is not a regular file');
      // One byte more than allowed tells a file that has grown from one that just fits.
      const buffer = Buffer.allocUnsafe(Math.min(maxBytes, (await handle.stat()).size) + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
        length += bytesRead;
        if (bytesRead === 0) return buffer.subarray(0, length);
        if (length === buffer.length) throw new Error('the file grew while it was read');
      }
    } finally {
      await handle.close();
    }
  },

  watch(root, isInteresting, onHint, onFailure) {
    const watcher = watch(root, {
      ignoreInitial: true,
      followSymlinks: false,
      ignorePermissionErrors: true,
      ignored: (path, stats) => path !== root && !isInteresting(relative(root, path), stats?.isFile() ?? false),
    });
    watcher.on('all', onHint);
    watcher.on('error', onFailure);
    return { close: () => watcher.close() };
  },
};
