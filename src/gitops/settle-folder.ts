import type { Clock } from '../support/clock.js';
import { sleep } from '../support/clock.js';
import type { FileSystem } from './file-system.js';
import { lookAtFolder, sameLook, type FolderLook } from './look-at-folder.js';

/** Between two looks. A file that is the same in both is taken for complete. */
export const lookMilliseconds = 350;
/** A folder that never rests must not keep its good files from being applied. */
const maxLooks = 5;

export interface SettledFolder {
  look: FolderLook;
  /** Whether the last two looks found the same. */
  settled: boolean;
  /** Paths of files that differed between the last two looks: half written, perhaps. */
  moving: ReadonlySet<string>;
}

/**
 * Looks at a folder until two looks in a row agree, or five were had. `known` is the look of the last sync: a folder that
 * is still so needs no second one.
 */
export async function settleFolder(
  fileSystem: FileSystem,
  root: string,
  allowed: readonly string[],
  known: FolderLook | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<SettledFolder> {
  let look = await lookAtFolder(fileSystem, root, allowed);
  if (known && sameLook(known, look)) return { look, settled: true, moving: new Set() };
  let moving: ReadonlySet<string> = new Set();
  for (let looks = 1; looks < maxLooks && !signal.aborted; looks++) {
    await sleep(clock, lookMilliseconds, signal);
    const next = await lookAtFolder(fileSystem, root, allowed);
    const same = sameLook(look, next);
    moving = same ? new Set() : differences(look, next);
    look = next;
    if (same) return { look, settled: true, moving };
  }
  return { look, settled: false, moving };
}

function differences(before: FolderLook, after: FolderLook): Set<string> {
  const signatures = new Map(
    before.state === 'present' ? before.files.map(({ path, signature }) => [path, signature]) : [],
  );
  const files = after.state === 'present' ? after.files : [];
  return new Set(files.filter(({ path, signature }) => signatures.get(path) !== signature).map(({ path }) => path));
}
