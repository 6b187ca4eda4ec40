import type { FileSet } from '../container-runtime.js';
import type { Place } from './container-archive.js';
import { linksIn, put } from './container-archive.js';
import type { ArchiveEntry } from './file-archive.js';
import { dataLink, entriesOf, linksOf, nameLinks, namesOf, slots } from './file-archive.js';
import { mountedVolumes, plainPlace } from './mounted-volumes.js';
import type { ToolContainers } from './tool/tool-containers.js';

/** A set that is to be changed, and how it is now. */
interface Change {
  /** Its target is where the volume is in the container that it is written through. */
  set: FileSet;
  /** The volume that it lies in. */
  volume: string;
  /** The folder that is used now, and the other one. */
  current: string;
  next: string;
  /** Names that people see now. */
  names: ReadonlySet<string>;
}

/** Takes the place of `..data` in one step. */
const preparedLink = '..data_tmp';
/** In the folder that is no longer used: a link that nobody is to see any more ends there. */
const discarded = '..discarded';

/**
 * Changes files of a container that runs, each set in one step: the new files come into the folder that is not used, a second link is
 * made that points there, and it takes the place of `..data` by rename(2), which neither takes a name away nor mixes old and new.
 * Then names that are gone go, and those that are new come. After a crash between any two of these it is done again from the
 * beginning. Sets that were not put by putFiles stay as they are. All of it goes through one container of orch's own, as the task's
 * may only read them.
 *
 * The archive API cannot rename, so orch's own program does (tool/). On a machine that the program is not written for the links are
 * replaced through the archive API, which takes each away before it makes it anew: a name may be missing for an instant there,
 * and one that is gone stays as a link to nothing.
 */
export async function changeFiles(place: Place, tool: ToolContainers, sets: readonly FileSet[]): Promise<void> {
  // Before anything is written: what an earlier life began would show a folder that is only half filled.
  await tool.clear(place.id);
  const changes = await changesOf(place, await mountedVolumes(place), sets);
  if (changes.length === 0) return;
  const write = (id: string, entries: readonly ArchiveEntry[]): Promise<void> => put({ ...place, id }, entries);
  const job = { containerId: place.id, volumes: changes.map(({ volume }) => volume) };
  if (!(await tool.canRun())) {
    return tool.open(job, async (id) => {
      await write(id, changes.flatMap(newFiles));
      await write(
        id,
        changes.flatMap(({ set, next }) => linksOf(set, next)),
      );
    });
  }
  const renames = [
    ...changes.map((_change, volume) => ({ volume, from: preparedLink, to: dataLink })),
    ...changes.flatMap((change, volume) =>
      goneNames(change).map((name) => ({ volume, from: name, to: `${change.current}/${discarded}` })),
    ),
  ];
  const added = changes.flatMap(({ set, names }) => nameLinks(set, (name) => !names.has(name)));
  await tool.rename(job, renames, {
    before: (id) => write(id, [...changes.flatMap(newFiles), ...changes.map(preparedLinkOf)]),
    after: async (id) => (added.length > 0 ? write(id, added) : undefined),
  });
}

async function changesOf(
  place: Place,
  volumes: ReadonlyMap<string, string>,
  sets: readonly FileSet[],
): Promise<Change[]> {
  const changes = await Promise.all(
    sets.map(async (set): Promise<Change[]> => {
      const volume = volumes.get(plainPlace(set.target));
      if (volume === undefined) return [];
      const links = await linksIn(place, set.target);
      const current = links.get(dataLink) ?? '';
      const next = slots.find((slot) => slot !== current);
      if (!slots.some((slot) => slot === current) || next === undefined) return [];
      // What programs may have put there, where an earlier version let them, is theirs.
      const own = [...links].filter(([name, to]) => to === `${dataLink}/${name}`);
      return [{ set, volume, current, next, names: new Set(own.map(([name]) => name)) }];
    }),
  );
  return changes.flat().map((change, index) => ({ ...change, set: { ...change.set, target: `/${index}` } }));
}

function preparedLinkOf({ set, next }: Change): ArchiveEntry {
  return { path: `${set.target}/${preparedLink}`, mode: 0o777, linkTo: next };
}

/** A file in place of the folder takes all that was in it away: the archive API removes nothing else. */
function newFiles({ set, next }: Change): ArchiveEntry[] {
  return [{ path: `${set.target}/${next}`, mode: 0o600, content: new Uint8Array(0) }, ...entriesOf(set, next)];
}

function goneNames({ set, names }: Change): string[] {
  const kept = new Set(namesOf(set));
  return [...names].filter((name) => !kept.has(name));
}
