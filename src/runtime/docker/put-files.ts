/**
 * Files of containers, through the engine alone: an engine elsewhere is as good, and nothing lies on the disk of this
 * machine. Each set lies in a volume of its own, as the kubelet's writer lays it out: the files in a hidden folder, `..data`
 * that points to it, and a link through `..data` for each name that people see. So another folder and one link change them all.
 */
import type { FileSet } from '../container-runtime.js';
import type { Place } from './container-archive.js';
import { put, stat } from './container-archive.js';
import { entriesOf, linksOf, slots } from './file-archive.js';

/** A volume of the engine that nobody has used is a folder with these permissions; one that its programs own has others. */
const unusedMode = 0o755;

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
