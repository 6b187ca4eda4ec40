import { normalize } from 'node:path';
import { isWithin } from '../support/is-within.js';
import type { FileSystem } from './file-system.js';

/**
 * Where Sources may read, by the folders that the manager was started with and where they really are. A folder outside is
 * refused whether or not it exists, so a refusal tells nothing of the machine.
 */
export interface AllowedFolders {
  /** As given and as resolved. */
  paths: readonly string[];
}

/** One that is not there allows what it will be. */
export async function resolveAllowed(fileSystem: FileSystem, allowed: readonly string[]): Promise<AllowedFolders> {
  const resolved = await Promise.all(allowed.map((path) => fileSystem.resolve(path).catch(() => path)));
  return { paths: [...new Set([...allowed, ...resolved])] };
}

/**
 * Why a Source may not read this folder; undefined when it may. `realPath`: where it really is, if it is there; a link in an
 * allowed folder that leads out of it leads to what is not allowed. Pure.
 */
export function whyNotAllowed(
  path: string,
  realPath: string | undefined,
  { paths }: AllowedFolders,
): string | undefined {
  const judged = realPath ?? normalize(path);
  if (paths.some((folder) => isWithin(judged, folder))) return undefined;
  const advice = `start the manager with --allow-source-path ${path} if its manifests may be read`;
  if (paths.length === 0) return `this manager reads no folder: ${advice}`;
  return `${path} is not in a folder that this manager may read: ${advice}`;
}
