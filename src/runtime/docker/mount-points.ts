import type { EngineMount } from './engine-api.js';
import { plainPlace } from './mounted-volumes.js';

/**
 * The other mounts whose places lie in the place of this one. No place can be made for them once it is for reading only, so they have to
 * be there before the container starts. What lies in one that comes in between is left to that. Pure.
 */
export function mountPointsIn(target: string, mounts: readonly EngineMount[]): EngineMount[] {
  return mounts.filter((mount) => {
    const around = mounts
      .map(({ Target }) => plainPlace(Target))
      .filter((other) => liesIn(plainPlace(mount.Target), other));
    return around.sort((one, other) => other.length - one.length)[0] === plainPlace(target);
  });
}

function liesIn(place: string, other: string): boolean {
  return place !== other && place.startsWith(other === '/' ? other : `${other}/`);
}
