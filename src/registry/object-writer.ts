import type { ApiObject, ObjectKey, Stored } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import { namespaceKind } from '../model/namespace.js';
import { taskEventKind, type TaskEvent } from '../model/task-event.js';
import { taskKind, type StoredTask } from '../model/task.js';
import { isOrchError, type OrchError } from '../support/errors.js';
import type { Store, StoreOperation } from '../store/store.js';
import type { CreationGate } from './creation-gate.js';
import { KeyLock } from './key-lock.js';
import { decodeObject, encodeObject, type AnyStored } from './object-codec.js';
import type { ObjectReader } from './object-reader.js';
import type { Decision } from './prepare-update.js';
import { alreadyExists, forbidden, modified, notFound } from './registry-errors.js';
import type { WriteOptions, WriteResult } from './registry.js';
import { isPossibleKey, storeKey } from './store-keys.js';
import { indexEntry, type TaskEventIndex } from './task-event-index.js';
import type { PlannedEvents, TaskEventWriter } from './task-event-writer.js';
import { describeTaskDeletion, describeTaskMove, type TaskEventDraft } from './task-moves.js';

const maxTries = 10;

interface WriterParts {
  store: Store;
  reader: ObjectReader;
  index: TaskEventIndex;
  events: TaskEventWriter;
  gate: CreationGate;
  /** Told after each write; what it does must not throw. */
  onWritten(kind: Kind, object: AnyStored, fate: 'created' | 'stored' | 'gone'): void;
}

/** What becomes of an object, and whether that is because somebody asked for its deletion. */
interface ChangeDecision extends Decision {
  isDeletion?: boolean;
}

/**
 * The writing half of the registry. Arrives: a new object, or a pure function that decides what becomes of a stored one.
 * Leaves: one transaction with the object and the events of its task. A write that somebody overtook is decided anew.
 */
export class ObjectWriter {
  private readonly locks = new KeyLock();

  constructor(private readonly parts: WriterParts) {}

  /** Stores a new object, with the first event of a task. Rejects with AlreadyExists, NotFound or Forbidden (the namespace). */
  create<T extends ApiObject>(
    kind: Kind,
    object: AnyStored,
    warnings: string[],
    options: WriteOptions,
  ): Promise<WriteResult<T>> {
    const key = storeKey(kind, object.metadata);
    return this.locks.run(key, () => this.insert<T>(kind, key, object, warnings, options));
  }

  private async insert<T extends ApiObject>(
    kind: Kind,
    key: string,
    object: AnyStored,
    warnings: string[],
    options: WriteOptions,
  ): Promise<WriteResult<T>> {
    const { name, namespace, uid } = object.metadata;
    const leave = namespace === undefined ? (): void => undefined : this.parts.gate.enter(namespace);
    try {
      if (namespace !== undefined) await this.checkNamespace(kind, name, namespace);
      if (await this.parts.store.get(key)) throw alreadyExists(kind, name);
      if (options.dryRun) return { object: object as unknown as Stored<T>, changed: true, warnings };
      const drafts =
        kind === taskKind
          ? present([describeTaskMove(undefined, object as unknown as StoredTask, sourceOf(options))])
          : [];
      const put: StoreOperation = { type: 'put', key, value: encodeObject(object), expect: 'absent' };
      if (kind.hasEvents) this.parts.index.addSubject(uid);
      let isStored = false;
      try {
        const outcome = await this.commit(key, put, this.plan(kind, key, object, drafts));
        if (outcome.lost) throw outcome.lost.details.kind === key ? alreadyExists(kind, name) : outcome.lost;
        isStored = true;
        const stored = withVersion(object, outcome.revision);
        this.afterWrite(kind, key, stored, 'created');
        return { object: stored as unknown as Stored<T>, changed: true, warnings };
      } finally {
        if (kind.hasEvents && !isStored) this.parts.index.removeSubject(uid);
      }
    } finally {
      leave();
    }
  }

