import { v5 } from 'uuid';
import type { StoredTask } from '../../model/task.js';

/**
 * The uid of the Pod that a Task is seen as. Kubernetes binds a pod to one node for life, and kubectl drain waits until
 * the name has another uid; so a Task that was taken from a worker is another Pod of the same name. Pure.
 */
export function podUidOf(task: StoredTask): string {
  const { uid } = task.metadata;
  const moves = task.status?.moves ?? 0;
  return moves === 0 ? uid : v5(String(moves), uid);
}
