import { readinessOfTask } from '../../model/readiness.js';
import type { StoredTask } from '../../model/task.js';
import type { Clock } from '../../support/clock.js';

interface Sighting {
  /** The very readiness that was seen: another container, or another move to ready, counts anew. */
  of: string;
  /** Monotonic. */
  sinceMilliseconds: number;
  wasReadyBefore: boolean;
}

export interface ReadyTime {
  milliseconds: number;
  /** It was ready already when this process first looked: for how long, nobody knows. */
  isAtLeast: boolean;
}

/**
 * For how long tasks have been ready, by this process's own monotonic clock: wall clocks, the workers' and the manager's, are set.
 * So a task counts from when it was seen ready here, after a restart from then on, and is said to be
 * older perhaps. Holds what is ready now, no more.
 */
export class ReadyTimes {
  private readonly owners = new Map<string, Map<string, Sighting>>();

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  /** Takes in all tasks of one owner. Returns for how long one of them has been ready; 0 when it is not. */
  look(ownerUid: string, tasks: readonly StoredTask[]): (task: StoredTask) => ReadyTime {
    const now = this.clock.monotonic();
    const before = this.owners.get(ownerUid);
    const sightings = new Map<string, Sighting>();
    for (const task of tasks) {
      const { uid } = task.metadata;
      const of = readinessOf(task);
      if (of === undefined) continue;
      const known = before?.get(uid);
      const fresh = { of, sinceMilliseconds: now, wasReadyBefore: before === undefined };
      sightings.set(uid, known?.of === of ? known : fresh);
    }
    this.owners.set(ownerUid, sightings);
    return ({ metadata }) => {
      const { sinceMilliseconds = now, wasReadyBefore = false } = sightings.get(metadata.uid) ?? {};
      return { milliseconds: now - sinceMilliseconds, isAtLeast: wasReadyBefore };
    };
  }

  forget(ownerUid: string): void {
    this.owners.delete(ownerUid);
  }
}

/** Whether its worker says that it is ready, and others that its gates are open. */
export function isReady(task: StoredTask): boolean {
  return readinessOf(task) !== undefined;
}

function readinessOf(task: StoredTask): string | undefined {
  const { status } = task;
  const { isReady: says, since } = readinessOfTask(task);
  if (status?.state !== 'Running' || !says) return undefined;
  return `${status.containerID ?? ''} ${status.attempt ?? ''} ${since ?? ''}`;
}
