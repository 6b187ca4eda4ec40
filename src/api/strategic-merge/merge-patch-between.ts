import { isJsonObject, type JsonObject } from '../../model/json.js';
import { jsonEqual } from '../../registry/json-equal.js';
import { own } from '../../support/own.js';

/** The smallest JSON merge patch that makes `after` of `before`. `after` may hold nulls inside lists only. Pure. */
export function mergePatchBetween(before: JsonObject, after: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) patch[key] = null;
  for (const [key, value] of Object.entries(after)) {
    const old = own(before, key);
    if (isJsonObject(old) && isJsonObject(value)) {
      const change = mergePatchBetween(old, value);
      if (Object.keys(change).length > 0) patch[key] = change;
    } else if (!jsonEqual(old, value)) patch[key] = value;
  }
  return patch;
}
