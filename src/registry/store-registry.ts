import type { ApiObject, ObjectKey, Stored } from '../model/api-object.js';
import type { JsonObject } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { namespaceKind } from '../model/namespace.js';
import { nodeKind } from '../model/node.js';
import { compileSelectors } from '../model/selectors.js';
import { taskEventKind, type TaskEvent } from '../model/task-event.js';
import { taskKind, type StoredTask } from '../model/task.js';
import { toTimestamp, type Clock } from '../support/clock.js';
import { isOrchError, type OrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import type { Store, StoreEntry, StoreOperation } from '../store/store.js';
import type { CreationGate } from './creation-gate.js';
import { applyJsonPatch, checkPatchedSize } from './json-patch.js';
import { KeyLock } from './key-lock.js';
import { applyMergePatch } from './merge-patch.js';
import { decodeEvent, decodeObject, encodeObject, type AnyStored } from './object-codec.js';
import { decodeContinueToken, encodeContinueToken, entriesAfter } from './paging.js';
import { planDeletion } from './plan-deletion.js';
import { checkFieldManager, checkAppliedIsNew, prepareApply, readApplied, updatedManagers } from './field-ownership.js';
import { applyObject } from './managed-fields/apply-object.js';
import { prepareCreate, type CreateFacts } from './prepare-create.js';
import { prepareMutation, prepareUpdate, type Decision, type UpdateFacts } from './prepare-update.js';
import { alreadyExists, forbidden, modified, notFound } from './registry-errors.js';
import type {
  DeleteOptions,
  ListOptions,
  ListResult,
  ObjectEvent,
  Patch,
  Registry,
  SubresourceOption,
  TaskEventInput,
  WriteOptions,
  WriteResult,
} from './registry.js';
import { checkNamesMatch, readSentObject, type SentObject } from './sent-object.js';
import { isPossibleKey, storeKey, storePrefix } from './store-keys.js';
import { indexEntry, type TaskEventIndex } from './task-event-index.js';
import type { TaskEventWriter } from './task-event-writer.js';
import { checkTaskMove, describeTaskDeletion, describeTaskMove, type TaskEventDraft } from './task-moves.js';

const maxTries = 10;
const maxNameTries = 8;
const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

export interface RegistryParts {
  store: Store;
  clock: Clock;
  random: Random;
  logger: Logger;
  index: TaskEventIndex;
  events: TaskEventWriter;
  gate: CreationGate;
  /** Told after each write; what it does must not throw. */
  onWritten(kind: Kind, object: AnyStored, fate: 'created' | 'stored' | 'gone'): void;
  /** Records what happened to a task without a move. */
  recordTaskEvent(event: TaskEventInput): Promise<void>;
}

/**
 * The Registry over a Store: reads the object, lets a pure function decide what becomes of it, writes that with
 * compare-and-set, and decides anew when somebody was faster.
 */
export class StoreRegistry implements Registry {
  private readonly locks = new KeyLock();

  constructor(private readonly parts: RegistryParts) {}

  get clusterUid(): string {
    return this.parts.store.clusterUid;
  }

  currentRevision(): number {
    return this.parts.store.currentRevision();
  }

  readOnlyReason(): string | undefined {
    return this.parts.store.readOnlyReason();
  }

  async get<T extends ApiObject>(kind: Kind, key: ObjectKey): Promise<Stored<T>> {
    const entry = await this.read(kind, key);
    if (!entry) throw notFound(kind, key.name);
    return decodeObject(entry.value, entry.revision) as unknown as Stored<T>;
  }

  async list<T extends ApiObject>(kind: Kind, options: ListOptions = {}): Promise<ListResult<T>> {
    const { namespace, limit = 0, continueToken } = options;
    const matches = compileSelectors(kind, options);
    const prefix = storePrefix(kind, namespace);
    const afterKey = continueToken ? decodeContinueToken(continueToken, prefix) : '';
    const { revision, entries } = await this.parts.store.list(prefix);
    const rest = afterKey === '' ? entries : entriesAfter(entries, afterKey);
    const items: Stored<T>[] = [];
    for (const [index, entry] of rest.entries()) {
      const object = decodeObject(entry.value, entry.revision);
      if (!matches(object)) continue;
      items.push(object as unknown as Stored<T>);
      if (limit <= 0 || items.length < limit) continue;
      const remaining = rest.length - index - 1;
      if (remaining === 0) break;
      const counted = options.labelSelector || options.fieldSelector ? {} : { remainingItemCount: remaining };
      return { items, revision, continueToken: encodeContinueToken(entry.key), ...counted };
    }
    return { items, revision };
  }

  async create<T extends ApiObject>(kind: Kind, sent: unknown, options: WriteOptions = {}): Promise<WriteResult<T>> {
    checkFieldManager(options.fieldManager);
    for (let tries = 1; ; tries += 1) {
      const { object, warnings } = this.prepareCreation(kind, sent, options, (next) =>
        updatedManagers(kind, undefined, next, options, this.timestamp()),
      );
      const key = storeKey(kind, object.metadata);
      try {
        return await this.locks.run(key, () => this.store<T>(kind, key, object, warnings, options));
      } catch (error) {
        const isServersName = !hasName(sent);
        if (!isServersName || tries >= maxNameTries || !isOrchError(error, 'AlreadyExists')) throw error;
      }
    }
  }

  async replace<T extends ApiObject>(
    kind: Kind,
    key: ObjectKey,
    sent: unknown,
    options: WriteOptions & SubresourceOption = {},
  ): Promise<WriteResult<T>> {
    checkSubresource(kind, key, options);
    checkFieldManager(options.fieldManager);
    const wanted = readSentObject(kind, sent);
    checkNamesMatch(wanted, key);
    return this.change<T>(kind, key, options, (current) =>
      prepareUpdate(kind, current, wanted, this.updateFacts(kind, options)),
    );
  }

  async patch<T extends ApiObject>(
    kind: Kind,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions & SubresourceOption = {},
  ): Promise<WriteResult<T>> {
    checkSubresource(kind, key, options);
    checkFieldManager(options.fieldManager);
    return this.change<T>(kind, key, options, (current) => {
      const target = current as unknown as JsonObject;
      const patched =
        patch.type === 'merge'
          ? applyMergePatch(target, patch.body)
          : applyJsonPatch(kind, key.name, target, patch.operations);
      checkPatchedSize(patched);
      const wanted = readSentObject(kind, patched);
      checkNamesMatch(wanted, current.metadata);
      return prepareUpdate(kind, current, wanted, this.updateFacts(kind, options));
    });
  }

  async apply<T extends ApiObject>(
    kind: Kind,
    key: ObjectKey,
    sent: unknown,
    options: WriteOptions & SubresourceOption & { fieldManager: string; force?: boolean },
  ): Promise<WriteResult<T> & { created: boolean }> {
    checkSubresource(kind, key, options);
    const configuration = readApplied(kind, key, sent, options.fieldManager);
    for (let tries = 1; ; tries += 1) {
      const exists = (await this.read(kind, key)) !== undefined;
      try {
        if (exists || options.subresource === 'status') {
          const result = await this.change<T>(kind, key, options, (current) =>
            prepareApply(kind, current, configuration, { ...options, timestamp: this.timestamp() }),
          );
          return { ...result, created: false };
        }
        checkAppliedIsNew(kind, key, configuration);
        return { ...(await this.createApplied<T>(kind, configuration, options)), created: true };
      } catch (error) {
        // Created or deleted by somebody else in between: look again.
        const isOvertaken = isOrchError(error, exists ? 'NotFound' : 'AlreadyExists');
        if (!isOvertaken || tries >= maxTries || options.subresource === 'status') throw error;
      }
    }
  }

  async mutate<T extends ApiObject>(
    kind: Kind,
    key: ObjectKey,
    change: (object: Stored<T>) => Stored<T> | undefined,
    options: { source?: string } = {},
  ): Promise<WriteResult<T>> {
    return this.change<T>(kind, key, options, (current) => {
      const changed = change(structuredClone(current) as unknown as Stored<T>);
      if (changed === undefined) return { object: current, fate: 'unchanged', warnings: [] };
      return prepareMutation(kind, current, changed as unknown as AnyStored);
    });
  }

  async delete<T extends ApiObject>(
    kind: Kind,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<{ object: Stored<T>; gone: boolean }> {
    let gone = false;
    const { object } = await this.change<T>(kind, key, options, async (current) => {
      const facts = { timestamp: this.timestamp(), nodeExists: await this.nodeOfTaskExists(kind, current) };
      const plan = planDeletion(kind, current, options, facts);
      gone = plan.fate === 'gone';
      return { ...plan, warnings: [], isDeletion: true };
    });
    return { object, gone };
  }

  watch<T extends ApiObject>(
    kind: Kind,
    options: { namespace?: string; afterRevision: number },
    onEvents: (events: ObjectEvent<T>[]) => void,
  ): { close(): void } {
    return this.parts.store.watch(storePrefix(kind, options.namespace), options.afterRevision, (events) =>
      onEvents(events.map((event) => decodeEvent(event) as unknown as ObjectEvent<T>)),
    );
  }

  recordTaskEvent(event: TaskEventInput): Promise<void> {
    return this.parts.recordTaskEvent(event);
  }

  private async createApplied<T extends ApiObject>(
    kind: Kind,
    configuration: SentObject,
    options: WriteOptions & { fieldManager: string },
  ): Promise<WriteResult<T>> {
    const { object, warnings } = this.prepareCreation(
      kind,
      configuration,
      options,
      (next) =>
        applyObject(kind, undefined, next as unknown as JsonObject, {
          manager: options.fieldManager,
          force: false,
          scope: 'main',
          timestamp: this.timestamp(),
        }).managedFields,
    );
    const key = storeKey(kind, object.metadata);
    return this.locks.run(key, () => this.store<T>(kind, key, object, warnings, options));
  }

  private updateFacts(kind: Kind, options: WriteOptions & SubresourceOption): UpdateFacts {
    return {
      scope: options.subresource ?? 'main',
      ...(options.fieldValidation ? { fieldValidation: options.fieldValidation } : {}),
      manageFields: (old, next) => updatedManagers(kind, old, next, options, this.timestamp()),
    };
  }

  private prepareCreation(
    kind: Kind,
    sent: unknown,
    options: WriteOptions,
    manageFields: CreateFacts['manageFields'],
  ): { object: AnyStored; warnings: string[] } {
    const prepared = prepareCreate(kind, sent, {
      uid: this.parts.random.uuid(),
      timestamp: this.timestamp(),
      nameSuffix: this.nameSuffix(),
      ...(manageFields ? { manageFields } : {}),
      ...(options.fieldValidation ? { fieldValidation: options.fieldValidation } : {}),
    });
    if (kind === taskKind) checkTaskMove(undefined, prepared.object as unknown as StoredTask);
    return prepared;
  }

  /** Stores a new object, with the first event of a task. Its key is locked. */
  private async store<T extends ApiObject>(
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
        kind === taskKind ? [describeTaskMove(undefined, object as unknown as StoredTask, sourceOf(options))] : [];
      if (kind === taskKind) this.parts.index.addTask(uid);
      const put: StoreOperation = { type: 'put', key, value: encodeObject(object), expect: 'absent' };
      const outcome = await this.commit(key, put, drafts);
      if (outcome.lost) {
        if (kind === taskKind) this.parts.index.removeTask(uid);
        throw outcome.lost.details.kind === key ? alreadyExists(kind, name) : outcome.lost;
      }
      const stored = withVersion(object, outcome.revision);
      this.afterWrite(kind, key, stored, 'created');
      return { object: stored as unknown as Stored<T>, changed: true, warnings };
    } finally {
      leave();
    }
  }

  /** The loop of every write to an object that exists. */
  private change<T extends ApiObject>(
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
        const outcome = await this.commit(place, operation, eventsOf(kind, current, decision, sourceOf(options)));
        if (outcome.lost) continue;
        const stored = withVersion(object, outcome.revision);
        this.afterWrite(kind, place, stored, fate);
        return { object: stored as unknown as Stored<T>, changed: true, warnings };
      }
      throw modified(kind, key.name);
    });
  }

  /** Commits the write and its events. `lost` when a compare-and-set failed; other errors are thrown. */
  private async commit(
    key: string,
    operation: StoreOperation,
    drafts: readonly (TaskEventDraft | undefined)[],
  ): Promise<{ revision: number; lost?: OrchError }> {
    const planned = this.parts.events.plan(drafts.filter((draft) => draft !== undefined));
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
    if (kind === taskKind && fate === 'gone') index.removeTask(object.metadata.uid);
    if (kind === taskEventKind) {
      if (fate === 'gone') index.remove(key);
      if (fate === 'created') index.add(indexEntry(key, object as unknown as TaskEvent));
    }
    this.parts.onWritten(kind, object, fate);
  }

  private async checkNamespace(kind: Kind, name: string, namespace: string): Promise<void> {
    const entry = await this.read(namespaceKind, { name: namespace });
    if (!entry) throw notFound(namespaceKind, namespace);
    if (decodeObject(entry.value, entry.revision).metadata.deletionTimestamp === undefined) return;
    throw forbidden(
      kind,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
  }

  private async nodeOfTaskExists(kind: Kind, current: AnyStored): Promise<boolean> {
    if (kind !== taskKind) return false;
    const { nodeName } = (current as unknown as StoredTask).spec;
    return nodeName !== undefined && (await this.read(nodeKind, { name: nodeName })) !== undefined;
  }

  private async read(kind: Kind, key: ObjectKey): Promise<StoreEntry | undefined> {
    return isPossibleKey(kind, key) ? this.parts.store.get(storeKey(kind, key)) : undefined;
  }

  private timestamp(): string {
    return toTimestamp(this.parts.clock.now());
  }

  private nameSuffix(): string {
    const letters = Array.from({ length: 5 }, () => {
      return nameAlphabet[Math.floor(this.parts.random.next() * nameAlphabet.length)] ?? 'x';
    });
    return letters.join('');
  }
}

