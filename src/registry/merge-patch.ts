import type { JsonObject, JsonValue } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import { badRequest } from './registry-errors.js';
import { own } from '../support/own.js';

const maxDepth = 100;

/**
 * RFC 7386. Neither argument is changed. Throws BadRequest when the patch is no object, reaches for a prototype or is
 * nested deeper than 100.
 */
export function applyMergePatch(target: JsonObject, patch: JsonValue): JsonObject {
  if (!isJsonObject(patch)) throw badRequest('a merge patch must be an object: it may not replace the whole object');
  return merge(target, patch, 0);
}

function merge(target: JsonValue | undefined, patch: JsonObject, depth: number): JsonObject {
  if (depth > maxDepth) throw badRequest(`the patch is nested deeper than ${maxDepth}`);
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (name === '__proto__') throw badRequest('the patch names the member "__proto__", which no object has');
    if (value === null) delete result[name];
    else if (isJsonObject(value)) {
      result[name] = merge(own(result, name), value, depth + 1);
    } else result[name] = value;
  }
  return result;
}
