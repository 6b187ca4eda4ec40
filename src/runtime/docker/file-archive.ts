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

/** The two folders that take turns: nothing can be removed through the archive API, but everything can be replaced. */
export const slots = ['..1', '..2'] as const;

/** Points to one of them. */
export const dataLink = '..data';

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
export function linksOf(set: FileSet, slot: string): ArchiveEntry[] {
  return [{ path: `${set.target}/${dataLink}`, mode: 0o777, linkTo: slot }, ...nameLinks(set)];
}

/** Links for the names that people see, or for some of them. Pure. */
export function nameLinks(set: FileSet, isWanted: (name: string) => boolean = () => true): ArchiveEntry[] {
  return namesOf(set)
    .filter(isWanted)
    .map((name) => ({ path: `${set.target}/${name}`, mode: 0o777, linkTo: `${dataLink}/${name}` }));
}

/** What people see right at the place of a set: each once. Pure. */
export function namesOf({ files }: FileSet): string[] {
  return [...new Set(files.map(({ path }) => path.split('/', 1)[0] ?? path))];
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
