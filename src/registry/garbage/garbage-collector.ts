import { keyOf, type ApiObject } from '../../model/api-object.js';
import type { Kind } from '../../model/kind.js';
import { findKind, kinds } from '../../model/kinds.js';
import { hasBeenPod } from '../../model/pod-identity.js';
import { taskEventKind } from '../../model/task-event.js';
import { taskKind, type StoredTask } from '../../model/task.js';
import type { Clock } from '../../support/clock.js';
import { errorMessage, isOrchError } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import type { Random } from '../../support/random.js';
import { WorkQueue } from '../../support/work-queue.js';
import type { AnyStored } from '../object-codec.js';
import type { ObjectReader } from '../object-reader.js';
import type { Registry } from '../registry.js';
import { storeKey } from '../store-keys.js';
import { isPodReference, OwnerIndex, refersTo, type OwnerIdentity, type TrackedObject } from './owner-index.js';
import {
  foregroundFinalizer,
  orphanFinalizer,
  planCollection,
  type CollectionStep,
  type DependentFacts,
  type OwnerState,
} from './plan-collection.js';

const source = 'garbage-collector';
const concurrency = 16;

/**
 * Lets objects go whose owners are gone (metadata.ownerReferences). What is written arrives; deletions and dropped references
 * leave, through the registry. Level-triggered: each step looks at the store as it is, under the object's uid as a
 * precondition, so it may be repeated or be overtaken at any time. Failures are logged and tried again.
 */
export class GarbageCollector {
  private readonly index = new OwnerIndex();
  private readonly queue: WorkQueue;

  constructor(
    private readonly parts: {
      clock: Clock;
      random: Random;
      logger: Logger;
      reader: ObjectReader;
      registry: () => Registry;
    },
  ) {
    this.queue = new WorkQueue({
      clock: parts.clock,
      random: () => parts.random.next(),
      concurrency,
      process: (key) => this.work(key),
      onError: (key, error, retryMilliseconds) =>
        parts.logger.warn('an object could not be collected and is looked at again', {
          key,
          error: errorMessage(error),
          retryMilliseconds,
        }),
    });
  }

  /** Takes in everything that is stored. */
  async resume(): Promise<void> {
    for (const kind of kinds) {
      if (kind === taskEventKind) continue;
      const { items } = await this.parts.reader.list(kind);
      for (const item of items) this.onWritten(kind, item as unknown as AnyStored, 'created');
    }
  }

  hasDependents(owner: OwnerIdentity): boolean {
    return this.index.hasDependents(owner);
  }

  /** To be told of every write. */
  onWritten(kind: Kind, object: AnyStored, fate: 'created' | 'stored' | 'gone'): void {
    if (kind === taskEventKind) return;
    const key = storeKey(kind, object.metadata);
    const identity = { kind, key: keyOf(object), uid: object.metadata.uid };
    if (fate === 'gone') {
      const owners = this.index.get(key)?.owners ?? [];
      this.index.forget(key);
      // Its dependents have one owner less; an owner that waited for it may be free to go.
      for (const dependent of this.index.dependentsOf(identity)) this.queue.add(dependent);
      for (const owner of owners) {
        const ownerKey = keyOfOwner(owner, object.metadata.namespace);
        if (ownerKey && this.index.get(ownerKey.place)) this.queue.add(ownerKey.place);
      }
      return;
    }
    const waits = isWaiting(object);
    if (this.index.note(key, kind, object, waits)) this.queue.add(key);
    if (!waits) return;
    this.queue.add(key);
    for (const dependent of this.index.dependentsOf(identity)) this.queue.add(dependent);
  }

  async close(): Promise<void> {
    await this.queue.stop();
  }

  private async work(key: string): Promise<undefined> {
    const tracked = this.index.get(key);
    const object = tracked && (await this.parts.reader.find(tracked.kind, tracked.key));
    if (!object || object.metadata.uid !== tracked.uid) return;
    const owners = new Map<string, OwnerState>();
    for (const owner of tracked.owners) owners.set(owner.uid, await this.stateOfOwner(owner, tracked));
    const dependents = await this.dependentsOf(tracked);
    const step = planCollection(
      object.metadata,
      owners,
      dependents.map(({ facts }) => facts),
    );
    if (!step) return;
    try {
      await this.execute(step, tracked);
    } catch (error) {
      // Gone, or somebody was faster: what they wrote brings the object here again.
      if (!isOrchError(error, 'NotFound') && !isOrchError(error, 'Conflict')) throw error;
    }
  }

