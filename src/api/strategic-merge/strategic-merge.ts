import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.js';
import type { Kind } from '../../model/kind.js';
import { lastAppliedAnnotation } from '../../model/replica-set.js';
import { listShapesOf } from '../../registry/managed-fields/list-shapes.js';
import { OrchError } from '../../support/errors.js';
import { cleaned, memberPath, orderPrefix, refuseDirective, removePrefix } from './directives.js';
import { mergeList } from './merge-list.js';
import { mergePatchBetween } from './merge-patch-between.js';
import type { Declared, MergeContext } from './merge-context.js';
import { own } from '../../support/own.js';

/**
 * Kubernetes' strategic merge patch. Arrives: a patch and the object it is about. Leaves: the JSON merge patch with the same
 * effect on that object. The rules are those of apimachinery: lists merge by the keys of the kind, every other list is
 * replaced whole. Pure. Throws BadRequest for a directive that is not understood: what cannot be honoured is refused.
 */
export function strategicToMergePatch(patch: JsonValue, current: JsonValue, kind: Kind): JsonObject {
  if (!isJsonObject(patch)) throw new OrchError('BadRequest', 'a strategic merge patch must be an object');
  if (patch['$patch'] === 'delete') {
    throw new OrchError('BadRequest', 'a patch cannot delete the whole object: use DELETE');
  }
  const before = isJsonObject(current) ? current : {};
  const context: MergeContext = {
    shapes: listShapesOf(kind),
    mergeObject: (...parts) => mergeObject(context, ...parts),
  };
  return mergePatchBetween(before, mergeObject(context, before, patch, '', declaredBy(patch, before)));
}

/** What kubectl apply says the whole object is to be, and what it said before. */
function declaredBy(patch: JsonObject, current: JsonObject): Declared | undefined {
  const next = lastApplied(patch);
  return next === undefined ? undefined : { next, previous: lastApplied(current) };
}

function lastApplied({ metadata }: JsonObject): JsonValue | undefined {
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined;
  const text = isJsonObject(annotations) ? annotations[lastAppliedAnnotation] : undefined;
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined; // an annotation is anybody's text
  }
}

function mergeObject(
  context: MergeContext,
  original: JsonObject,
  patch: JsonObject,
  path: string,
  declared: Declared | undefined,
): JsonObject {
  const directive = patch['$patch'];
  if (directive === 'delete') return {};
  if (directive === 'replace') return cleaned({ ...patch, $patch: null }, path) as JsonObject;
  if (directive !== undefined) throw refuseDirective('$patch', path);
  const result = retained(original, patch, path);
  for (const [key, value] of Object.entries(patch)) {
    if (key === '$retainKeys' || key.startsWith(orderPrefix) || key.startsWith(removePrefix)) continue;
    if (key.startsWith('$')) throw refuseDirective(key, path);
    const old = own(result, key);
    const within = memberPath(path, key);
    const member = memberOf(declared, key);
    let merged: JsonValue | undefined;
    if (isJsonObject(old) && isJsonObject(value)) merged = mergeObject(context, old, value, within, member);
    else if (Array.isArray(value) && (Array.isArray(old) || orderOf(patch, key))) {
      merged = mergeList(context, Array.isArray(old) ? old : [], value, orderOf(patch, key), within, member);
    } else merged = cleaned(value, within);
    if (merged === undefined || merged === null) delete result[key];
    else result[key] = merged;
  }
  return withoutRemoved(inOrder(context, result, patch, path, declared), patch, path);
}

/** `$retainKeys` names every member that may be left. */
function retained(original: JsonObject, patch: JsonObject, path: string): JsonObject {
  const keys = patch['$retainKeys'];
  if (keys === undefined) return { ...original };
  const isStray = ([key, value]: [string, JsonValue]): boolean =>
    value !== null && !key.startsWith('$') && Array.isArray(keys) && !keys.includes(key);
  if (!Array.isArray(keys) || Object.entries(patch).some(isStray)) throw refuseDirective('$retainKeys', path);
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.includes(key)));
}

/** Lists of which the patch says the order only. */
function inOrder(
  context: MergeContext,
  result: JsonObject,
  patch: JsonObject,
  path: string,
  declared: Declared | undefined,
): JsonObject {
  for (const directive of Object.keys(patch)) {
    if (!directive.startsWith(orderPrefix)) continue;
    const key = directive.slice(orderPrefix.length);
    const order = orderOf(patch, key);
    const list = own(result, key);
    if (Object.hasOwn(patch, key) || list === undefined) continue;
    if (!Array.isArray(list)) throw refuseDirective(directive, path);
    result[key] = mergeList(context, list, [], order, memberPath(path, key), memberOf(declared, key));
  }
  return result;
}

function withoutRemoved(result: JsonObject, patch: JsonObject, path: string): JsonObject {
  for (const [directive, removed] of Object.entries(patch)) {
    if (!directive.startsWith(removePrefix)) continue;
    if (!Array.isArray(removed)) throw refuseDirective(directive, path);
    const key = directive.slice(removePrefix.length);
    const list = own(result, key);
    if (Array.isArray(list)) result[key] = list.filter((item) => !removed.includes(item));
  }
  return result;
}

function orderOf(patch: JsonObject, key: string): JsonValue[] | undefined {
  const order = own(patch, `${orderPrefix}${key}`);
  if (order !== undefined && !Array.isArray(order)) throw refuseDirective(`${orderPrefix}${key}`, '');
  return order;
}

function memberOf(declared: Declared | undefined, key: string): Declared | undefined {
  const [next, previous] = [declared?.next, declared?.previous].map((value) =>
    isJsonObject(value) ? own(value, key) : undefined,
  );
  return next === undefined && previous === undefined ? undefined : { next, previous };
}
