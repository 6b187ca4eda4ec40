import type { ApiObject } from '../model/api-object.js';
import type { JsonObject } from '../model/json.js';
import { canonicalJson } from '../model/json.js';

/** What a user said of an object: without status and without what the system keeps in metadata. */
export function userPart(object: ApiObject): JsonObject {
  const { metadata, ...rest } = object as ApiObject & { status?: unknown };
  delete rest.status;
  const { labels, annotations, finalizers, ownerReferences, name, namespace } = metadata;
  return JSON.parse(
    JSON.stringify({ ...rest, metadata: { name, namespace, labels, annotations, finalizers, ownerReferences } }),
  ) as JsonObject;
}

export function sameForUser(a: ApiObject, b: ApiObject): boolean {
  return canonicalJson(userPart(a)) === canonicalJson(userPart(b));
}
