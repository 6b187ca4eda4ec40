import { isJsonObject, type JsonObject, type JsonValue } from './json.js';
import type { Kind } from './kind.js';
import { shapeOf, type Shape } from './schema-shape.js';

/**
 * What somebody sent, as everything behind the door reads it: without fields that Kubernetes reads as unset, and as the kind
 * itself rewrites it. `isWhole` is false for the part of an object that server-side apply sends. Pure.
 */
export function readSent(kind: Kind, sent: JsonObject, isWhole: boolean): JsonObject {
  const set = withoutUnset(kind.schema, sent);
  return kind.normalize?.(set, isWhole) ?? set;
}

/**
 * The object without fields that say nothing: null anywhere; an empty text where the schema takes none and the field may be
 * left out; the zeros of a probe. Go's clients send such for what nobody wrote. In a map of texts (labels, data) null is the empty text,
 * which counts. What is left is the very object when there was nothing to leave out. Pure.
 */
export function withoutUnset(schema: JsonObject, object: JsonObject): JsonObject {
  return setPart(object, shapeOf(schema)) as JsonObject;
}

function setPart(value: JsonValue, shape: Shape | undefined): JsonValue {
  if (Array.isArray(value)) return setItems(value, shape?.items);
  if (!isJsonObject(value)) return value;
  let copy: JsonObject | undefined;
  for (const [name, member] of Object.entries(value)) {
    const known = shape?.member(name);
    if (member === null && !known && isText(shape?.values)) {
      copy ??= { ...value };
      copy[name] = '';
    } else if (member === null || (known && shape && isUnset(member, known, shape) && !shape.requires(name))) {
      copy ??= { ...value };
      delete copy[name];
    } else {
      const set = setPart(member, known ?? shape?.values);
      if (set === member) continue;
      copy ??= { ...value };
      copy[name] = set;
    }
  }
  return copy ?? value;
}

function setItems(list: JsonValue[], shape: Shape | undefined): JsonValue[] {
  let copy: JsonValue[] | undefined;
  for (const [index, item] of list.entries()) {
    const set = setPart(item, shape);
    if (set === item) continue;
    copy ??= [...list];
    copy[index] = set;
  }
  return copy ?? list;
}

function isUnset(value: JsonValue, shape: Shape, owner: Shape): boolean {
  if (value === '') return isText(shape) && !shape.takesEmptyText();
  // Elsewhere Kubernetes tells 0 apart from nothing.
  return value === 0 && owner.title === 'Probe' && shape.default !== undefined;
}

function isText(shape: Shape | undefined): boolean {
  return shape?.schema['type'] === 'string';
}
