import type { JsonObject, JsonValue } from '../../model/json.js';
import { canonicalJson, isJsonObject } from '../../model/json.js';
import type { Kind } from '../../model/kind.js';

/** How a list is merged: by the keys of its items, as a set of scalars, or (all others) as one value. */
export type ListShape =
  { type: 'keyed'; keys: readonly string[]; defaults: Readonly<Record<string, JsonValue>> } | { type: 'set' };

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

function elementOf(item: JsonValue, shape: ListShape): string | undefined {
  if (shape.type === 'set') return typeof item === 'object' ? undefined : `v:${JSON.stringify(item)}`;
  if (!isJsonObject(item)) return undefined;
  const key: JsonObject = {};
  for (const name of shape.keys) {
    const value = item[name] ?? shape.defaults[name];
    if (value === undefined || typeof value === 'object') return undefined;
    key[name] = value;
  }
  return `k:${canonicalJson(key)}`;
}

/** Defaults that the schema gives to key fields: a port without a protocol is a TCP port. */
function defaultsOf(schema: JsonObject, path: string, keys: readonly string[]): Record<string, JsonValue> {
  let node: JsonValue | undefined = schema;
  for (const name of path.split('.')) node = memberOf(itemsOrSelf(resolve(schema, node)), 'properties', name);
  const item = itemsOrSelf(resolve(schema, node));
  const defaults: Record<string, JsonValue> = {};
  for (const key of keys) {
    const value = memberOf(resolve(schema, memberOf(resolve(schema, item), 'properties', key)), 'default');
    if (value !== undefined) defaults[key] = value;
  }
  return defaults;

  function itemsOrSelf(value: JsonValue | undefined): JsonValue | undefined {
    return resolve(schema, memberOf(value, 'items') ?? value);
  }
}

function resolve(schema: JsonObject, node: JsonValue | undefined): JsonValue | undefined {
  const reference = memberOf(node, '$ref');
  if (typeof reference !== 'string' || !reference.startsWith('#/')) return node;
  return memberOf(schema, ...reference.slice(2).split('/'));
}

function memberOf(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((node, name) => (isJsonObject(node) ? node[name] : undefined), value);
}
