import type { ApiObject, ObjectMeta } from '../model/api-object.js';
import type { JsonObject } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { namespaceKind } from '../model/namespace.js';
import { taskKind, type StoredTask } from '../model/task.js';
import { checkIsUsers, checkUnknownFields, checkValid } from './check-object.js';
import { jsonEqual } from './json-equal.js';
import { readManagers, type ManagedFields } from './managed-fields/managers.js';
import type { AnyStored } from './object-codec.js';
import { checkSize } from './object-size.js';
import { invalid, modified, preconditionFailed } from './registry-errors.js';
import type { DecodingOptions } from './registry.js';
import type { SentObject } from './sent-object.js';
import { checkTaskMove } from './task-moves.js';
import type { UpdateScope } from './update-scope.js';

/** What becomes of the stored object. */
export type Fate = 'unchanged' | 'stored' | 'gone';

export interface Decision {
  object: AnyStored;
  fate: Fate;
  warnings: string[];
}

export interface UpdateFacts extends DecodingOptions {
  scope: UpdateScope;
  /** Ownership of the fields after this write, from the object before and after. Absent: ownership stays. */
  manageFields?: (old: AnyStored, next: AnyStored) => ObjectMeta['managedFields'];
}

/** What a user may change in metadata. */
const changeableMetadata = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/**
 * What a write makes of the stored object. `wanted` is the whole object as the writer wants it (sent, or patched).
 * Throws Conflict when its resourceVersion or uid is not the stored one, else BadRequest or Invalid. An equal result is
 * 'unchanged' and keeps its resourceVersion. Pure.
 */
export function prepareUpdate(kind: Kind, current: AnyStored, wanted: SentObject, facts: UpdateFacts): Decision {
  checkPreconditions(kind, current, wanted.metadata);
  checkIsUsers(kind, current);
  const { object: known, warnings } = checkUnknownFields(
    kind,
    withoutForeignParts(kind, wanted, current, facts.scope),
    facts,
  );
  const draft = assemble(kind, current, known as SentObject, facts.scope);
  checkFinalizers(kind, current, draft);
  const owned = withManagedFields(current, draft, wanted, facts);
  if (jsonEqual(owned, current)) return { object: current, fate: 'unchanged', warnings };
  checkIsUsers(kind, owned);
  const next = withGeneration(current, owned);
  checkSize(kind, current.metadata.name, next, facts.scope);
  checkValid(kind, current.metadata.name, withoutVersion(next), current, facts.scope === 'status' ? 'status' : 'all');
  if (kind === taskKind) checkTaskMove(current as unknown as StoredTask, next as unknown as StoredTask);
  if (facts.scope === 'main') warnings.push(...(kind.warn?.(next) ?? []));
  return { object: next, fate: isFinished(kind, next) ? 'gone' : 'stored', warnings };
}

/**
 * Whether an object whose deletion was asked for has nothing left to wait for. A namespace waits for its contents, which
 * only the namespace's own finalizer sees.
 */
export function isFinished(kind: Kind, object: AnyStored): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0 || kind === namespaceKind) return false;
  if (kind !== taskKind) return true;
  const { nodeName } = (object as unknown as StoredTask).spec;
  return nodeName === undefined || nodeName === '' || deletionGracePeriodSeconds === 0;
}

/** Throws Conflict, in Kubernetes' words, when the sender has another object or another version of it in mind. */
export function checkPreconditions(
  kind: Kind,
  current: AnyStored,
  wanted: { uid?: string | null; resourceVersion?: string | null },
): void {
  const { uid, resourceVersion } = wanted;
  const { name } = current.metadata;
  if (uid && uid !== current.metadata.uid) throw preconditionFailed(kind, name, 'UID', uid, current.metadata.uid);
  if (resourceVersion && resourceVersion !== '0' && resourceVersion !== current.metadata.resourceVersion) {
    throw modified(kind, name);
  }
}

/** The part that the writer may not touch is not even read, so a forged status cannot fail the write. */
function withoutForeignParts(kind: Kind, wanted: SentObject, current: AnyStored, scope: UpdateScope): JsonObject {
  const system = { ...current.metadata, resourceVersion: current.metadata.resourceVersion };
  const { managedFields: _managedFields, ...metadata } = wanted.metadata;
  if (scope === 'status') {
    const { status } = wanted;
    const { status: _, ...rest } = current;
    return {
      ...(rest as unknown as JsonObject),
      metadata: system as unknown as JsonObject,
      ...(status === undefined ? {} : { status }),
    };
  }
  const draft: JsonObject = { ...wanted, metadata: { ...metadata, ...systemFieldsOf(current.metadata) } };
  if (scope === 'main' && kind.hasStatus) delete draft['status'];
  return draft;
}

