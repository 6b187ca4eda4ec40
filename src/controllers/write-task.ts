import { keyOf } from '../model/api-object.js';
import { type StoredTask, taskKind } from '../model/task.js';
import type { Registry } from '../registry/registry.js';
import { type Clock, toTimestamp } from '../support/clock.js';
import { isOrchError } from '../support/errors.js';
import type { TaskStep } from './plan-task.js';
import { type BindStep, changeTask } from './task-changes.js';

/** Who these writes come from, in TaskEvents. */
export const eventSource = 'manager';

/**
 * Takes a step for exactly this version of the task. Resolves with the task as written, or undefined when it was changed
 * or deleted meanwhile: nothing was written then, and the change itself brings the task up again.
 */
export async function writeTask(
  registry: Registry,
  clock: Clock,
  task: StoredTask,
  step: TaskStep | BindStep,
): Promise<StoredTask | undefined> {
  const { uid, resourceVersion } = task.metadata;
  let isSame = false;
  try {
    const { object } = await registry.mutate<StoredTask>(
      taskKind,
      keyOf(task),
      (current) => {
        isSame = current.metadata.uid === uid && current.metadata.resourceVersion === resourceVersion;
        return isSame ? changeTask(current, step, toTimestamp(clock.now())) : undefined;
      },
      { source: eventSource },
    );
    return isSame ? object : undefined;
  } catch (error) {
    if (isOrchError(error, 'NotFound')) return undefined;
    throw error;
  }
}
