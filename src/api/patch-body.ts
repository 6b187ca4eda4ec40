import type { DuplicateFields } from '../manifest/limits.js';
import { type JsonObject, type JsonValue } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { isKubernetesKind, resourceName } from '../model/kind.js';
import { OrchError } from '../support/errors.js';
import { readJson, readObject, type RequestBody } from './request-body.js';

/** A patch as a client sent it. Strategic ones depend on the current object: strategic-merge.ts resolves them. */
export type RequestedPatch =
  | { type: 'merge'; body: JsonValue }
  | { type: 'json'; operations: JsonValue }
  | { type: 'strategic'; body: JsonValue }
  | { type: 'apply'; object: JsonObject };

/** More operations in one JSON patch than this are refused (CVE-2019-1002100). */
const maxOperations = 10_000;

/**
 * The patch in a body, by its Content-Type; fields that are there twice go into `duplicates`. Throws UnsupportedMediaType for a type that this kind does not take: strategic
 * patches need merge rules that only Kubernetes' own kinds have.
 */
export function readPatch(body: RequestBody, kind: Kind, duplicates?: DuplicateFields): RequestedPatch {
  switch (body.contentType) {
    case 'application/merge-patch+json':
      return { type: 'merge', body: readJson(body, duplicates) };
    case 'application/json-patch+json': {
      const operations = readJson(body);
      if (Array.isArray(operations) && operations.length > maxOperations) {
        throw new OrchError(
          'RequestEntityTooLarge',
          `a JSON patch may have ${maxOperations} operations, not ${operations.length}`,
        );
      }
      return { type: 'json', operations };
    }
    case 'application/apply-patch+yaml':
      return { type: 'apply', object: readObject(body, duplicates) };
    case 'application/strategic-merge-patch+json':
      if (isKubernetesKind(kind)) return { type: 'strategic', body: readJson(body, duplicates) };
  }
  const accepted = ['application/merge-patch+json', 'application/json-patch+json', 'application/apply-patch+yaml'];
  if (isKubernetesKind(kind)) accepted.push('application/strategic-merge-patch+json');
  throw new OrchError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types for ${resourceName(kind)}: ${accepted.join(', ')} (with kubectl patch, use --type merge)`,
  );
}
