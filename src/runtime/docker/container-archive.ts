/** Files of a container through the engine's archive API, whether it runs or not: the engine may be on another machine. */
import type { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import type { Clock } from '../../support/clock.js';
import { RuntimeError } from '../container-runtime.js';
import { guarded } from '../../support/guarded.js';
import { deadlines } from '../deadlines.js';
import type { EngineConnection } from './engine-connection.js';
import type { ArchiveEntry } from './file-archive.js';
import { packArchive } from './file-archive.js';

export interface Place {
  connection: EngineConnection;
  clock: Clock;
  /** The container. */
  id: string;
}

export interface PathStat {
  /** Permissions are its lowest nine bits. */
  mode: number;
  linkTarget?: string;
}

/** What is read of a folder to see what is in it. */
const maxListedBytes = 32 * 2 ** 20;

/** Writes all of them, in their order. What is there is replaced, unless both are folders. */
export async function put({ connection, clock, id }: Place, entries: readonly ArchiveEntry[]): Promise<void> {
  const archive = await packArchive(entries, new Date(clock.now()));
  await connection.call('archive', deadlines.archive, (engine, abortSignal) =>
    engine.getContainer(id).putArchive(archive, { _query: { path: '/' }, abortSignal }),
  );
}

/** Undefined when there is nothing. The engine tells it in a header, as JSON in base64. */
export async function stat({ connection, id }: Place, path: string): Promise<PathStat | undefined> {
  const header = await connection.call(
    'archive',
    deadlines.inspect,
    async (engine, abortSignal) => {
      const answer = await engine.getContainer(id).infoArchive({ _query: { path }, abortSignal });
      answer.resume();
      return answer.headers?.['x-docker-container-path-stat'];
    },
    [404],
  );
  if (header === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(String(header), 'base64').toString()) as PathStat;
  } catch {
    throw new RuntimeError('Unavailable', 'archive: the engine sent something that is no description of a file');
  }
}

/**
 * The symbolic links right in a folder: what each points to, by name. There is no other way to list a folder than to have all that is
 * in it sent; after 32 MiB what follows is left out.
 */
export async function linksIn({ connection, id }: Place, folder: string): Promise<ReadonlyMap<string, string>> {
  const links = await connection.read(
    'archive',
    deadlines.archive,
    (engine, abortSignal) => engine.getContainer(id).getArchive({ _query: { path: folder }, abortSignal }),
    linksOfArchive,
    [404],
  );
  return links ?? new Map<string, string>();
}

async function linksOfArchive(archive: Readable): Promise<Map<string, string>> {
  const links = new Map<string, string>();
  let bytes = 0;
  await eachEntry(archive, async ({ name, type, linkname, size = 0 }, content) => {
    // The first part is the folder itself.
    const [, top, ...inner] = name.split('/');
    if (type === 'symlink' && top !== undefined && inner.length === 0) links.set(top, linkname ?? '');
    content.resume();
    bytes += size;
    return bytes <= maxListedBytes;
  });
  return links;
}

/** The last `keptBytes` of a file, as text; of a large one, of its first `maxBytes`. Undefined when there is none. */
export async function endOfFile(
  { connection, id }: Pick<Place, 'connection' | 'id'>,
  path: string,
  { keptBytes, maxBytes }: { keptBytes: number; maxBytes: number },
): Promise<string | undefined> {
  return connection.read(
    'archive',
    deadlines.inspect,
    (engine, abortSignal) => engine.getContainer(id).getArchive({ _query: { path }, abortSignal }),
    async (archive) => {
      let end = Buffer.alloc(0);
      await eachEntry(archive, async (_header, content) => {
        let bytes = 0;
        for await (const chunk of content as AsyncIterable<Buffer>) {
          end = Buffer.concat([end, chunk]).subarray(-keptBytes);
          bytes += chunk.length;
          if (bytes >= maxBytes) break;
        }
        return false;
      });
      return end.toString('utf8');
    },
    [404],
  );
}

/** Hands over what is in an archive, one after the other, until `visit` says that it is enough. The content must be read. */
function eachEntry(archive: Readable, visit: (header: Header, content: Readable) => Promise<boolean>): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const entries = extract();
    const take = (header: Header, content: unknown, next: () => void): Promise<void> =>
      visit(header, content as Readable).then((goesOn) => (goesOn ? next() : resolve()));
    entries.on('entry', guarded(reject, take));
    entries.on('finish', resolve).on('error', reject);
    archive.on('error', reject).on('aborted', () => reject(new Error('the engine broke the archive off')));
    archive.pipe(entries);
  });
}
