import type { ObjectKey, ObjectMeta } from '../model/api-object.js';
import type { JsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { checkUnknownFields } from './check-object.js';
import { applyObject } from './managed-fields/apply-object.js';
import { recordUpdate } from './managed-fields/record-update.js';
import type { AnyStored } from './object-codec.js';
import { checkPreconditions, prepareUpdate, type Decision } from './prepare-update.js';
import { badRequest, modified, notFound } from './registry-errors.js';
import type { SubresourceOption, WriteOptions } from './registry.js';
import { checkNamesMatch, readSentObject, type SentObject } from './sent-object.js';

const maxFieldManagerLength = 128;

/** Throws BadRequest for a name that no field manager can have. */
export function checkFieldManager(fieldManager: string | undefined): void {
  if (fieldManager === undefined) return;
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (fieldManager.length <= maxFieldManagerLength && !/[\u0000-\u001f\u007f]/.test(fieldManager)) return;
  throw badRequest(`fieldManager must be at most ${maxFieldManagerLength} printable characters`);
}

/** Takes in what is applied: named by its address, without ownership of its own. Throws BadRequest. */
export function readApplied(kind: Kind, key: ObjectKey, sent: unknown, fieldManager: string): SentObject {
  if (!fieldManager) throw badRequest('fieldManager is required for apply: say who applies');
  checkFieldManager(fieldManager);
  const configuration = readSentObject(kind, sent, false);
  checkNamesMatch(configuration, key);
  const { managedFields, ...metadata } = configuration.metadata;
  if (Array.isArray(managedFields) && managedFields.length > 0) {
    throw badRequest('metadata.managedFields must be nil: an applied object may not carry it');
  }
  const namespace = kind.namespaced ? { namespace: key.namespace ?? 'default' } : {};
  return { ...configuration, metadata: { ...metadata, name: key.name, ...namespace } };
}

/** An applied object that names a uid or version is about one that exists. */
export function checkAppliedIsNew(kind: Kind, key: ObjectKey, configuration: SentObject): void {
  if (configuration.metadata.uid) throw notFound(kind, key.name);
  if (configuration.metadata.resourceVersion) throw modified(kind, key.name);
}

/** What an apply makes of the stored object. Throws Conflict (FieldManagerConflict, or a precondition), and as updates do. Pure. */
export function prepareApply(
  kind: Kind,
  current: AnyStored,
  configuration: SentObject,
  options: WriteOptions & SubresourceOption & { fieldManager: string; force?: boolean; timestamp: string },
): Decision {
  checkPreconditions(kind, current, configuration.metadata);
  const scope = options.subresource ?? 'main';
  const { object: known, warnings } = checkUnknownFields(kind, configuration, options);
  const live = current as unknown as JsonObject;
  const applied = applyObject(kind, live, known, {
    manager: options.fieldManager,
    force: options.force ?? false,
    scope,
    timestamp: options.timestamp,
  });
  // An update of the status takes nothing else from here.
  const { apiVersion, kind: kindName } = current;
  const wanted = { metadata: {}, ...applied.part, apiVersion, kind: kindName } as SentObject;
  const decision = prepareUpdate(kind, current, wanted, {
    scope,
    fieldValidation: 'Ignore',
    manageFields: () => applied.managedFields,
  });
  return { ...decision, warnings };
}

/** Ownership after a write that is no apply; unchanged when the writer did not say who it is. */
export function updatedManagers(
  kind: Kind,
  old: AnyStored | undefined,
  next: AnyStored,
  options: WriteOptions & SubresourceOption,
  timestamp: string,
): ObjectMeta['managedFields'] {
  const before = next.metadata.managedFields;
  if (!options.fieldManager) return before;
  return recordUpdate(kind, old as JsonObject | undefined, next as unknown as JsonObject, before, {
    manager: options.fieldManager,
    scope: options.subresource ?? 'main',
    timestamp,
  });
}
