import { isRunning } from '../../../src/runtime/simulated/simulated-engine.js';
import type { Scenario } from '../scenario.js';
import type { Checker, World } from './checker.js';
import { isTaskEvent, taskOf } from './task-history.js';

/** A task's object goes only once no container of it lives on its worker, unless a user forces it or deletes the node. */
export function deletions(world: World, { actions, workers }: Scenario): Checker {
  const isForced = (name: string, worker: string): boolean =>
    actions.some(
      (action) =>
        (action.do === 'delete' && action.task === name && action.gracePeriodSeconds === 0) ||
        (action.do === 'deleteNode' && action.worker === worker),
    );
  return {
    onTransaction(events) {
      for (const event of events) {
        if (!isTaskEvent(event) || event.type !== 'delete') continue;
        const { metadata, spec } = taskOf(event.value);
        const worker = spec.nodeName ?? '';
        if (!workers.includes(worker) || isForced(metadata.name, worker)) continue;
        const live = world
          .containersOn(worker)
          .filter((container) => container.spec.identity.taskUid === metadata.uid && isRunning(container));
        if (live.length > 0) {
          world.violated('objects outlive their containers', `${metadata.name} is gone and still runs on ${worker}`);
        }
      }
    },
  };
}
