import type { JsonObject, JsonValue } from '../../model/json.js';
import { canonicalJson, isJsonObject } from '../../model/json.js';
import type { Kind } from '../../model/kind.js';
import { shapeOf, type Shape } from '../../model/schema-shape.js';
import { own } from '../../support/own.js';

/** How a list is merged: by the keys of its items, as a set of scalars, or (all others) as one value. */
export type ListShape =
  { type: 'keyed'; keys: readonly string[]; defaults: Readonly<Record<string, JsonValue>> } | { type: 'set' };

/** By path, without indexes. */
export type ListShapes = ReadonlyMap<string, ListShape>;

const shapesOfKinds = new WeakMap<Kind, ListShapes>();

/** The mergeable lists of a kind by their path without indexes (`spec.ports`), those of metadata included. */
export function listShapesOf(kind: Kind): ListShapes {
  const known = shapesOfKinds.get(kind);
  if (known) return known;
  const shapes = new Map<string, ListShape>([
    ['metadata.finalizers', { type: 'set' }],
    ['metadata.ownerReferences', { type: 'keyed', keys: ['uid'], defaults: {} }],
  ]);
  for (const [path, keys] of Object.entries(kind.listKeys)) {
    shapes.set(path, { type: 'keyed', keys, defaults: defaultsOf(kind.schema, path, keys) });
  }
  shapesOfKinds.set(kind, shapes);
  return shapes;
}

/**
 * The items of a list under their path elements, in order. Undefined when the items cannot be told apart (a key is
 * missing, or one comes twice): such a list is one value.
 */
export function itemsByElement(
  list: readonly JsonValue[],
  shape: ListShape | undefined,
): Map<string, JsonValue> | undefined {
  if (!shape) return undefined;
  const items = new Map<string, JsonValue>();
  for (const item of list) {
    const element = elementOf(item, shape);
    if (element === undefined || items.has(element)) return undefined;
    items.set(element, item);
  }
  return items;
}

/** The path element of an item; undefined when it cannot be told apart. Pure. */
export function elementOf(item: JsonValue, shape: ListShape): string | undefined {
  if (shape.type === 'set') return typeof item === 'object' ? undefined : `v:${JSON.stringify(item)}`;
  if (!isJsonObject(item)) return undefined;
  const key: JsonObject = {};
  for (const name of shape.keys) {
    const value = own(item, name) ?? own(shape.defaults, name);
    if (value === undefined || typeof value === 'object') return undefined;
    key[name] = value;
  }
  return `k:${canonicalJson(key)}`;
}

/** Defaults that the schema gives to key fields: a port without a protocol is a TCP port. */
function defaultsOf(schema: JsonObject, path: string, keys: readonly string[]): Record<string, JsonValue> {
  const list = path
    .split('.')
    .reduce<Shape | undefined>((shape, name) => (shape?.items ?? shape)?.member(name), shapeOf(schema));
  const defaults: Record<string, JsonValue> = {};
  for (const key of keys) {
    const value = list?.items?.member(key)?.default;
    if (value !== undefined) defaults[key] = value;
  }
  return defaults;
}
