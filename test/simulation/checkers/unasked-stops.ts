import { specHash } from '../../../src/model/spec-hash.js';
import type { SimulatedContainer } from '../../../src/runtime/simulated/simulated-engine.js';
import { isRunning } from '../../../src/runtime/simulated/simulated-engine.js';
import type { Checker, World } from './checker.js';
import type { TaskVersion } from './task-history.js';

/** The default of failureThreshold, and more than any scenario asks for. */
const mostFailures = 3;

/**
 * No worker stops a container unless somebody asked for it since it was made: its task was deleted, stopped, moved away or
 * given another spec, or its probe failed as often in a row as it may. Missing information is no reason, nor that somebody paused it.
 */
export function unaskedStops(world: World): Checker {
  /** By container: what its worker knew when it was made. */
  const madeAt = new Map<string, number>();
  const failedProbes = new Map<string, number>();
  return {
    onContainer(worker, { id, spec }) {
      if (madeAt.has(id)) return;
      const known = world.knownTask(worker, spec.identity.taskUid)?.metadata.resourceVersion;
      madeAt.set(id, known === undefined ? world.currentRevision() : Number(known));
    },
    onProbe(_worker, id, isHealthy) {
      // Once over the threshold it is decided, whatever a later probe of another life says.
      const failed = failedProbes.get(id) ?? 0;
      if (failed < mostFailures) failedProbes.set(id, isHealthy ? 0 : failed + 1);
    },
    onStop(worker, id) {
      const container = world.containersOn(worker).find((candidate) => candidate.id === id);
      if (!container || !isRunning(container)) return;
      const { taskUid, taskKey, attempt } = container.spec.identity;
      const others = world.containersOn(worker).filter((other) => other !== container && isRunning(other));
      // Two at once is told by another checker; that one of them goes is right.
      if (others.some((other) => other.spec.identity.taskUid === taskUid)) return;
      const versions = world.history.since(taskUid, madeAt.get(id) ?? 0);
      if (versions.some((version) => asksToStop(version, worker, container, failedProbes.get(id) ?? 0))) return;
      world.violated('nothing stops unasked', `${worker} stops attempt ${attempt} of ${taskKey}`);
    },
  };
}

function asksToStop({ task }: TaskVersion, worker: string, { spec }: SimulatedContainer, failures: number): boolean {
  return (
    task === undefined ||
    failures >= (task.spec.livenessProbe?.failureThreshold ?? mostFailures) ||
    task.metadata.deletionTimestamp !== undefined ||
    task.spec.nodeName !== worker ||
    task.spec.desiredState === 'Completed' ||
    specHash(task.spec) !== spec.identity.specHash
  );
}
