import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { FileSet } from '../container-runtime.js';

/**
 * Files as a tar archive to be unpacked at a folder of a container, in which `below` (`etc/app`, or '' for that very folder) is
 * the place they belong. Folders on the way are in it, so that the engine makes them with these permissions. Everything is
 * root's.
 */
export async function fileArchive({ files }: FileSet, below: string, modifiedAt: Date): Promise<Buffer> {
  const archive = pack();
  const whole = buffer(archive);
  const made = new Set<string>();
  const addFolders = (path: string): void => {
    const parts = path === '' ? [] : path.split('/');
    for (let count = 1; count <= parts.length; count++) {
      const name = parts.slice(0, count).join('/');
      if (made.has(name)) continue;
      made.add(name);
      archive.entry({ name, type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: modifiedAt });
    }
  };
  addFolders(below);
  for (const { path, mode, content } of files) {
    const name = below === '' ? path : `${below}/${path}`;
    addFolders(name.slice(0, Math.max(0, name.lastIndexOf('/'))));
    archive.entry({ name, mode, uid: 0, gid: 0, mtime: modifiedAt }, Buffer.from(content));
  }
  archive.finalize();
  return whole;
}
