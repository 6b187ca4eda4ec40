/** Files of a container through the engine's archive API, whether it runs or not: the engine may be on another machine. */
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import type { Clock } from '../../support/clock.js';
import { RuntimeError } from '../container-runtime.js';
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
  const links = await connection.call(
    'archive',
    deadlines.archive,
    async (engine, abortSignal) =>
      linksOfArchive(await engine.getContainer(id).getArchive({ _query: { path: folder }, abortSignal })),
    [404],
  );
  return links ?? new Map<string, string>();
}

async function linksOfArchive(archive: Readable): Promise<Map<string, string>> {
  const links = new Map<string, string>();
  let bytes = 0;
  const entries = extract();
  archive.on('error', (error) => entries.destroy(error));
  archive.on('aborted', () => entries.destroy(new Error('the engine broke the archive off')));
  try {
    for await (const entry of archive.pipe(entries)) {
      const { name, type, linkname, size = 0 } = entry.header;
      // The first part is the folder itself.
      const [, top, ...inner] = name.split('/');
      if (type === 'symlink' && top !== undefined && inner.length === 0) links.set(top, linkname ?? '');
      bytes += size;
      if (bytes > maxListedBytes) break;
      entry.resume();
    }
  } finally {
    archive.destroy();
  }
  return links;
}
