import type { Checker, World } from './checker.js';

/** No worker touches a container of another cluster, or of another worker on the same engine. */
export function foreignContainers(world: World): Checker {
  return {
    onStop(worker, id) {
      if (world.isForeign(worker, id)) world.violated('foreign containers are left alone', `${worker} stops ${id}`);
    },
    onContainer(worker, { id, name }, isGone) {
      if (isGone && world.isForeign(worker, id)) {
        world.violated('foreign containers are left alone', `${worker} removed ${name}`);
      }
    },
  };
}
