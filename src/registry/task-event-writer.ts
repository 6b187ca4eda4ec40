import type { JsonObject } from '../model/json.js';
import { taskEventKind, type TaskEvent } from '../model/task-event.js';
import { toTimestamp, type Clock } from '../support/clock.js';
import type { Random } from '../support/random.js';
import type { StoreOperation } from '../store/store.js';
import { storeKey } from './store-keys.js';
import { buildTaskEvent } from './task-event-object.js';
import { indexEntry, type IndexedEvent, type TaskEventIndex } from './task-event-index.js';
import type { TaskEventDraft } from './task-moves.js';

/** Operations for a transaction, and what to call when it is over. */
export interface PlannedEvents {
  operations: StoreOperation[];
  /** Call once with whether the transaction was committed: otherwise the index is put back as it was. */
  settle(committed: boolean): void;
}

/**
 * Turns what happened to a task into store operations: the event, and the removal of those that it makes one too many.
 */
export class TaskEventWriter {
  private sequence = 0;

  constructor(private readonly parts: { clock: Clock; random: Random; index: TaskEventIndex }) {}

  plan(drafts: readonly TaskEventDraft[]): PlannedEvents {
    const added: IndexedEvent[] = [];
    const operations = drafts.map((draft): StoreOperation => {
      const event = this.build(draft);
      const key = storeKey(taskEventKind, event.metadata);
      const entry = indexEntry(key, event);
      this.parts.index.add(entry);
      added.push(entry);
      return { type: 'put', key, value: event as unknown as JsonObject, expect: 'absent' };
    });
    return this.makeRoom(added, operations);
  }

  /** The removal of what an event that somebody else writes makes one too many. */
  planRoomFor(key: string, event: TaskEvent): PlannedEvents {
    const entry = indexEntry(key, event);
    this.parts.index.add(entry);
    return this.makeRoom([entry], []);
  }

  private makeRoom(added: readonly IndexedEvent[], operations: StoreOperation[]): PlannedEvents {
    const own = new Set(added.map((entry) => entry.key));
    const removed = added
      .flatMap((entry) => this.parts.index.takeExcess(entry.subjectUid))
      .filter((entry) => !own.has(entry.key));
    for (const { key } of removed) operations.push({ type: 'delete', key, expect: 'any' });
    return {
      operations,
      settle: (committed) => {
        if (committed) return;
        for (const { key } of added) this.parts.index.remove(key);
        for (const entry of removed) this.parts.index.add(entry);
      },
    };
  }

  private build(draft: TaskEventDraft): TaskEvent & { metadata: { name: string; namespace: string } } {
    const nowMilliseconds = this.parts.clock.now();
    this.sequence += 1;
    return buildTaskEvent(draft, {
      uid: this.parts.random.uuid(),
      timestamp: toTimestamp(nowMilliseconds),
      nowMilliseconds,
      sequence: this.sequence,
    });
  }
}
