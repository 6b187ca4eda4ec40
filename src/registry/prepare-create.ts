import type { ObjectMeta } from '../model/api-object.js';
import type { JsonObject, JsonValue } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import type { ErrorCause } from '../support/errors.js';
import { checkIsUsers, checkUnknownFields, checkValid } from './check-object.js';
import type { AnyStored } from './object-codec.js';
import { checkSize } from './object-size.js';
import { invalid } from './registry-errors.js';
import type { DecodingOptions } from './registry.js';
import { readSentObject, type SentObject } from './sent-object.js';
import { namespaceProblem, nameProblem } from './store-keys.js';
import { own } from '../support/own.js';

export interface CreateFacts extends DecodingOptions {
  uid: string;
  timestamp: string;
  /** Appended to metadata.generateName. */
  nameSuffix: string;
  /** As WriteOptions. */
  asSystem?: boolean;
  /** Who owns the fields of the new object. */
  manageFields?: (object: AnyStored) => ObjectMeta['managedFields'];
}

/** What a user may say in the metadata of a new object; the rest is the system's and is ignored, as in Kubernetes. */
const usersMetadata = [
  'name',
  'generateName',
  'namespace',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
] as const;

const systemsMetadata = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
] as const;

/**
 * The object as it is first stored (without resourceVersion). What was sent stays as it was sent: no defaults are
 * written into it. Throws BadRequest or Invalid. Pure.
 */
export function prepareCreate(
  kind: Kind,
  sent: unknown,
  facts: CreateFacts,
): { object: AnyStored; warnings: string[] } {
  const received = readSentObject(kind, sent);
  const { name, namespace } = placeOf(kind, received, facts.nameSuffix);
  const draft: JsonObject = { ...received, metadata: withoutSystemsMetadata(received.metadata) };
  if (kind.hasStatus) delete draft['status'];
  const { object, warnings } = checkUnknownFields(kind, draft, facts);
  const metadata = object['metadata'] as JsonObject;
  const system = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: facts.uid,
    creationTimestamp: facts.timestamp,
    generation: 1,
  };
  const bare = {
    ...object,
    metadata: { ...pick(metadata, usersMetadata), ...system },
    ...(kind.hasStatus ? { status: { ...kind.initialStatus } } : {}),
  } as unknown as AnyStored;
  if (!facts.asSystem) checkIsUsers(kind, bare);
  checkSize(kind, name, bare, 'main');
  checkValid(kind, name, bare as unknown as JsonObject, undefined);
  const managedFields = facts.manageFields?.(bare) ?? [];
  const stored = managedFields.length === 0 ? bare : { ...bare, metadata: { ...bare.metadata, managedFields } };
  checkSize(kind, name, stored, 'main');
  return { object: stored, warnings: [...warnings, ...(kind.warn?.(stored) ?? [])] };
}

function placeOf(kind: Kind, sent: SentObject, nameSuffix: string): { name: string; namespace?: string } {
  const { name, generateName, namespace } = sent.metadata as Record<string, unknown>;
  const causes: ErrorCause[] = [];
  const chosen =
    typeof name === 'string' && name !== ''
      ? name
      : typeof generateName === 'string' && generateName !== ''
        ? `${generateName.slice(0, 248)}${nameSuffix}`
        : undefined;
  const shown = chosen ?? '';
  if (chosen === undefined) {
    causes.push({ reason: 'FieldValueRequired', field: 'metadata.name', message: 'name or generateName is required' });
  } else {
    const problem = nameProblem(kind, chosen);
    if (problem !== undefined) {
      causes.push({ reason: 'FieldValueInvalid', field: 'metadata.name', message: `name ${problem}` });
    }
  }
  const named = typeof namespace === 'string' && namespace !== '' ? namespace : undefined;
  if (!kind.namespaced && named !== undefined) {
    const message = `not allowed on this type: a ${kind.kind} belongs to no namespace`;
    causes.push({ reason: 'FieldValueForbidden', field: 'metadata.namespace', message });
  }
  const home = kind.namespaced ? (named ?? 'default') : undefined;
  const problem = home === undefined ? undefined : namespaceProblem(home);
  if (problem !== undefined) {
    causes.push({ reason: 'FieldValueInvalid', field: 'metadata.namespace', message: `namespace ${problem}` });
  }
  if (causes.length > 0) throw invalid(kind, shown.slice(0, 253), causes);
  return home === undefined ? { name: shown } : { name: shown, namespace: home };
}

function withoutSystemsMetadata(metadata: ObjectMeta): JsonObject {
  const rest: Record<string, unknown> = { ...metadata };
  for (const field of systemsMetadata) delete rest[field];
  return rest as JsonObject;
}

function pick(metadata: JsonObject, fields: readonly string[]): JsonObject {
  const entries = fields
    .map((field): [string, JsonValue | undefined] => [field, own(metadata, field)])
    .filter((entry): entry is [string, JsonValue] => entry[1] !== undefined && entry[1] !== '');
  return Object.fromEntries(entries);
}
