import type { StoredDeployment } from '../../model/deployment.js';
import { compileLabelSelector } from '../../model/label-selector.js';
import { templateHash, templateHashLabel } from '../../model/pod-template.js';
import type { StoredTask } from '../../model/task.js';
import { isReady as saysReady, type ReadyTime } from './ready-times.js';

/** What a Deployment has: its tasks by what they are to it. Those that are being deleted count nowhere else. */
export interface Replicas {
  /** By which label tasks of the present template are known. */
  hash: string;
  /** Made from the present template. */
  updated: Replica[];
  /** Made from another one. */
  old: Replica[];
  /** On their way out. */
  leaving: StoredTask[];
  /** Its own by reference, but their labels are not what it selects any more. */
  strays: StoredTask[];
}

export interface Replica {
  task: StoredTask;
  isReady: boolean;
  isAvailable: boolean;
  /** It is not known to be available, and may have been for long: counts for nothing, and is not to be taken lightly. */
  mayBeAvailable?: boolean;
  /** Milliseconds after which it will have been ready for long enough. */
  availableAfterMilliseconds?: number;
}

/**
 * Sorts the tasks that a Deployment owns. `lostNodes`: whose tasks nobody knows anything of; `readyFor`: for how long a
 * ready task has been that; `hash`: that of its template, as its records know it. Pure.
 */
export function sortReplicas(
  deployment: StoredDeployment,
  tasks: readonly StoredTask[],
  lostNodes: ReadonlySet<string>,
  readyFor: (task: StoredTask) => ReadyTime,
  hash = templateHash(deployment.spec.template),
): Replicas {
  const { selector, minReadySeconds = 0 } = deployment.spec;
  const selects = compileLabelSelector(selector);
  const sorted: Replicas = { hash, updated: [], old: [], leaving: [], strays: [] };
  for (const task of tasks) {
    const { deletionTimestamp, labels } = task.metadata;
    if (deletionTimestamp !== undefined) sorted.leaving.push(task);
    else if (!selects(labels)) sorted.strays.push(task);
    else {
      const isKnown = !lostNodes.has(task.spec.nodeName ?? '');
      const replica = toReplica(task, isKnown, minReadySeconds * 1000, readyFor);
      (labels?.[templateHashLabel] === hash ? sorted.updated : sorted.old).push(replica);
    }
  }
  return sorted;
}

/** How a task counts. `isKnown`: somebody knows how it is. Pure. */
export function toReplica(
  task: StoredTask,
  isKnown: boolean,
  minReadyMilliseconds: number,
  readyFor: (task: StoredTask) => ReadyTime,
): Replica {
  const isReady = isKnown && saysReady(task);
  if (!isReady || minReadyMilliseconds === 0) return { task, isReady, isAvailable: isReady };
  const { milliseconds, isAtLeast } = readyFor(task);
  const remaining = minReadyMilliseconds - milliseconds;
  return remaining > 0
    ? { task, isReady, isAvailable: false, mayBeAvailable: isAtLeast, availableAfterMilliseconds: remaining }
    : { task, isReady, isAvailable: true };
}

/** Available, perhaps available, not available. Pure. */
export function worth(replica: Replica): number {
  return replica.isAvailable ? 2 : Number(replica.mayBeAvailable ?? false);
}

/** In the order in which they may go: on no worker yet, not ready, not available, the youngest. Pure. */
export function worstFirst(replicas: readonly Replica[]): Replica[] {
  const rank = (replica: Replica): number =>
    Number(Boolean(replica.task.spec.nodeName)) + Number(replica.isReady) + worth(replica);
  return [...replicas].sort((a, b) => {
    const [{ metadata: left }, { metadata: right }] = [a.task, b.task];
    return (
      rank(a) - rank(b) ||
      right.creationTimestamp.localeCompare(left.creationTimestamp) ||
      right.name.localeCompare(left.name, 'en', { numeric: true })
    );
  });
}
