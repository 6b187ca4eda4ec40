import type { OwnerIdentity } from './garbage/owner-index.js';
import type { ApiObject, ObjectKey, Stored } from '../model/api-object.js';
import type { JsonObject } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { nodeKind } from '../model/node.js';
import { taskKind, type StoredTask } from '../model/task.js';
import { toTimestamp, type Clock } from '../support/clock.js';
import { isOrchError } from '../support/errors.js';
import type { Random } from '../support/random.js';
import type { Store } from '../store/store.js';
import { checkAppliedIsNew, checkFieldManager, prepareApply, readApplied, updatedManagers } from './field-ownership.js';
import { applyJsonPatch, checkPatchedSize } from './json-patch.js';
import { applyObject } from './managed-fields/apply-object.js';
import { applyMergePatch } from './merge-patch.js';
import type { AnyStored } from './object-codec.js';
import type { ObjectReader } from './object-reader.js';
import type { ObjectWriter } from './object-writer.js';
import { isUntoldForce, planDeletion } from './plan-deletion.js';
import { prepareCreate, type CreateFacts } from './prepare-create.js';
import { prepareMutation, prepareUpdate, type UpdateFacts } from './prepare-update.js';
import { notFound } from './registry-errors.js';
import type {
  DeleteOptions,
  EventInput,
  ListOptions,
  ListResult,
  ObjectEvent,
  Patch,
  Registry,
  SubresourceOption,
  DecodingOptions,
  WriteOptions,
  WriteResult,
} from './registry.js';
import { checkNamesMatch, readSentObject, type SentObject } from './sent-object.js';
import { checkTaskMove } from './task-moves.js';

const maxTries = 10;
const maxNameTries = 8;
const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

interface RegistryParts {
  store: Store;
  clock: Clock;
  random: Random;
  reader: ObjectReader;
  writer: ObjectWriter;
  /** Records what happened to a task without a move. */
  recordTaskEvent(event: EventInput): Promise<void>;
  /** Whether other objects name the one with this uid as their owner. */
  hasDependents(owner: OwnerIdentity): boolean;
}

/**
 * The Registry over a Store: reads the object, lets a pure function decide what becomes of it, writes that with
 * compare-and-set, and decides anew when somebody was faster.
 */
export class StoreRegistry implements Registry {
  constructor(private readonly parts: RegistryParts) {}

  get clusterUid(): string {
    return this.parts.store.clusterUid;
  }

  get restoreUid(): string | undefined {
    return this.parts.store.restoreUid;
  }

  snapshot(): ReturnType<Registry['snapshot']> {
    return this.parts.store.list('');
  }

  currentRevision(): number {
    return this.parts.store.currentRevision();
  }

  readOnlyReason(): string | undefined {
    return this.parts.store.readOnlyReason();
  }

  get<T extends ApiObject>(kind: Kind, key: ObjectKey): Promise<Stored<T>> {
    return this.parts.reader.get<T>(kind, key);
  }

  list<T extends ApiObject>(kind: Kind, options: ListOptions = {}): Promise<ListResult<T>> {
    return this.parts.reader.list<T>(kind, options);
  }

  async create<T extends ApiObject>(kind: Kind, sent: unknown, options: WriteOptions = {}): Promise<WriteResult<T>> {
    checkFieldManager(options.fieldManager);
    for (let tries = 1; ; tries += 1) {
      const { object, warnings } = this.prepareCreation(kind, sent, options, (next) =>
        updatedManagers(kind, undefined, next, options, this.timestamp()),
      );
      try {
        return await this.parts.writer.create<T>(kind, object, warnings, options);
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
    return this.parts.writer.change<T>(kind, key, options, (current) =>
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
    return this.parts.writer.change<T>(kind, key, options, (current) => {
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
      const exists = (await this.parts.reader.find(kind, key)) !== undefined;
      try {
        if (exists || options.subresource === 'status') {
          const result = await this.parts.writer.change<T>(kind, key, options, (current) =>
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
    return this.parts.writer.change<T>(kind, key, options, (current) => {
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
    let isAnnounced = false;
    const { object } = await this.parts.writer.change<T>(kind, key, options, async (current) => {
      const facts = {
        timestamp: this.timestamp(),
        nodeExists: await this.nodeOfTaskExists(kind, current),
        hasDependents: this.parts.hasDependents({ kind, key, uid: current.metadata.uid }),
      };
      const plan = planDeletion(kind, current, options, facts);
      isAnnounced = !options.dryRun && facts.nodeExists && isUntoldForce(kind, current, plan.fate);
      if (isAnnounced) return { ...plan, fate: 'stored', warnings: [], isDeletion: true };
      gone = plan.fate === 'gone';
      return { ...plan, warnings: [], isDeletion: true };
    });
    if (!isAnnounced) return { object, gone };
    const ending = { ...options, preconditions: { uid: object.metadata.uid } };
    return this.delete<T>(kind, key, ending).catch((error: unknown) => {
      // Its worker was faster.
      if (isOrchError(error, 'NotFound') || isOrchError(error, 'Conflict')) return { object, gone: true };
      throw error;
    });
  }

  watch<T extends ApiObject>(
    kind: Kind,
    options: { namespace?: string; afterRevision: number },
    onEvents: (events: ObjectEvent<T>[]) => void,
  ): { close(): void } {
    return this.parts.reader.watch<T>(kind, options, onEvents);
  }

  recordTaskEvent(event: EventInput): Promise<void> {
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
    return this.parts.writer.create<T>(kind, object, warnings, options);
  }

  private updateFacts(kind: Kind, options: WriteOptions & SubresourceOption): UpdateFacts {
    return {
      scope: options.subresource ?? 'main',
      ...decodingOptions(options),
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
      ...(options.asSystem ? { asSystem: true } : {}),
      ...(manageFields ? { manageFields } : {}),
      ...decodingOptions(options),
    });
    if (kind === taskKind) checkTaskMove(undefined, prepared.object as unknown as StoredTask);
    return prepared;
  }

  private async nodeOfTaskExists(kind: Kind, current: AnyStored): Promise<boolean> {
    if (kind !== taskKind) return false;
    const { nodeName } = (current as unknown as StoredTask).spec;
    return nodeName !== undefined && (await this.parts.reader.find(nodeKind, { name: nodeName })) !== undefined;
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

function hasName(sent: unknown): boolean {
  if (!isJsonObject(sent) || !isJsonObject(sent['metadata'])) return true;
  return Boolean(sent['metadata']['name']);
}

function checkSubresource(kind: Kind, key: ObjectKey, { subresource }: SubresourceOption): void {
  if (subresource === 'status' && !kind.hasStatus) throw notFound(kind, `${key.name}/status`);
}

function decodingOptions({ fieldValidation, duplicateFields }: DecodingOptions): DecodingOptions {
  return { ...(fieldValidation ? { fieldValidation } : {}), ...(duplicateFields ? { duplicateFields } : {}) };
}
