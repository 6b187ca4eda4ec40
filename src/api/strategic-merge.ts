import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.js';
import { OrchError } from '../support/errors.js';

/**
 * Kubernetes' strategic merge patch, turned into the JSON merge patch that has the same effect on `current`. Lists merge
 * by the key that `listKeys` names for their path (as Kind.listKeys), `primitiveLists` merge as sets; every other list is
 * replaced whole, as upstream does for those fields. Pure. Throws BadRequest for a directive that is not understood:
 * what cannot be honoured is refused.
 */
export function strategicToMergePatch(patch: JsonValue, current: JsonValue, listKeys: ListKeys): JsonObject {
  if (!isJsonObject(patch)) throw new OrchError('BadRequest', 'a strategic merge patch must be an object');
  const merged = mergeObject(patch, isJsonObject(current) ? current : {}, '', listKeys);
  if (merged === null) throw new OrchError('BadRequest', 'a patch cannot delete the whole object: use DELETE');
  return merged;
}

export type ListKeys = Readonly<Record<string, readonly string[]>>;

/** Of every kind. */
export const metadataListKeys: ListKeys = { 'metadata.ownerReferences': ['uid'] };
/** Lists of plain values that merge as sets, of every kind. */
export const primitiveLists: ReadonlySet<string> = new Set(['metadata.finalizers']);
const orderPrefix = '$setElementOrder/';
const removePrefix = '$deleteFromPrimitiveList/';

/** Null when the patch says to delete the object itself. */
function mergeObject(patch: JsonObject, current: JsonObject, path: string, listKeys: ListKeys): JsonObject | null {
  if (patch['$patch'] === 'delete') return null;
  const replace = patch['$patch'] === 'replace';
  if (patch['$patch'] !== undefined && !replace && patch['$patch'] !== 'merge') throw unknownDirective('$patch', path);
  const result: JsonObject = {};
  const retained = patch['$retainKeys'];
  if (retained !== undefined && !Array.isArray(retained)) throw unknownDirective('$retainKeys', path);
  for (const key of Object.keys(current)) {
    if (replace || (retained && !retained.includes(key))) result[key] = null;
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key === '$patch' || key === '$retainKeys') continue;
    if (key.startsWith(orderPrefix) || key.startsWith(removePrefix)) continue; // with their list, below
    if (key.startsWith('$')) throw unknownDirective(key, path);
    result[key] = mergeMember(patch, key, value, replace ? undefined : current[key], path, listKeys);
  }
  for (const directive of Object.keys(patch)) {
    const key = directive.slice(directive.indexOf('/') + 1);
    const concernsList = directive.startsWith(orderPrefix) || directive.startsWith(removePrefix);
    if (!concernsList || key in patch || !Array.isArray(current[key])) continue;
    result[key] = mergeMember(patch, key, [], current[key], path, listKeys);
  }
  return result;
}

function mergeMember(
  patch: JsonObject,
  key: string,
  value: JsonValue,
  current: JsonValue | undefined,
  path: string,
  listKeys: ListKeys,
): JsonValue {
  const memberPath = path === '' ? key : `${path}.${key}`;
  if (isJsonObject(value)) return mergeObject(value, isJsonObject(current) ? current : {}, memberPath, listKeys);
  if (!Array.isArray(value)) return value;
  const old = Array.isArray(current) ? current : [];
  const order = patch[`${orderPrefix}${key}`];
  if (primitiveLists.has(memberPath)) {
    const removed = patch[`${removePrefix}${key}`];
    const gone = new Set(Array.isArray(removed) ? removed : []);
    const kept = old.filter((item) => !gone.has(item));
    const known = new Set(kept);
    return sortBy([...kept, ...value.filter((item) => !known.has(item))], order, (item) => JSON.stringify(item));
  }
  const keys = listKeys[memberPath] ?? metadataListKeys[memberPath];
  if (!keys) {
    if (patch[`${removePrefix}${key}`] !== undefined) throw unknownDirective(`${removePrefix}${key}`, path);
    return value;
  }
  const merged = mergeKeyedList(value, old, keys, memberPath, listKeys);
  return sortBy(merged, order, (item) => elementKey(item, keys));
}

function mergeKeyedList(
  patch: JsonValue[],
  current: JsonValue[],
  keys: readonly string[],
  path: string,
  listKeys: ListKeys,
): JsonValue[] {
  const replaces = patch.some((item) => isJsonObject(item) && item['$patch'] === 'replace');
  const kept = replaces ? [] : current;
  // Deleted items leave an empty place, so that the others stay where the index says.
  const result: (JsonValue | undefined)[] = [...kept];
  const places = new Map<string, number>();
  for (const [place, item] of kept.entries()) {
    const key = elementKey(item, keys);
    if (!places.has(key)) places.set(key, place);
  }
  for (const item of patch) {
    if (!isJsonObject(item)) throw new OrchError('BadRequest', `${path}: every element must be an object`);
    if (item['$patch'] === 'replace') continue;
    const key = elementKey(item, keys);
    if (keys.some((name) => item[name] === undefined)) {
      throw new OrchError('BadRequest', `${path}: every element of the patch needs its key ${keys.join(', ')}`);
    }
    const place = places.get(key);
    const old = place === undefined ? undefined : result[place];
    const change = mergeObject(item, isJsonObject(old) ? old : {}, path, listKeys);
    if (change === null) {
      if (place !== undefined) result[place] = undefined;
      places.delete(key);
      continue;
    }
    const element = applyMerge(isJsonObject(old) ? old : {}, change);
    if (place !== undefined) result[place] = element;
    else places.set(key, result.push(element) - 1);
  }
  return result.filter((item) => item !== undefined);
}

/** Inside a list a merge patch cannot reach, so elements are merged here (RFC 7396). */
function applyMerge(target: JsonObject, patch: JsonObject): JsonObject {
  const result: JsonObject = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (isJsonObject(value)) result[key] = applyMerge(isJsonObject(result[key]) ? result[key] : {}, value);
    else result[key] = value;
  }
  return result;
}

/** In the order that $setElementOrder gives; elements that it does not name stay behind, in their own order. */
function sortBy(items: JsonValue[], order: JsonValue | undefined, keyOf: (item: JsonValue) => string): JsonValue[] {
  if (!Array.isArray(order)) return items;
  const rank = new Map(order.map((item, index) => [keyOf(item), index]));
  return items
    .map((item) => ({ item, rank: rank.get(keyOf(item)) ?? order.length }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

function elementKey(item: JsonValue, keys: readonly string[]): string {
  return isJsonObject(item) ? JSON.stringify(keys.map((key) => item[key] ?? null)) : JSON.stringify(item);
}

function unknownDirective(directive: string, path: string): OrchError {
  const where = path === '' ? '' : ` in ${path}`;
  return new OrchError(
    'BadRequest',
    `the directive "${directive}"${where} of this strategic merge patch is not supported: use a merge patch`,
  );
}
