import { isRunning } from '../../../src/runtime/simulated/simulated-engine.js';
import type { Checker, World } from './checker.js';

/**
 * On a worker at most one container of a task lives, and each one that is made has a higher attempt than those before, and
 * than those that its worker knows to be reported. A worker that a task leaves forgets it, as one does that loses its
 * checkpoint: its attempts go on from what was reported and what its engine still has.
 */
export function oneLiveContainer(world: World): Checker {
  const attempts = new Map<string, { attempt: number; revision: number }>();
  const seen = new Set<string>();
  /** Of the containers of a task that its engine still has. */
  const keptAttempts = (worker: string, taskUid: string): number[] =>
    world
      .containersOn(worker)
      .filter(({ spec }) => spec.identity.taskUid === taskUid)
      .map(({ spec }) => spec.identity.attempt);
  return {
    onForeignRemoval(worker, { spec }) {
      const { taskUid, attempt } = spec.identity;
      const known = world.knownAttempt(worker, taskUid);
      // Made just before its worker died, removed before another one looked: nobody can know of it.
      if (known >= attempt) return;
      const kept = keptAttempts(worker, taskUid).filter((other) => other !== attempt);
      attempts.set(`${worker} ${taskUid}`, { attempt: Math.max(known, ...kept), revision: world.currentRevision() });
    },
    onCheckpointLost(worker) {
      for (const [key, { revision }] of attempts) {
        const [on, uid] = key.split(' ') as [string, string];
        if (on !== worker) continue;
        attempts.set(key, { attempt: Math.max(0, ...keptAttempts(on, uid)), revision });
      }
    },
    onContainer(worker, container, isGone) {
      const { taskUid, attempt, taskKey } = container.spec.identity;
      if (!seen.has(container.id)) {
        seen.add(container.id);
        const last = attempts.get(`${worker} ${taskUid}`);
        if (last !== undefined && attempt <= last.attempt && !world.history.left(taskUid, worker, last.revision)) {
          world.violated('attempts rise', `${taskKey} on ${worker}: ${attempt} after ${last.attempt}`);
        }
        const reported = world.knownTask(worker, taskUid)?.status?.attempt ?? 0;
        if (attempt <= reported) {
          world.violated('attempts rise', `${taskKey} on ${worker}: ${attempt} although ${reported} was reported`);
        }
        attempts.set(`${worker} ${taskUid}`, { attempt, revision: world.currentRevision() });
      }
      if (isGone || !isRunning(container)) return;
      const live = world
        .containersOn(worker)
        .filter((other) => other.spec.identity.taskUid === taskUid && isRunning(other));
      if (live.length > 1) {
        const which = live.map((other) => other.spec.identity.attempt).join(' and ');
        world.violated('one live container', `${taskKey} on ${worker}: attempts ${which} run at once`);
      }
    },
  };
}
