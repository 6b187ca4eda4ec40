import type { StoredTask } from '../../../src/model/task.js';
import { taskKind } from '../../../src/model/task.js';
import { storePrefix } from '../../../src/registry/store-keys.js';
import type { StoreEvent } from '../../../src/store/store.js';

export interface TaskVersion {
  revision: number;
  /** Undefined: it is gone. */
  task: StoredTask | undefined;
}

const prefix = storePrefix(taskKind);

/** Every version of every task that was ever stored: what somebody may be acting on. */
export class TaskHistory {
  /** By uid, oldest first. */
  private readonly versions = new Map<string, TaskVersion[]>();

  take(events: readonly StoreEvent[]): void {
    for (const event of events) {
      if (!isTaskEvent(event)) continue;
      const task = taskOf(event.value);
      const { uid } = task.metadata;
      const known = this.versions.get(uid) ?? [];
      known.push({ revision: event.revision, task: event.type === 'put' ? task : undefined });
      this.versions.set(uid, known);
    }
  }

  /** Versions that were true at this revision or became true after it. */
  since(uid: string, revision: number): TaskVersion[] {
    const versions = this.versions.get(uid) ?? [];
    const first = versions.findLastIndex((version) => version.revision <= revision);
    return versions.slice(Math.max(0, first));
  }

  /** Whether the task was elsewhere, or nowhere, at some time from this revision on. */
  left(uid: string, worker: string, revision: number): boolean {
    return this.since(uid, revision).some(({ task }) => task?.spec.nodeName !== worker);
  }

  /** Tasks that exist. */
  living(): StoredTask[] {
    return [...this.versions.values()].flatMap((versions) => versions.at(-1)?.task ?? []);
  }
}

/** Whether a store event is about a task. */
export function isTaskEvent({ key }: StoreEvent): boolean {
  return key.startsWith(prefix);
}

/** A stored value as the task that it is. */
export function taskOf(value: StoreEvent['value']): StoredTask {
  return value as unknown as StoredTask;
}
