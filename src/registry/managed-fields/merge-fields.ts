import type { JsonObject, JsonValue } from '../../model/json.js';
import { isJsonObject } from '../../model/json.js';
import type { Kind } from '../../model/kind.js';
import type { FieldSet } from './field-set.js';
import { listShapesOf, type ListShape, type ListShapes } from './list-shapes.js';
import { join, partsOf } from './object-fields.js';
import { own } from '../../support/own.js';

/**
 * The live part with the applied one laid over it: objects member by member, keyed lists item by item, sets joined, all
 * else replaced. Items come in the applied order; those that only the live list has stay behind their predecessor.
 */
export function mergeApplied(kind: Kind, live: JsonObject, applied: JsonObject): JsonObject {
  return merge(listShapesOf(kind), live, applied, '') as JsonObject;
}

/**
 * The part without the fields of `drop` that `keep` has neither at nor below their path. A container that loses its last
 * member goes too, unless it is itself a field of `keep`.
 */
export function removeFields(kind: Kind, part: JsonObject, drop: FieldSet, keep: FieldSet): JsonObject {
  const left = remove(listShapesOf(kind), part, '', drop, keep);
  return isJsonObject(left) ? left : {};
}

function merge(shapes: ListShapes, live: JsonValue | undefined, applied: JsonValue, path: string): JsonValue {
  if (live === undefined) return applied;
  if (isJsonObject(live) && isJsonObject(applied)) {
    const result: JsonObject = { ...live };
    for (const [name, value] of Object.entries(applied)) {
      result[name] = merge(shapes, own(live, name), value, join(path, `f:${name}`));
    }
    return result;
  }
  if (!Array.isArray(live) || !Array.isArray(applied)) return applied;
  const [liveItems, appliedItems] = [partsOf(shapes, live, path), partsOf(shapes, applied, path)];
  if (!liveItems || !appliedItems) return applied;
  // Items that only the live list has, under the applied one that they stand behind ('': under none).
  const behind = new Map<string, JsonValue[]>();
  let predecessor = '';
  for (const [element, item] of liveItems) {
    if (appliedItems.has(element)) predecessor = element;
    else {
      const others = behind.get(predecessor);
      if (others) others.push(item);
      else behind.set(predecessor, [item]);
    }
  }
  const merged = [...(behind.get('') ?? [])];
  for (const [element, item] of appliedItems) {
    merged.push(merge(shapes, liveItems.get(element), item, path), ...(behind.get(element) ?? []));
  }
  return merged;
}

function remove(
  shapes: ListShapes,
  value: JsonValue,
  path: string,
  drop: FieldSet,
  keep: FieldSet | undefined,
  keysOfItem: readonly string[] = [],
): JsonValue | undefined {
  if (drop.member && (!keep || keep.isEmpty())) return undefined;
  const parts = drop.children.size === 0 ? undefined : partsOf(shapes, value, path);
  if (!parts || parts.size === 0) return value;
  const left = new Map<string, JsonValue>();
  for (const [element, part] of parts) {
    // An item that somebody else has a part of keeps the fields that it is told apart by.
    const dropped = keysOfItem.includes(element.slice(2)) ? undefined : drop.children.get(element);
    const keys = element.startsWith('k:') ? neededKeys(shapes.get(path), element) : [];
    const kept = dropped ? remove(shapes, part, join(path, element), dropped, keep?.children.get(element), keys) : part;
    if (kept !== undefined) left.set(element, kept);
  }
  if (left.size === 0 && !keep?.member) return undefined;
  if (Array.isArray(value)) return [...left.values()];
  return Object.fromEntries([...left].map(([element, part]) => [element.slice(2), part]));
}

/** The key fields of an item, but for those that have their default: without these it is the same item. */
function neededKeys(shape: ListShape | undefined, element: string): string[] {
  if (shape?.type !== 'keyed') return [];
  const values = JSON.parse(element.slice(2)) as JsonObject;
  return Object.keys(values).filter((key) => own(values, key) !== own(shape.defaults, key));
}
