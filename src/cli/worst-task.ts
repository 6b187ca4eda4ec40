import type { Stored } from '../model/api-object.js';
import type { StoredTask } from '../model/task.js';
import { explainState } from './verdict.js';

/** The task of an owner that holds it up most, and why: `shop-a30f-0 ImagePullFailed: cannot pull busybox:nope`. */
export interface Trouble {
  task: StoredTask;
  text: string;
}

/** Undefined when all tasks of the owner are well, or there are none. Among equals the first by name. Pure. */
export function worstTask(owner: Stored, tasks: readonly StoredTask[]): Trouble | undefined {
  const own = tasks.filter(
    ({ metadata }) =>
      metadata.deletionTimestamp === undefined &&
      metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true,
  );
  const [worst] = own
    .map((task) => ({ task, rank: rankOf(task) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank || (a.task.metadata.name < b.task.metadata.name ? -1 : 1));
  return worst && { task: worst.task, text: `${worst.task.metadata.name} ${troubleOf(worst.task)}` };
}

/** What failed says more than what waits, and what has a reason more than what has none. */
function rankOf({ status }: StoredTask): number {
  const { state = 'Pending', reason } = status ?? {};
  if (state === 'Running') return reason === undefined ? 0 : 1;
  if (state === 'Failed') return 4;
  return reason === undefined ? 2 : 3;
}

function troubleOf({ status }: StoredTask): string {
  const { state = 'Pending', reason, message } = status ?? {};
  if (state === 'Running' || reason === undefined || message === undefined) return explainState(state, status);
  return `${reason}: ${message}`;
}

/** Whether a container of the task has come to its end, so that its last words may say why. Pure. */
export function hasLastWords({ status }: StoredTask): boolean {
  return status?.containerID !== undefined && (status.state === 'Failed' || (status.restartCount ?? 0) > 0);
}