interface ChangeDecision extends Decision {
  isDeletion?: boolean;
}

/** What the change means in the life of a task: a move, an end, or both. */
function eventsOf(
  kind: Kind,
  current: AnyStored,
  { object, fate, isDeletion = false }: ChangeDecision,
  source: string,
): (TaskEventDraft | undefined)[] {
  if (kind !== taskKind) return [];
  const [old, next] = [current as unknown as StoredTask, object as unknown as StoredTask];
  const isMarked = isDeletion && old.metadata.deletionTimestamp === undefined;
  return [
    describeTaskMove(old, next, source),
    fate === 'gone' || isMarked ? describeTaskDeletion(next, fate === 'gone', source) : undefined,
  ];
}

function withVersion(object: AnyStored, revision: number): AnyStored {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

function sourceOf(options: { source?: string; fieldManager?: string }): string {
  return options.source ?? options.fieldManager ?? 'orch';
}

function hasName(sent: unknown): boolean {
  if (!isJsonObject(sent) || !isJsonObject(sent['metadata'])) return true;
  return Boolean(sent['metadata']['name']);
}

function checkSubresource(kind: Kind, key: ObjectKey, { subresource }: SubresourceOption): void {
  if (subresource === 'status' && !kind.hasStatus) throw notFound(kind, `${key.name}/status`);
}
