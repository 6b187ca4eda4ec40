import { constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack, type Header, type Pack } from 'tar-stream';
import { errorMessage, OrchError } from '../support/errors.js';

/** A file or folder of this machine as a tar archive under another name. Links stay links; what is neither file, folder nor link is told and left out. */
export function packTar(
  path: string,
  name: string,
  onSkipped: (path: string, why: string) => void,
): { archive: Readable; done: Promise<void> } {
  const packing = pack();
  const archive = new PassThrough();
  const piping = pipeline(packing, archive);
  const done = add(packing, path, name, onSkipped).then(
    () => packing.finalize(),
    (error: unknown) => {
      packing.destroy();
      throw error;
    },
  );
  return { archive, done: Promise.all([done, piping]).then(() => undefined) };
}

async function add(
  packing: Pack,
  path: string,
  name: string,
  onSkipped: (path: string, why: string) => void,
): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    throw new OrchError('BadRequest', `cannot read ${path}: ${errorMessage(error)}`);
  });
  // The container has its own users: files belong to the one who unpacks them.
  const header = { name, mode: found.mode & 0o7777, mtime: found.mtime, uid: 0, gid: 0 };
  if (found.isDirectory()) {
    await addEntry(packing, { ...header, type: 'directory' });
    for (const child of (await readdir(path)).sort())
      await add(packing, join(path, child), `${name}/${child}`, onSkipped);
  } else if (found.isSymbolicLink()) {
    await addEntry(packing, { ...header, type: 'symlink', linkname: await readlink(path) });
  } else if (found.isFile()) {
    await addFile(packing, path, header);
  } else onSkipped(path, 'no file');
}

type PackedHeader = Partial<Header> & Pick<Header, 'name'>;

function addEntry(packing: Pack, header: PackedHeader): Promise<void> {
  return new Promise((resolve, reject) => {
    packing.entry(header, new Uint8Array(), (error) => (error ? reject(error) : resolve()));
  });
}

async function addFile(packing: Pack, path: string, header: PackedHeader): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
    throw new OrchError('BadRequest', `cannot read ${path}: ${errorMessage(error)}`);
  });
  try {
    const { size } = await file.stat();
    if (size === 0) return await addEntry(packing, { ...header, type: 'file', size });
    const entry = packing.entry({ ...header, type: 'file', size });
    // So much was promised: a file that grows meanwhile (a log) goes as it was.
    await pipeline(file.createReadStream({ start: 0, end: size - 1, autoClose: false }), entry);
  } finally {
    await file.close();
  }
}