function assemble(kind: Kind, current: AnyStored, known: SentObject, scope: UpdateScope): AnyStored {
  if (scope === 'status') {
    const { status: _, ...rest } = current;
    return known['status'] === undefined ? rest : { ...rest, status: known['status'] };
  }
  const metadata: Record<string, unknown> = { ...systemFieldsOf(current.metadata) };
  for (const field of changeableMetadata) {
    const value = known.metadata[field];
    if (value !== undefined && value !== null) metadata[field] = value;
  }
  if (current.metadata.managedFields) metadata['managedFields'] = current.metadata.managedFields;
  const next = { ...known, metadata } as unknown as AnyStored;
  if (scope === 'main' && kind.hasStatus && current.status !== undefined) next.status = current.status;
  return scope === 'main' && kind === taskKind ? withBinding(current, next) : next;
}

/**
 * A task's place is taken back by the system only: a manifest that names no node, as most do, must not tear a running
 * task from its worker.
 */
function withBinding(current: AnyStored, next: AnyStored): AnyStored {
  const { nodeName } = (current as unknown as StoredTask).spec;
  const { spec } = next;
  if (!nodeName || typeof spec !== 'object' || spec === null) return next;
  return (spec as { nodeName?: string }).nodeName ? next : { ...next, spec: { ...spec, nodeName } };
}

function systemFieldsOf(metadata: AnyStored['metadata']): Record<string, unknown> & JsonObject {
  const { name, generateName, namespace, uid, resourceVersion, generation, creationTimestamp } = metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  const fields = {
    name,
    generateName,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as JsonObject;
}

function checkFinalizers(kind: Kind, current: AnyStored, next: AnyStored): void {
  if (current.metadata.deletionTimestamp === undefined) return;
  const old = current.metadata.finalizers ?? [];
  const added = (next.metadata.finalizers ?? []).filter((finalizer) => !old.includes(finalizer));
  if (added.length === 0) return;
  throw invalid(kind, current.metadata.name, [
    {
      reason: 'FieldValueForbidden',
      field: 'metadata.finalizers',
      message: `no new finalizers can be added while the object is being deleted: ${added.join(', ').slice(0, 200)}`,
    },
  ]);
}

/**
 * A client may edit managedFields (kubectl moves from client-side to server-side apply that way); absent or empty means
 * that it does not know of them, [{}] that it wants none.
 */
function withManagedFields(current: AnyStored, next: AnyStored, wanted: SentObject, facts: UpdateFacts): AnyStored {
  const sent = facts.scope === 'main' ? (wanted.metadata.managedFields as unknown) : undefined;
  const edited = isReset(sent) || isReadable(sent) ? (sent as ManagedFields) : undefined;
  const base = edited === undefined ? next : withFields(next, isReset(edited) ? [] : edited);
  if (!facts.manageFields || isReset(edited)) return base;
  return withFields(base, facts.manageFields(current, base) ?? []);
}

function isReset(managedFields: unknown): boolean {
  return jsonEqual(managedFields, [{}]);
}

/** What cannot be read is ignored, as in Kubernetes: ownership is not lost by a client's mistake. */
function isReadable(managedFields: unknown): boolean {
  return (
    Array.isArray(managedFields) &&
    managedFields.length > 0 &&
    managedFields.every(isJsonObject) &&
    readManagers(managedFields) !== undefined
  );
}

function withFields(object: AnyStored, managedFields: ManagedFields): AnyStored {
  const { managedFields: _, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields },
  };
}

/** generation rises when anything but metadata and status changes. */
function withGeneration(current: AnyStored, next: AnyStored): AnyStored {
  if (jsonEqual(desiredPart(current), desiredPart(next))) return next;
  return { ...next, metadata: { ...next.metadata, generation: current.metadata.generation + 1 } };
}

function desiredPart(object: AnyStored): unknown {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}

function withoutVersion(object: AnyStored): JsonObject {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata } as unknown as JsonObject;
}

/**
 * What `mutate` makes of the object that its callback returned: spec and status may change at once, identity may not, and
 * a deletion that was asked for stays asked for.
 */
export function prepareMutation(kind: Kind, current: AnyStored, changed: AnyStored): Decision {
  const old = current.metadata;
  const metadata = {
    ...changed.metadata,
    ...systemFieldsOf(old),
  } as AnyStored['metadata'];
  const draft: AnyStored = { ...changed, apiVersion: current.apiVersion, kind: current.kind, metadata };
  if (jsonEqual(draft, current)) return { object: current, fate: 'unchanged', warnings: [] };
  checkFinalizers(kind, current, draft);
  const next = withGeneration(current, draft);
  checkValid(kind, old.name, withoutVersion(next), withoutBinding(kind, current));
  if (kind === taskKind) checkTaskMove(current as unknown as StoredTask, next as unknown as StoredTask);
  return { object: next, fate: isFinished(kind, next) ? 'gone' : 'stored', warnings: [] };
}

/** The system may move a task straight from one worker to another, which its kind's rules refuse to users. */
function withoutBinding(kind: Kind, current: AnyStored): ApiObject {
  if (kind !== taskKind) return current;
  const { nodeName: _, ...spec } = (current as unknown as StoredTask).spec;
  return { ...current, spec } as ApiObject;
}