  private async execute(step: CollectionStep, { kind, key, uid }: TrackedObject): Promise<void> {
    const registry = this.parts.registry();
    switch (step.type) {
      case 'delete':
        this.parts.logger.info('an object goes after its owners', { kind: kind.kind, ...key });
        await registry.delete(kind, key, { preconditions: { uid }, propagationPolicy: step.propagationPolicy });
        return;
      case 'dropOwners':
        return this.dropOwners({ kind, key, uid }, step.uids);
      case 'disownDependents':
        for (const { tracked } of await this.dependentsOf({ kind, key, uid })) {
          const mine = tracked.owners.filter((owner) => refersTo(owner, tracked.key.namespace, { kind, key, uid }));
          await this.dropOwners(
            tracked,
            mine.map((owner) => owner.uid),
          );
        }
        // With the last of them the object's own finalizer can go: it is looked at again.
        this.queue.add(storeKey(kind, key));
        return;
      case 'dropFinalizer':
        await registry.mutate<ApiObject>(
          kind,
          key,
          (object) => {
            if (object.metadata.uid !== uid) return undefined;
            const finalizers = (object.metadata.finalizers ?? []).filter((name) => name !== step.finalizer);
            return { ...object, metadata: { ...object.metadata, finalizers } };
          },
          { source },
        );
    }
  }

  private async dropOwners(target: Pick<TrackedObject, 'kind' | 'key' | 'uid'>, uids: string[]): Promise<void> {
    await this.parts.registry().mutate<ApiObject>(
      target.kind,
      target.key,
      (object) => {
        if (object.metadata.uid !== target.uid) return undefined;
        const { ownerReferences = [], ...metadata } = object.metadata;
        const left = ownerReferences.filter((owner) => !uids.includes(owner.uid));
        return { ...object, metadata: { ...metadata, ...(left.length > 0 ? { ownerReferences: left } : {}) } };
      },
      { source },
    );
  }

  private async dependentsOf(of: OwnerIdentity): Promise<{ tracked: TrackedObject; facts: DependentFacts }[]> {
    const found = [];
    for (const key of this.index.dependentsOf(of)) {
      const tracked = this.index.get(key);
      const object = tracked && (await this.parts.reader.find(tracked.kind, tracked.key));
      if (!object || object.metadata.uid !== tracked.uid) continue;
      const facts = {
        blocksOwner: tracked.owners.some(
          (owner) => owner.blockOwnerDeletion === true && refersTo(owner, tracked.key.namespace, of),
        ),
        deletedInForeground: isDeletedInForeground(object),
      };
      found.push({ tracked, facts });
    }
    return found;
  }

  private async stateOfOwner(owner: TrackedObject['owners'][number], of: TrackedObject): Promise<OwnerState> {
    const found = keyOfOwner(owner, of.key.namespace);
    if (!found) return 'unknown';
    const object = await this.parts.reader.find(found.kind, found.key);
    if (!object) return 'absent';
    const isIts = isPodReference(owner)
      ? hasBeenPod(object as unknown as StoredTask, owner.uid)
      : object.metadata.uid === owner.uid;
    if (isIts === undefined) return 'unknown';
    if (!isIts) return 'absent';
    return isDeletedInForeground(object) ? 'deletedInForeground' : 'present';
  }
}

/**
 * Where an owner is: in the namespace of its dependent, or in none; a Pod is where its Task is. Undefined for kinds that are not
 * stored here.
 */
function keyOfOwner(
  owner: TrackedObject['owners'][number],
  namespace: string | undefined,
): { kind: Kind; key: TrackedObject['key']; place: string } | undefined {
  const kind = isPodReference(owner) ? taskKind : findKind(owner.apiVersion, owner.kind);
  if (!kind || (kind.namespaced && namespace === undefined)) return undefined;
  const key = kind.namespaced && namespace !== undefined ? { namespace, name: owner.name } : { name: owner.name };
  return { kind, key, place: storeKey(kind, key) };
}

function isWaiting({ metadata }: AnyStored): boolean {
  const { deletionTimestamp, finalizers = [] } = metadata;
  if (deletionTimestamp === undefined) return false;
  return finalizers.includes(foregroundFinalizer) || finalizers.includes(orphanFinalizer);
}

function isDeletedInForeground(object: AnyStored): boolean {
  return isWaiting(object) && (object.metadata.finalizers ?? []).includes(foregroundFinalizer);
}
