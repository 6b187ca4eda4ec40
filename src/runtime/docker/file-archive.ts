import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { FileSet } from '../container-runtime.js';

/** A file, a link, or, without either, a folder. The path is absolute; everything is root's. */
export interface ArchiveEntry {
  path: string;
  mode: number;
  content?: Uint8Array;
  linkTo?: string;
}

/** The files of a set, in a folder of their own beside what people see. Pure. */
export function entriesOf({ target, files }: FileSet, slot: string): ArchiveEntry[] {
  const folder = `${target}/${slot}`;
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  return [
    { path: folder, mode: 0o755 },
    ...[...folders].map((path) => ({ path: `${folder}/${path}`, mode: 0o755 })),
    ...files.map(({ path, mode, content }) => ({ path: `${folder}/${path}`, mode, content })),
  ];
}

/** What makes them seen. Pure. */
export function linksOf({ target, files }: FileSet, slot: string): ArchiveEntry[] {
  const names = new Set(files.map(({ path }) => path.split('/', 1)[0] ?? path));
  return [
    { path: `${target}/..data`, mode: 0o777, linkTo: slot },
    ...[...names].map((name) => ({ path: `${target}/${name}`, mode: 0o777, linkTo: `..data/${name}` })),
  ];
}

/** `a/b/c`: a and a/b, the outer one first. */
function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
}

/** A tar archive to be unpacked at the root of a container. */
export async function packArchive(entries: readonly ArchiveEntry[], modifiedAt: Date): Promise<Buffer> {
  const archive = pack();
  const whole = buffer(archive);
  for (const { path, mode, content, linkTo } of entries) {
    const header = { name: path.replace(/^\//, ''), mode, uid: 0, gid: 0, mtime: modifiedAt };
    if (linkTo !== undefined) archive.entry({ ...header, type: 'symlink', linkname: linkTo });
    else if (content) archive.entry(header, Buffer.from(content));
    else archive.entry({ ...header, type: 'directory' });
  }
  archive.finalize();
  return whole;
}
