import { specHash } from '../../../src/model/spec-hash.js';
import type { Checker, World } from './checker.js';

/**
 * No worker makes or starts a container for a task of which it knows that it is deleted, stopped, not here any more, or wanted
 * with another spec. What it forgot by dying it does not know.
 */
export function startsAfterStops(world: World): Checker {
  /** By worker and task: since when the worker has known that the task left. */
  const left = new Map<string, number>();
  return {
    onDelivered(worker, { type, object }) {
      const { uid } = object.metadata;
      if (type === 'DELETED') left.set(`${worker} ${uid}`, world.seconds());
      else left.delete(`${worker} ${uid}`);
    },
    onListed(worker, tasks) {
      for (const { metadata } of tasks) left.delete(`${worker} ${metadata.uid}`);
    },
    onWorker(worker) {
      for (const key of [...left.keys()]) if (key.startsWith(`${worker} `)) left.delete(key);
    },
    onStart(worker, what, { taskUid, taskKey, attempt, specHash: hash }) {
      const says = (why: string): void =>
        world.violated('nothing starts after a stop order', `${worker}: ${what} of ${taskKey}#${attempt}, ${why}`);
      const task = world.knownTask(worker, taskUid);
      const leftAt = left.get(`${worker} ${taskUid}`);
      if (task === undefined) return says('which is not assigned to it');
      if (task.metadata.deletionTimestamp !== undefined) return says('which is being deleted');
      if (task.spec.desiredState === 'Completed') return says('which is stopped');
      if (specHash(task.spec) !== hash) return says('which has another spec');
      if (leftAt !== undefined && leftAt < world.seconds()) return says('which left');
    },
  };
}
