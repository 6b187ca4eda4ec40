import type { StoredTaskEvent } from '../../../src/model/task-event.js';
import { taskEventKind } from '../../../src/model/task-event.js';
import { canMove } from '../../../src/model/task-state.js';
import { storePrefix } from '../../../src/registry/store-keys.js';
import type { Checker, World } from './checker.js';
import { isTaskEvent, taskOf } from './task-history.js';

const eventPrefix = storePrefix(taskEventKind);

/** A task's state moves by the table only, and each move has its TaskEvent in the same transaction. */
export function stateMoves(world: World): Checker {
  return {
    onTransaction(events) {
      const told = events
        .filter(({ key, type }) => type === 'put' && key.startsWith(eventPrefix))
        .map(({ value }) => value as unknown as StoredTaskEvent);
      for (const event of events) {
        if (!isTaskEvent(event) || event.type !== 'put') continue;
        const task = taskOf(event.value);
        const to = task.status?.state ?? 'Pending';
        const from = event.previous && (taskOf(event.previous).status?.state ?? 'Pending');
        if (from === to) continue;
        const move = `${task.metadata.name} ${from ?? '(new)'} -> ${to}`;
        if (!canMove(from, to)) world.violated('state moves by the table', move);
        const isTold = told.some(
          ({ task: about, state, previousState }) =>
            about?.uid === task.metadata.uid && state === to && previousState === from,
        );
        if (!isTold) world.violated('each move has its TaskEvent', move);
      }
    },
  };
}
