import { specHash } from '../../../src/model/spec-hash.js';
import type { SimulatedContainer } from '../../../src/runtime/simulated/simulated-engine.js';
import { isRunning } from '../../../src/runtime/simulated/simulated-engine.js';
import type { Checker, World } from './checker.js';
import type { TaskVersion } from './task-history.js';

/**
 * No worker stops a container unless somebody asked for it since it was made: its task was deleted, stopped, moved away or
 * given another spec, or its container was paused. Missing information is no reason.
 */
export function unaskedStops(world: World): Checker {
  /** By container: what its worker knew when it was made. */
  const madeAt = new Map<string, number>();
  return {
    onContainer(worker, { id, spec }) {
      if (madeAt.has(id)) return;
      madeAt.set(id, world.knownRevision(worker, spec.identity.taskUid) ?? world.currentRevision());
    },
    onStop(worker, id) {
      const container = world.containersOn(worker).find((candidate) => candidate.id === id);
      if (container?.phase !== 'running') return;
      const { taskUid, taskKey, attempt } = container.spec.identity;
      const others = world.containersOn(worker).filter((other) => other !== container && isRunning(other));
      // Two at once is told by another checker; that one of them goes is right.
      if (others.some((other) => other.spec.identity.taskUid === taskUid)) return;
      const versions = world.history.since(taskUid, madeAt.get(id) ?? 0);
      if (versions.some((version) => asksToStop(version, worker, container))) return;
      world.violated('nothing stops unasked', `${worker} stops attempt ${attempt} of ${taskKey}`);
    },
  };
}

function asksToStop({ task }: TaskVersion, worker: string, { spec }: SimulatedContainer): boolean {
  return (
    task === undefined ||
    task.metadata.deletionTimestamp !== undefined ||
    task.spec.nodeName !== worker ||
    task.spec.desiredState === 'Completed' ||
    specHash(task.spec) !== spec.identity.specHash
  );
}