  /** The loop of every write to an object that exists. */
  change<T extends ApiObject>(
    kind: Kind,
    key: ObjectKey,
    options: WriteOptions & { source?: string },
    decide: (current: AnyStored) => ChangeDecision | Promise<ChangeDecision>,
  ): Promise<WriteResult<T>> {
    if (!isPossibleKey(kind, key)) return Promise.reject(notFound(kind, key.name));
    const place = storeKey(kind, key);
    return this.locks.run(place, async () => {
      for (let tries = 0; tries < maxTries; tries += 1) {
        const entry = await this.parts.store.get(place);
        if (!entry) throw notFound(kind, key.name);
        const current = decodeObject(entry.value, entry.revision);
        const decision = await decide(current);
        const { object, fate, warnings } = decision;
        if (fate === 'unchanged' || options.dryRun) {
          return { object: object as unknown as Stored<T>, changed: fate !== 'unchanged', warnings };
        }
        const operation: StoreOperation =
          fate === 'gone'
            ? { type: 'delete', key: place, expect: entry.revision }
            : { type: 'put', key: place, value: encodeObject(object), expect: entry.revision };
        const outcome = await this.commit(
          place,
          operation,
          this.parts.events.plan(eventsOf(kind, current, decision, sourceOf(options))),
        );
        if (outcome.lost) continue;
        const stored = withVersion(object, outcome.revision);
        this.afterWrite(kind, place, stored, fate);
        return { object: stored as unknown as Stored<T>, changed: true, warnings };
      }
      throw modified(kind, key.name);
    });
  }

  /** The events that go with a new object; of an event the older ones that it puts out. */
  private plan(kind: Kind, key: string, object: AnyStored, drafts: readonly TaskEventDraft[]): PlannedEvents {
    const { events } = this.parts;
    return kind === taskEventKind ? events.planRoomFor(key, object as unknown as TaskEvent) : events.plan(drafts);
  }

  /** Commits the write and its events. `lost` when a compare-and-set failed; other errors are thrown. */
  private async commit(
    key: string,
    operation: StoreOperation,
    planned: PlannedEvents,
  ): Promise<{ revision: number; lost?: OrchError }> {
    try {
      const { revision } = await this.parts.store.commit([
        operation,
        ...planned.operations.filter((other) => other.key !== key),
      ]);
      planned.settle(true);
      return { revision };
    } catch (error) {
      planned.settle(false);
      if (isOrchError(error, 'Conflict')) return { revision: 0, lost: error };
      throw error;
    }
  }

  private afterWrite(kind: Kind, key: string, object: AnyStored, fate: 'created' | 'stored' | 'gone'): void {
    const { index } = this.parts;
    if (kind.hasEvents && fate === 'gone') index.removeSubject(object.metadata.uid);
    if (kind === taskEventKind) {
      if (fate === 'gone') index.remove(key);
      if (fate === 'created') index.add(indexEntry(key, object as unknown as TaskEvent));
    }
    this.parts.onWritten(kind, object, fate);
  }

  private async checkNamespace(kind: Kind, name: string, namespace: string): Promise<void> {
    const home = await this.parts.reader.find(namespaceKind, { name: namespace });
    if (!home) throw notFound(namespaceKind, namespace);
    if (home.metadata.deletionTimestamp === undefined) return;
    throw forbidden(
      kind,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
  }
}

/** What the change means in the life of a task: a move, an end, or both. */
function eventsOf(
  kind: Kind,
  current: AnyStored,
  { object, fate, isDeletion = false }: ChangeDecision,
  source: string,
): TaskEventDraft[] {
  if (kind !== taskKind) return [];
  const old = current as unknown as StoredTask;
  const next = object as unknown as StoredTask;
  const isMarked = isDeletion && old.metadata.deletionTimestamp === undefined;
  return present([
    describeTaskMove(old, next, source),
    fate === 'gone' || isMarked ? describeTaskDeletion(next, fate === 'gone', source) : undefined,
  ]);
}

function present(drafts: readonly (TaskEventDraft | undefined)[]): TaskEventDraft[] {
  return drafts.filter((draft) => draft !== undefined);
}

function withVersion(object: AnyStored, revision: number): AnyStored {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

function sourceOf(options: { source?: string; fieldManager?: string }): string {
  return options.source ?? options.fieldManager ?? 'orch';
}
