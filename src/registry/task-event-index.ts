import { firstSeenOf, subjectOf, type TaskEvent } from '../model/task-event.js';

/** What the index knows of a stored TaskEvent. */
export interface IndexedEvent {
  /** In the store. */
  key: string;
  namespace: string;
  name: string;
  /** Of whatever it is about. */
  taskUid: string;
  reason: string;
  message: string;
  nodeName: string;
  count: number;
  /** For the order; events of one instant are in the order of their keys. */
  timestamp: string;
}

export const maxEventsPerTask = 50;
/** Trimmed with the next event, so a task that has just gone may lie above it. */
export const maxEventsOfDeletedTasks = 1_000;

/**
 * Which TaskEvents are stored, per task, oldest first: what to coalesce with and what to trim. Rebuilt from the store at
 * start; afterwards it is told of every write. Always holds: an event that was named for removal is named once.
 */
export class TaskEventIndex {
  private readonly byTask = new Map<string, IndexedEvent[]>();
  private readonly byKey = new Map<string, IndexedEvent>();
  private readonly liveTasks = new Set<string>();
  /** Uids of tasks that are gone, in the order in which they went. */
  private readonly deletedTasks = new Set<string>();
  private eventsOfDeletedTasks = 0;

  addTask(uid: string): void {
    this.liveTasks.add(uid);
    if (this.deletedTasks.delete(uid)) this.eventsOfDeletedTasks -= this.byTask.get(uid)?.length ?? 0;
  }

  removeTask(uid: string): void {
    this.liveTasks.delete(uid);
    const kept = this.byTask.get(uid);
    if (!kept || this.deletedTasks.has(uid)) return;
    this.deletedTasks.add(uid);
    this.eventsOfDeletedTasks += kept.length;
  }

  add(event: IndexedEvent): void {
    if (this.byKey.has(event.key)) return;
    this.byKey.set(event.key, event);
    const events = this.byTask.get(event.taskUid);
    if (events) {
      events.push(event);
      if (events.length > 1 && precedes(event, events[events.length - 2])) events.sort(compareEvents);
    } else this.byTask.set(event.taskUid, [event]);
    if (this.liveTasks.has(event.taskUid)) return;
    this.deletedTasks.add(event.taskUid);
    this.eventsOfDeletedTasks += 1;
  }

  remove(key: string): void {
    const event = this.byKey.get(key);
    if (!event) return;
    this.byKey.delete(key);
    const events = this.byTask.get(event.taskUid) ?? [];
    events.splice(events.indexOf(event), 1);
    if (this.deletedTasks.has(event.taskUid)) this.eventsOfDeletedTasks -= 1;
    if (events.length > 0) return;
    this.byTask.delete(event.taskUid);
    this.deletedTasks.delete(event.taskUid);
  }

  get(key: string): IndexedEvent | undefined {
    return this.byKey.get(key);
  }

  /** The newest stored event that says the same. */
  findSame(event: Omit<IndexedEvent, 'key' | 'namespace' | 'name' | 'count' | 'timestamp'>): IndexedEvent | undefined {
    return this.byTask
      .get(event.taskUid)
      ?.findLast(
        (kept) => kept.reason === event.reason && kept.message === event.message && kept.nodeName === event.nodeName,
      );
  }

  /** Takes the events out of the index that are one too many, oldest first, at most `limit`. */
  takeExcess(taskUid: string, limit = 20): IndexedEvent[] {
    const excess: IndexedEvent[] = [];
    const own = this.byTask.get(taskUid) ?? [];
    while (own.length > maxEventsPerTask && excess.length < limit) excess.push(this.takeOldest(own));
    while (this.eventsOfDeletedTasks > maxEventsOfDeletedTasks && excess.length < limit) {
      const [uid] = this.deletedTasks;
      const events = uid === undefined ? undefined : this.byTask.get(uid);
      if (!events) break;
      excess.push(this.takeOldest(events));
    }
    return excess;
  }

  private takeOldest(events: IndexedEvent[]): IndexedEvent {
    const oldest = events[0] as IndexedEvent;
    this.remove(oldest.key);
    return oldest;
  }
}

/** Who reports may leave the uid out. */
function subjectKey(event: TaskEvent): string {
  const { uid, kind = '', namespace = '', name = '' } = subjectOf(event);
  return uid || `${kind}/${namespace}/${name}`;
}

/** Index entry of a stored TaskEvent. */
export function indexEntry(key: string, event: TaskEvent): IndexedEvent {
  return {
    key,
    namespace: event.metadata.namespace ?? 'default',
    name: event.metadata.name ?? '',
    taskUid: subjectKey(event),
    reason: event.reason,
    message: event.message ?? '',
    nodeName: event.nodeName ?? '',
    count: event.count ?? 1,
    timestamp: firstSeenOf(event),
  };
}

function precedes(a: IndexedEvent, b: IndexedEvent | undefined): boolean {
  return b !== undefined && compareEvents(a, b) < 0;
}

function compareEvents(a: IndexedEvent, b: IndexedEvent): number {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? -1 : 1;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
