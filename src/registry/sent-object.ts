import type { ObjectMeta } from '../model/api-object.js';
import type { JsonObject, JsonValue } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { apiVersionOf } from '../model/kind.js';
import { readSent } from '../model/unset-fields.js';
import { own } from '../support/own.js';
import { badRequest } from './registry-errors.js';

/** An object as somebody sent it: of the right kind, the rest not yet looked at. */
export type SentObject = JsonObject & { metadata: ObjectMeta & JsonObject };

/**
 * Takes in what was sent: an object with metadata, of this kind (named, or left out as typed clients do), or with
 * `isWhole` false the part of one that is applied. Throws BadRequest in Kubernetes' words.
 */
export function readSentObject(kind: Kind, sent: unknown, isWhole = true): SentObject {
  if (!isJsonObject(sent)) throw badRequest(`the body is not an object: send a ${kind.kind}`);
  const apiVersion = apiVersionOf(kind);
  const { apiVersion: sentVersion, kind: sentKind, metadata } = sent;
  if (isPresent(sentKind) && sentKind !== kind.kind) {
    throw badRequest(`the kind in the data (${shown(sentKind)}) does not match the expected kind (${kind.kind})`);
  }
  if (isPresent(sentVersion) && sentVersion !== apiVersion) {
    throw badRequest(
      `the API version in the data (${shown(sentVersion)}) does not match the expected API version (${apiVersion})`,
    );
  }
  if (isPresent(metadata) && !isJsonObject(metadata)) throw badRequest('metadata must be an object');
  if (isJsonObject(metadata)) checkMetadataTypes(metadata);
  const normal = readSent(kind, sent, isWhole);
  return {
    ...normal,
    apiVersion,
    kind: kind.kind,
    metadata: isJsonObject(normal['metadata']) ? { ...normal['metadata'] } : {},
  };
}

/** What of the metadata is read before the schema is asked. */
const readEarly: Readonly<Record<string, { what: string; fits: (value: JsonValue) => boolean }>> = {
  ...Object.fromEntries(
    ['name', 'generateName', 'namespace', 'uid', 'resourceVersion'].map((field) => [
      field,
      { what: 'a string', fits: (value: JsonValue) => typeof value === 'string' },
    ]),
  ),
  ...Object.fromEntries(
    ['finalizers', 'ownerReferences'].map((field) => [
      field,
      { what: 'a list', fits: (v: JsonValue) => Array.isArray(v) },
    ]),
  ),
};

function checkMetadataTypes(metadata: JsonObject): void {
  for (const [field, { what, fits }] of Object.entries(readEarly)) {
    const value = own(metadata, field);
    if (value === undefined || value === null || fits(value)) continue;
    throw badRequest(`metadata.${field} must be ${what}, not ${shown(value)}`);
  }
}

/** Throws BadRequest when the object names itself otherwise than its address. */
export function checkNamesMatch(sent: SentObject, key: { namespace?: string; name: string }): void {
  const { name, namespace } = sent.metadata;
  if (isPresent(name) && name !== '' && name !== key.name) {
    throw badRequest(`the name of the object (${shown(name)}) does not match the name on the URL (${key.name})`);
  }
  if (isPresent(namespace) && namespace !== '' && key.namespace !== undefined && namespace !== key.namespace) {
    throw badRequest(
      `the namespace of the object (${shown(namespace)}) does not match the namespace on the URL (${key.namespace})`,
    );
  }
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function shown(value: JsonValue | undefined): string {
  return (typeof value === 'string' ? value : JSON.stringify(value ?? null)).slice(0, 100);
}
