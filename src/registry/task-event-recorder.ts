import type { ObjectKey } from '../model/api-object.js';
import { namespaceKind } from '../model/namespace.js';
import { taskEventKind, type StoredTaskEvent } from '../model/task-event.js';
import { toTimestamp, type Clock, type Timer } from '../support/clock.js';
import { errorMessage, isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Store } from '../store/store.js';
import type { CreationGate } from './creation-gate.js';
import { decodeObject } from './object-codec.js';
import type { EventInput, Registry } from './registry.js';
import { isPossibleKey, storeKey } from './store-keys.js';
import { subjectOfInput } from './task-event-object.js';
import type { TaskEventIndex } from './task-event-index.js';
import type { TaskEventWriter } from './task-event-writer.js';

const coalesceMilliseconds = 10_000;
const maxReasonLength = 128;
const maxMessageLength = 4096;

interface Repetition {
  key: ObjectKey;
  count: number;
  lastTimestamp: string;
  timer: Timer;
}

/**
 * Events that are no moves. The same thing again raises count instead of making a new event, and is written at most once
 * in 10 seconds. What cannot be written is logged: an event is never a reason to stop work.
 */
export class TaskEventRecorder {
  /** By store key: how often it happened since it was written last. */
  private readonly repetitions = new Map<string, Repetition>();
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly parts: {
      store: Store;
      clock: Clock;
      logger: Logger;
      index: TaskEventIndex;
      events: TaskEventWriter;
      gate: CreationGate;
      registry: () => Registry;
    },
  ) {}

  async record(event: EventInput): Promise<void> {
    const input: EventInput = {
      ...event,
      reason: event.reason.slice(0, maxReasonLength),
      message: event.message.slice(0, maxMessageLength),
    };
    await this.guarded(async () => {
      const { uid: subjectUid } = subjectOfInput(input);
      const same = this.parts.index.findSame({ subjectUid, ...wordsOf(input) });
      if (same) this.repeat(same.key, { namespace: same.namespace, name: same.name });
      else await this.writeNew(input);
    });
  }

  /** Writes what is still counted in memory only. */
  async close(): Promise<void> {
    for (const key of [...this.repetitions.keys()]) this.flush(key);
    await Promise.all(this.underWay);
  }

  private repeat(storeKeyOfEvent: string, key: ObjectKey): void {
    const lastTimestamp = toTimestamp(this.parts.clock.now());
    const known = this.repetitions.get(storeKeyOfEvent);
    if (known) {
      known.count += 1;
      known.lastTimestamp = lastTimestamp;
      return;
    }
    const timer = this.parts.clock.setTimer(() => this.flush(storeKeyOfEvent), coalesceMilliseconds);
    this.repetitions.set(storeKeyOfEvent, { key, count: 1, lastTimestamp, timer });
  }

  private flush(storeKeyOfEvent: string): void {
    const repetition = this.repetitions.get(storeKeyOfEvent);
    if (!repetition) return;
    this.repetitions.delete(storeKeyOfEvent);
    repetition.timer.cancel();
    const { key, count, lastTimestamp } = repetition;
    const work = this.guarded(async () => {
      await this.parts.registry().mutate<StoredTaskEvent>(taskEventKind, key, (stored) => ({
        ...stored,
        count: (stored.count ?? 1) + count,
        lastTimestamp,
      }));
    });
    this.underWay.add(work);
    const forget = (): boolean => this.underWay.delete(work);
    work.then(forget, forget);
  }

  private async writeNew(input: EventInput): Promise<void> {
    const subject = subjectOfInput(input);
    const { namespace } = subject;
    const home = { name: namespace };
    if (!isPossibleKey(namespaceKind, home) || !isPossibleKey(taskEventKind, subject)) return;
    // Known at once, so that the same thing told twice at a time makes one event.
    const planned = this.parts.events.plan([input]);
    const leave = this.parts.gate.enter(namespace);
    let committed = false;
    try {
      const entry = await this.parts.store.get(storeKey(namespaceKind, home));
      // A namespace on its way out takes its events along: a new one might be left behind.
      if (!entry || decodeObject(entry.value, entry.revision).metadata.deletionTimestamp !== undefined) return;
      await this.parts.store.commit(planned.operations);
      committed = true;
    } finally {
      planned.settle(committed);
      leave();
    }
  }

  private async guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isOrchError(error, 'NotFound')) return;
      this.parts.logger.warn('a task event was not recorded', { error: errorMessage(error) });
    }
  }
}

function wordsOf(input: EventInput): { reason: string; message: string; nodeName: string } {
  return { reason: input.reason, message: input.message, nodeName: input.nodeName ?? '' };
}
