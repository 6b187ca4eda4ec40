import { describe, expect, it } from 'vitest';
import type { FileSystem } from '../../../src/gitops/file-system.js';
import { lookAtFolder } from '../../../src/gitops/look-at-folder.js';

/** A disk with one folder, /srv/shop, of as many files as asked for, none of them a manifest. */
function folderOf(files: number): FileSystem & { looks: number } {
  const disk = {
    looks: 0,
    look: (path: string) => {
      disk.looks++;
      const type = path === '/srv/shop' ? ('folder' as const) : ('file' as const);
      return Promise.resolve({ type, size: 1, readable: true, id: path, signature: path });
    },
    readFolder: (_path: string, maxNames: number) =>
      Promise.resolve(Array.from({ length: Math.min(files, maxNames + 1) }, (_, index) => `${index}.txt`)),
    readFile: () => Promise.reject(new Error('no manifest is here')),
    resolve: (path: string) => Promise.resolve(path),
    watch: () => ({ close: () => Promise.resolve() }),
  };
  return disk;
}

describe('a look at the folder of a source', () => {
  it('passes over files that are no manifests', async () => {
    expect(await lookAtFolder(folderOf(2000), '/srv/shop', ['/srv'])).toMatchObject({ state: 'present', files: [] });
  });

  it('ends at 50,000 entries, whatever they are, before it looks at any', async () => {
    const disk = folderOf(50_001);
    const look = await lookAtFolder(disk, '/srv/shop', ['/srv']);
    expect(look).toEqual({ state: 'tooLarge', message: 'more than 50000 files and folders' });
    expect(disk.looks).toBe(1);
  });
});
