import type { JsonObject, JsonValue } from '../model/json.js';
import { OrchError } from '../support/errors.js';

const maxDepth = 200;

/**
 * A deeply frozen copy, as JSON would carry it: members that are undefined are left out. Throws OrchError BadRequest for
 * what JSON cannot say (NaN, functions, class instances), so that memory and disk never differ.
 */
export function freezeCopy(value: JsonObject): JsonObject {
  return copyValue(value, 0) as JsonObject;
}

/** Freezes a value that nobody else holds, such as one just parsed. */
export function freezeDeep(value: JsonValue): void {
  if (typeof value !== 'object' || value === null) return;
  Object.freeze(value);
  for (const member of Object.values(value)) freezeDeep(member);
}

function copyValue(value: unknown, depth: number): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return Object.is(value, -0) ? 0 : value;
  if (typeof value !== 'object') throw new OrchError('BadRequest', `a value of type ${typeof value} cannot be stored`);
  if (depth >= maxDepth) throw new OrchError('BadRequest', `a value nested deeper than ${maxDepth} cannot be stored`);
  if (Array.isArray(value)) return Object.freeze(value.map((item) => copyValue(item, depth + 1))) as JsonValue;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new OrchError('BadRequest', 'only plain objects can be stored');
  }
  const copy: Record<string, JsonValue> = {};
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const memberCopy = copyValue(member, depth + 1);
    if (name === '__proto__') Object.defineProperty(copy, name, { value: memberCopy, enumerable: true });
    else copy[name] = memberCopy;
  }
  return Object.freeze(copy);
}
