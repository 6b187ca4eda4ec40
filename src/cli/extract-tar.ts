import { constants } from 'node:fs';
import { lstat, mkdir, open } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { errorMessage, OrchError } from '../support/errors.js';

/** Between two entries: names and attributes are kept in memory until their entry comes. */
const maxHeaderBytes = 4 * 2 ** 20;

/**
 * Writes what a container's tar sends below `target`: the entry `name` becomes the target itself. Whoever made the archive is not trusted.
 * Always holds: nothing is written outside the target, also through links that are there already; links and devices are not made
 * but told (`onSkipped`); no file is setuid. Rejects with BadRequest for an entry that leads elsewhere. Resolves with how many
 * files and folders there were.
 */
export async function extractTar(
  archive: Readable,
  name: string,
  target: string,
  onSkipped: (path: string, why: string) => void,
): Promise<number> {
  const entries = extract();
  let count = 0;
  let isInEntry = false;
  let headerBytes = 0;
  const bound = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      headerBytes = isInEntry ? 0 : headerBytes + chunk.length;
      done(
        headerBytes > maxHeaderBytes
          ? new OrchError('BadRequest', 'the container sent no archive that can be read')
          : null,
        chunk,
      );
    },
  });
  const piping = pipeline(archive, bound, entries);
  // Told below: what the reader rejects with is the cause.
  piping.catch(() => undefined);
  for await (const entry of entries) {
    isInEntry = true;
    const { header } = entry;
    const parts = partsBelow(header.name, name);
    const path = join(target, ...parts);
    const isFolder = header.type === 'directory';
    if (!isFolder && header.type !== 'file' && header.type !== 'contiguous-file') {
      onSkipped(header.name, header.type === 'symlink' || header.type === 'link' ? 'a link' : 'no file');
    } else {
      await makeFolders(target, isFolder ? parts : parts.slice(0, -1), parts.length > 0);
      if (!isFolder) await writeFileAt(path, Readable.from(entry), header.mode ?? 0o644);
      count += 1;
    }
    entry.resume();
    isInEntry = false;
    headerBytes = 0;
  }
  await piping;
  return count;
}

/** The parts of a path below the copied entry. Throws BadRequest for a path that is not below it. Pure. */
function partsBelow(path: string, name: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const isSafe = !posix.isAbsolute(path) && !parts.includes('..') && !/[\0\\]/.test(path);
  const below = name === '.' ? parts : parts[0] === name ? parts.slice(1) : undefined;
  if (!isSafe || below === undefined) {
    throw new OrchError(
      'BadRequest',
      `the container sent ${JSON.stringify(path.slice(0, 200))}, which was not asked for: nothing more is copied`,
    );
  }
  return below;
}

/** Each folder on the way is a real one, made if it is not there. */
async function makeFolders(target: string, parts: readonly string[], isInTarget: boolean): Promise<void> {
  const steps = isInTarget || parts.length > 0 ? ['', ...parts] : [];
  let path = target;
  for (const step of steps) {
    if (step !== '') path = join(path, step);
    await mkdir(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST')
        throw new OrchError('BadRequest', `cannot make the folder ${path}: ${errorMessage(error)}`);
    });
    // The target itself was chosen by the user, so it may be a link.
    if (step !== '' && !(await lstat(path)).isDirectory()) {
      throw new OrchError('BadRequest', `${path} is no folder (or a link to one): links are not followed`);
    }
  }
}

async function writeFileAt(path: string, content: Readable, mode: number): Promise<void> {
  const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY, O_NONBLOCK } = constants;
  const flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK;
  const file = await open(path, flags, mode & 0o777).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ELOOP' ? 'it is a link, and links are not followed' : errorMessage(error);
    throw new OrchError('BadRequest', `cannot write ${path}: ${why}`);
  });
  await pipeline(content, file.createWriteStream());
}
