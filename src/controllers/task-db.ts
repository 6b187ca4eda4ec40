import { parseKey } from '../model/api-object.js';
import { type StoredTask, taskKind } from '../model/task.js';
import { firstSeenOf, type StoredTaskEvent, taskEventKind } from '../model/task-event.js';
import type { Registry } from '../registry/registry.js';

/** The tasks, as a typed view of the store: it keeps nothing of its own. */
export class TaskDb {
  constructor(private readonly registry: Registry) {}

  /** By `namespace/name`. Rejects with NotFound. */
  get(key: string): Promise<StoredTask> {
    return this.registry.get<StoredTask>(taskKind, parseKey(key));
  }

  async list(namespace?: string): Promise<StoredTask[]> {
    const { items } = await this.registry.list<StoredTask>(taskKind, namespace === undefined ? {} : { namespace });
    return items;
  }
}

/** What happened to tasks, as a typed view of the store. */
export class EventDb {
  constructor(private readonly registry: Registry) {}

  /** The events of one task, oldest first. */
  async of(task: StoredTask): Promise<StoredTaskEvent[]> {
    const { items } = await this.registry.list<StoredTaskEvent>(taskEventKind, {
      namespace: task.metadata.namespace ?? 'default',
      fieldSelector: `task.uid=${task.metadata.uid}`,
    });
    return items.sort((a, b) => firstSeenOf(a).localeCompare(firstSeenOf(b)));
  }
}
