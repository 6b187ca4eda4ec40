/**
 * Files of containers, through the engine's archive API: an engine elsewhere is as good, and nothing lies on the disk of this
 * machine. Each set lies in a volume of its own, as the kubelet's writer lays it out: the files in a hidden folder, `..data`
 * that points to it, and a link through `..data` for each name that people see. So another folder and one link change them all.
 */
import type { Clock } from '../../support/clock.js';
import type { FileSet } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import type { EngineConnection } from './engine-connection.js';
import type { ArchiveEntry } from './file-archive.js';
import { entriesOf, linksOf, packArchive } from './file-archive.js';

/** The two folders that take turns: nothing can be removed through the archive API, but everything can be replaced. */
const slots = ['..1', '..2'] as const;

/** A volume of the engine that nobody has used is a folder with these permissions; one that its programs own has others. */
const unusedMode = 0o755;

interface Place {
  connection: EngineConnection;
  clock: Clock;
  /** The container. */
  id: string;
}

/**
 * Fills a container that was created and not started: all of its files, and the folders that everybody may write to, in one
 * archive.
 */
export async function putFiles(place: Place, sets: readonly FileSet[], shared: readonly string[]): Promise<void> {
  const folders = await Promise.all(shared.map((target) => unusedFolder(place, target)));
  const entries = [
    ...folders.flatMap((path) => (path === undefined ? [] : [{ path, mode: 0o777 }])),
    ...sets.flatMap((set) => [...entriesOf(set, slots[0]), ...linksOf(set, slots[0])]),
  ];
  if (entries.length > 0) await put(place, entries);
}

/**
 * Changes files of a container that runs: what a process reads is of the old set or of the new one. The new files come beside the
 * old ones, then the links are replaced; as the engine removes a link before it makes the new one, a name may be missing for an
 * instant, and whoever opens it just then has to try again. The container is not paused for it: a command that is just being
 * started in it (`docker exec`, a health check of the image) would stand still half-way, and runc with it, for good.
 * Sets that were not put by putFiles stay as they are.
 */
export async function changeFiles(place: Place, sets: readonly FileSet[]): Promise<void> {
  const current = await Promise.all(sets.map((set) => currentSlot(place, set)));
  const changing = sets.flatMap((set, index) => {
    const slot = slots.find((one) => current[index] !== undefined && one !== current[index]);
    return slot === undefined ? [] : [{ set, slot }];
  });
  if (changing.length === 0) return;
  // A file in place of the folder takes all that was in it away.
  await put(
    place,
    changing.flatMap(({ set, slot }) => [emptyFile(`${set.target}/${slot}`), ...entriesOf(set, slot)]),
  );
  await put(
    place,
    changing.flatMap(({ set, slot }) => linksOf(set, slot)),
  );
}

function emptyFile(path: string): ArchiveEntry {
  return { path, mode: 0o600, content: new Uint8Array(0) };
}

async function put({ connection, clock, id }: Place, entries: readonly ArchiveEntry[]): Promise<void> {
  const archive = await packArchive(entries, new Date(clock.now()));
  await connection.call('archive', deadlines.archive, (engine, abortSignal) =>
    engine.getContainer(id).putArchive(archive, { _query: { path: '/' }, abortSignal }),
  );
}

/** Which folder `..data` points to; undefined where there is none. */
async function currentSlot(place: Place, { target }: FileSet): Promise<string | undefined> {
  const found = await stat(place, `${target}/..data`);
  return found?.linkTarget?.split('/').pop();
}

/** The folder, where a link in the image leads to another one, if nobody has used it; undefined otherwise. */
async function unusedFolder(place: Place, target: string): Promise<string | undefined> {
  let path = target;
  let found = await stat(place, path);
  if (found?.linkTarget) {
    path = found.linkTarget;
    found = await stat(place, path);
  }
  return found && (found.mode & 0o777) === unusedMode ? path : undefined;
}

interface PathStat {
  /** Permissions are its lowest nine bits. */
  mode: number;
  linkTarget?: string;
}

/** The engine tells it in a header, as JSON in base64. */
async function stat({ connection, id }: Place, path: string): Promise<PathStat | undefined> {
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
