import { firstSeenOf, subjectOf, type TaskEvent } from '../model/task-event.js';

/** What the index knows of a stored TaskEvent. */
export interface IndexedEvent {
  /** In the store. */
  key: string;
  namespace: string;
  name: string;
  /** Of whatever it is about. */
  subjectUid: string;
  reason: string;
  message: string;
  nodeName: string;
  count: number;
  /** For the order; events of one instant are in the order of their keys. */
  timestamp: string;
}

export const maxEventsPerSubject = 50;
/** Of what is gone, and of what only others report of. Trimmed with the next event, so what has just gone may lie above it. */
export const maxEventsOfOthers = 1_000;

/**
 * Which TaskEvents are stored, per object, oldest first: what to coalesce with and what to trim. Rebuilt from the store at
 * start; afterwards it is told of every write. Always holds: an event that was named for removal is named once.
 */
export class TaskEventIndex {
  private readonly bySubject = new Map<string, IndexedEvent[]>();
  private readonly byKey = new Map<string, IndexedEvent>();
  private readonly liveSubjects = new Set<string>();
  /** Uids of objects that are gone, in the order in which they went, and of such as orch records nothing of. */
  private readonly otherSubjects = new Set<string>();
  private eventsOfOthers = 0;

  addSubject(uid: string): void {
    this.liveSubjects.add(uid);
    if (this.otherSubjects.delete(uid)) this.eventsOfOthers -= this.bySubject.get(uid)?.length ?? 0;
  }

  removeSubject(uid: string): void {
    this.liveSubjects.delete(uid);
    const kept = this.bySubject.get(uid);
    if (!kept || this.otherSubjects.has(uid)) return;
    this.otherSubjects.add(uid);
    this.eventsOfOthers += kept.length;
  }

  add(event: IndexedEvent): void {
    if (this.byKey.has(event.key)) return;
    this.byKey.set(event.key, event);
    const events = this.bySubject.get(event.subjectUid);
    if (events) {
      events.push(event);
      if (events.length > 1 && precedes(event, events[events.length - 2])) events.sort(compareEvents);
    } else this.bySubject.set(event.subjectUid, [event]);
    if (this.liveSubjects.has(event.subjectUid)) return;
    this.otherSubjects.add(event.subjectUid);
    this.eventsOfOthers += 1;
  }

  remove(key: string): void {
    const event = this.byKey.get(key);
    if (!event) return;
    this.byKey.delete(key);
    const events = this.bySubject.get(event.subjectUid) ?? [];
    events.splice(events.indexOf(event), 1);
    if (this.otherSubjects.has(event.subjectUid)) this.eventsOfOthers -= 1;
    if (events.length > 0) return;
    this.bySubject.delete(event.subjectUid);
    this.otherSubjects.delete(event.subjectUid);
  }

  get(key: string): IndexedEvent | undefined {
    return this.byKey.get(key);
  }

  /** The newest stored event that says the same. */
  findSame(event: Omit<IndexedEvent, 'key' | 'namespace' | 'name' | 'count' | 'timestamp'>): IndexedEvent | undefined {
    return this.bySubject
      .get(event.subjectUid)
      ?.findLast(
        (kept) => kept.reason === event.reason && kept.message === event.message && kept.nodeName === event.nodeName,
      );
  }

  /** Takes the events out of the index that are one too many, oldest first, at most `limit`. */
  takeExcess(subjectUid: string, limit = 20): IndexedEvent[] {
    const excess: IndexedEvent[] = [];
    const own = this.bySubject.get(subjectUid) ?? [];
    while (own.length > maxEventsPerSubject && excess.length < limit) excess.push(this.takeOldest(own));
    while (this.eventsOfOthers > maxEventsOfOthers && excess.length < limit) {
      const [uid] = this.otherSubjects;
      const events = uid === undefined ? undefined : this.bySubject.get(uid);
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
    subjectUid: subjectKey(event),
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
