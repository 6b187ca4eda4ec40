import { RuntimeError } from '../container-runtime.js';
import type { EngineVersion } from './engine-api.js';

/** The newest version of the engine's API that orch was written for, and the oldest that has what it needs. */
const newest = '1.51';
const oldest = '1.40';

/**
 * The version to speak: the lower of ours and the engine's. Throws EngineTooOld or EngineTooNew, with what to do, when
 * there is none in common.
 */
export function negotiateApiVersion({
  Version = 'of unknown version',
  ApiVersion,
  MinAPIVersion,
}: EngineVersion): string {
  const theirs = ApiVersion ?? '';
  if (compareVersions(theirs, oldest) < 0) {
    throw new RuntimeError(
      'EngineTooOld',
      `Docker Engine ${Version} speaks API ${theirs || 'of no version'}, orch needs ${oldest} (Engine 19.03) or newer: update the engine`,
    );
  }
  if (compareVersions(MinAPIVersion ?? '0', newest) > 0) {
    throw new RuntimeError(
      'EngineTooNew',
      `Docker Engine ${Version} wants API ${MinAPIVersion} or newer, this orch speaks up to ${newest}: update orch`,
    );
  }
  return compareVersions(theirs, newest) < 0 ? theirs : newest;
}

/** Negative, zero or positive, as for sort. '' is older than any. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  return (left?.[0] ?? 0) - (right?.[0] ?? 0) || (left?.[1] ?? 0) - (right?.[1] ?? 0);
}
