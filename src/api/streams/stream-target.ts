import type { ObjectKey } from '../../model/api-object.js';
import { taskKind, type StoredTask } from '../../model/task.js';
import type { StreamEnd } from '../../model/worker-tunnel.js';
import { errorCodes, OrchError, type ErrorCode } from '../../support/errors.js';
import type { ApiContext } from '../api-context.js';
import { containerNameOf } from '../pods/task-to-pod.js';
import { shorten } from '../query.js';

export interface StreamTarget {
  nodeName: string;
  taskUid: string;
}

/**
 * Where the container of a task is. `container` is the name that a client of the Pod view gives. Rejects with NotFound,
 * BadRequest (not placed yet, no such container), ServiceUnavailable (no tunnel).
 */
export async function streamTarget(context: ApiContext, key: ObjectKey, container?: string): Promise<StreamTarget> {
  const task: StoredTask = await context.registry.get(taskKind, key);
  const { nodeName } = task.spec;
  if (container && container !== containerNameOf(task)) {
    throw new OrchError(
      'BadRequest',
      `container ${shorten(container)} is not valid for pod ${key.name}: its container is ${containerNameOf(task)}`,
    );
  }
  if (!nodeName) {
    throw new OrchError(
      'BadRequest',
      `task "${key.name}" has no container: it is not placed on a worker yet (see "orch describe task ${key.name}")`,
    );
  }
  context.tunnels.checkConnected(nodeName);
  return { nodeName, taskUid: task.metadata.uid };
}

/** The worker's error, under a code that clients know. */
export function streamError(error: NonNullable<StreamEnd['error']>): OrchError {
  const code = Object.hasOwn(errorCodes, error.code) ? (error.code as ErrorCode) : 'InternalError';
  return new OrchError(code, error.message);
}
