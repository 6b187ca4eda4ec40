import { v5 } from 'uuid';
import type { StoredTask } from './task.js';

/**
 * The uid of the Pod that a Task is seen as. Kubernetes binds a pod to one node for life, and kubectl drain waits until
 * the name has another uid; so a Task that was taken from a worker is another Pod of the same name. Pure.
 */
export function podUidOf(task: StoredTask): string {
  return podUidAfter(task, task.status?.moves ?? 0);
}

/** More moves than this are not gone through. */
const maxMoves = 1_000;

/** Whether a Pod of this uid is, or once was, the Task; undefined when it has moved too often to tell. Pure. */
export function hasBeenPod(task: StoredTask, podUid: string): boolean | undefined {
  const { moves = 0 } = task.status ?? {};
  if (podUid === task.metadata.uid) return true;
  for (let at = moves; at > Math.max(0, moves - maxMoves); at--) if (podUidAfter(task, at) === podUid) return true;
  return moves > maxMoves ? undefined : false;
}

function podUidAfter({ metadata: { uid } }: StoredTask, moves: number): string {
  return moves === 0 ? uid : v5(String(moves), uid);
}
