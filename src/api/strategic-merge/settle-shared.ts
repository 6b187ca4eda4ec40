import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.js';
import { elementOf } from '../../registry/managed-fields/list-shapes.js';
import { cleaned } from './directives.js';
import { mergeKeyOf, type Declared, type KeyedShape, type MergeContext } from './merge-context.js';
import { own } from '../../support/own.js';

/**
 * Items that share a merge key, as a TCP and a UDP port of one number do. apimachinery takes them for one and loses one, partly
 * on the client's side, so that its patch does not say any more what is meant. Here they are told apart by all their keys:
 * when kubectl apply has sent the patch, by the manifest that it sends along; else by what the patch says of each.
 */
interface SharedList {
  original: readonly JsonValue[];
  changes: readonly JsonObject[];
  deletions: readonly JsonObject[];
  order: readonly JsonValue[] | undefined;
  declared: Declared | undefined;
}

/** The merge keys that several items have, and what becomes of these items. Pure. */
export function settleShared(
  context: MergeContext,
  shape: KeyedShape,
  list: SharedList,
  path: string,
): { keys: Set<JsonValue>; items: JsonValue[] } {
  const [next, previous] = [itemsOf(list.declared?.next), itemsOf(list.declared?.previous)];
  const keys = sharedKeys(shape, [list.original, list.changes, list.order ?? [], next]);
  const items = [...keys].flatMap((key) => {
    const of = <T extends JsonValue>(all: readonly T[]): T[] => all.filter((item) => mergeKeyOf(item, shape) === key);
    const live = of(list.original).filter(isJsonObject);
    if (of(next).length > 0) return asDeclared(shape, live, of(next).filter(isJsonObject), of(previous));
    return asPatched(context, shape, path, {
      live,
      changes: of(list.changes),
      deletions: of(list.deletions),
      count: list.order && of(list.order).length,
    });
  });
  return { keys, items };
}

function sharedKeys(shape: KeyedShape, lists: readonly (readonly JsonValue[])[]): Set<JsonValue> {
  const shared = new Set<JsonValue>();
  for (const list of lists) {
    const seen = new Set<JsonValue>();
    for (const item of list) {
      const key = mergeKeyOf(item, shape) ?? null;
      if (seen.has(key)) shared.add(key);
      seen.add(key);
    }
  }
  return shared;
}

/** As the manifest has them; what it never had is somebody else's and stays. */
function asDeclared(
  shape: KeyedShape,
  live: readonly JsonObject[],
  next: readonly JsonObject[],
  previous: readonly JsonValue[],
): JsonObject[] {
  const identity = (item: JsonValue): string | undefined => elementOf(item, shape);
  const find = (items: readonly JsonValue[], like: JsonObject): JsonObject | undefined =>
    items.filter(isJsonObject).find((item) => identity(item) === identity(like));
  const declared = next.map((item) => {
    const dropped = Object.keys(find(previous, item) ?? {});
    const kept = Object.entries(find(live, item) ?? {}).filter(([name]) => !dropped.includes(name));
    return { ...Object.fromEntries(kept), ...(cleaned(item, '') as JsonObject) };
  });
  const others = live.filter((item) => !find(next, item) && !find(previous, item));
  return [...declared, ...others];
}

/** Without a manifest: each change goes to the live item with all its keys, else to one that it can only mean. */
function asPatched(
  context: MergeContext,
  shape: KeyedShape,
  path: string,
  group: { live: JsonObject[]; changes: JsonObject[]; deletions: JsonObject[]; count: number | undefined },
): JsonObject[] {
  const { live, changes, deletions, count } = group;
  const saysAllKeys = (item: JsonObject): boolean => shape.keys.every((key) => own(item, key) !== undefined);
  const isSame = (a: JsonObject, b: JsonObject): boolean => elementOf(a, shape) === elementOf(b, shape);
  const named = deletions.filter(saysAllKeys);
  const left = live.filter((item) => !named.some((deletion) => isSame(item, deletion)));
  const partners = new Map<JsonObject, JsonObject>();
  const free = (): JsonObject[] => left.filter((item) => ![...partners.values()].includes(item));
  const pair = (change: JsonObject, partner: JsonObject | undefined): void => {
    if (partner) partners.set(change, partner);
  };
  for (const change of changes)
    pair(
      change,
      free().find((item) => isSame(item, change)),
    );
  for (const change of changes) {
    if (partners.has(change)) continue;
    // A client that compares two lists pairs the last ones first; alone it can only be the one there is.
    if (!saysAllKeys(change)) pair(change, free()[0]);
    else if (count === undefined ? left.length === 1 && changes.length === 1 : count <= left.length) {
      pair(change, free().at(-1));
    }
  }
  const isCleared = deletions.length > named.length;
  const room = isCleared ? Math.max(0, (count ?? 0) - changes.length) : free().length;
  const untouched = new Set(room === 0 ? [] : free().slice(-room));
  const changeOf = new Map([...partners].map(([change, partner]) => [partner, change]));
  const kept = left.flatMap((item) => {
    const change = changeOf.get(item);
    if (change) return [context.mergeObject(item, change, path, undefined)];
    return untouched.has(item) ? [item] : [];
  });
  const added = changes.filter((change) => !partners.has(change)).map((item) => cleaned(item, path) as JsonObject);
  return [...kept, ...added];
}

function itemsOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
