import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.js';
import { OrchError } from '../../support/errors.js';
import { cleaned, orderPrefix, refuseDirective } from './directives.js';
import { orderElements } from './element-order.js';
import { mergeKeyOf, type Declared, type KeyedShape, type MergeContext } from './merge-context.js';
import { settleShared } from './settle-shared.js';

/**
 * A list with the patch's one laid over it. `order` is what `$setElementOrder` says; without it the patch's own order counts. A
 * list that does not merge is replaced, as all of it.
 */
export function mergeList(
  context: MergeContext,
  original: JsonValue[],
  patch: JsonValue[],
  order: JsonValue[] | undefined,
  path: string,
  declared: Declared | undefined,
): JsonValue[] {
  const shape = context.shapes.get(path);
  if (!shape) return cleaned(patch, path) as JsonValue[];
  if (shape.type === 'set') {
    checkOrder(patch, order, (item) => item, path);
    const all = [...new Set([...original, ...(cleaned(patch, path) as JsonValue[])])];
    return orderElements(all, order ?? patch, original, (item) => item);
  }
  const keyOf = (item: JsonValue): JsonValue | undefined => mergeKeyOf(item, shape);
  checkOrder(
    patch.filter((item) => !isJsonObject(item) || item['$patch'] === undefined),
    order,
    keyOf,
    path,
  );
  const merged = mergeKeyed(context, shape, original, patch, order, path, declared);
  return orderElements(merged, order ?? patch, original, keyOf);
}

/** `$setElementOrder` names everything that the patch changes, in the same order: else the two speak of different lists. */
function checkOrder(
  changes: readonly JsonValue[],
  order: readonly JsonValue[] | undefined,
  keyOf: (item: JsonValue) => JsonValue | undefined,
  path: string,
): void {
  if (!order || order.length === 0) return;
  let next = 0;
  for (const item of order) if (next < changes.length && keyOf(changes[next] ?? null) === keyOf(item)) next += 1;
  if (next < changes.length) throw refuseDirective(`${orderPrefix}${path.split('.').pop() ?? ''}`, path);
}

function mergeKeyed(
  context: MergeContext,
  shape: KeyedShape,
  original: JsonValue[],
  patch: JsonValue[],
  order: JsonValue[] | undefined,
  path: string,
  declared: Declared | undefined,
): JsonValue[] {
  const { changes, deletions, replaces } = sortOut(patch, shape, path);
  const clean = (item: JsonObject): JsonObject => cleaned(item, path) as JsonObject;
  if (replaces) return changes.map(clean);
  const shared =
    shape.keys.length > 1
      ? settleShared(context, shape, { original, changes, deletions, order, declared }, path)
      : { keys: new Set<JsonValue>(), items: [] };
  const isShared = (item: JsonValue): boolean => shared.keys.has(mergeKeyOf(item, shape) ?? null);
  const gone = new Set(deletions.map((item) => mergeKeyOf(item, shape)));
  const result = original.filter((item) => !gone.has(mergeKeyOf(item, shape)) && !isShared(item));
  const places = new Map<JsonValue | undefined, number>();
  for (const [place, item] of result.entries()) {
    const key = mergeKeyOf(item, shape);
    if (!places.has(key)) places.set(key, place);
  }
  for (const item of changes) {
    if (isShared(item)) continue;
    const key = mergeKeyOf(item, shape);
    const place = places.get(key);
    const old = place === undefined ? undefined : result[place];
    if (place === undefined) places.set(key, result.push(clean(item)) - 1);
    else {
      const said = { next: itemWith(declared?.next, key, shape), previous: itemWith(declared?.previous, key, shape) };
      result[place] = context.mergeObject(isJsonObject(old) ? old : {}, item, path, said);
    }
  }
  return [...result, ...shared.items];
}

function itemWith(list: JsonValue | undefined, key: JsonValue | undefined, shape: KeyedShape): JsonValue | undefined {
  return Array.isArray(list) ? list.find((item) => mergeKeyOf(item, shape) === key) : undefined;
}

function sortOut(
  patch: JsonValue[],
  shape: KeyedShape,
  path: string,
): { changes: JsonObject[]; deletions: JsonObject[]; replaces: boolean } {
  const sorted = { changes: [] as JsonObject[], deletions: [] as JsonObject[], replaces: false };
  for (const item of patch) {
    if (!isJsonObject(item)) throw new OrchError('BadRequest', `${path}: every element must be an object`);
    const directive = item['$patch'];
    if (directive === 'replace') {
      sorted.replaces = true;
      continue;
    }
    if (directive !== undefined && directive !== 'delete') throw refuseDirective('$patch', path);
    if (mergeKeyOf(item, shape) === undefined) {
      throw new OrchError('BadRequest', `${path}: every element of the patch needs its key ${shape.keys[0] ?? ''}`);
    }
    (directive === 'delete' ? sorted.deletions : sorted.changes).push(item);
  }
  return sorted;
}
