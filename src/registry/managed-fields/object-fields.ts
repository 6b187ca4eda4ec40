import type { JsonObject, JsonValue } from '../../model/json.js';
import { isJsonObject } from '../../model/json.js';
import type { Kind } from '../../model/kind.js';
import { jsonEqual } from '../json-equal.js';
import { FieldSet } from './field-set.js';
import { itemsByElement, listShapesOf, type ListShapes } from './list-shapes.js';

/** Which part of an object a write is about; the other part has owners of its own. */
export type FieldScope = 'main' | 'status';

const ownedMetadata = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** The part of an object whose fields can have owners. */
export function ownablePart(kind: Kind, object: JsonObject, scope: FieldScope): JsonObject {
  if (scope === 'status') return object['status'] === undefined ? {} : { status: object['status'] };
  const { apiVersion: _apiVersion, kind: _kind, metadata, status, ...rest } = object;
  const owned: JsonObject = {};
  for (const field of ownedMetadata) {
    const value = isJsonObject(metadata) ? metadata[field] : undefined;
    if (value !== undefined) owned[field] = value;
  }
  return {
    ...(Object.keys(owned).length === 0 ? {} : { metadata: owned }),
    ...rest,
    ...(status === undefined || kind.hasStatus ? {} : { status }),
  };
}

/** Every field that the part has: scalars, lists that are one value, empty objects, and the items of keyed lists. */
export function fieldsOf(kind: Kind, part: JsonObject): FieldSet {
  const set = new FieldSet();
  collect(listShapesOf(kind), part, '', set, true);
  return set;
}

/** What differs between two versions: fields that are new or have another value, and fields that are gone. */
export function compareFields(kind: Kind, old: JsonObject, next: JsonObject): { changed: FieldSet; removed: FieldSet } {
  const difference = { changed: new FieldSet(), removed: new FieldSet() };
  compare(listShapesOf(kind), old, next, '', difference.changed, difference.removed, true);
  return difference;
}

function collect(shapes: ListShapes, value: JsonValue, path: string, set: FieldSet, isRoot = false): void {
  const parts = partsOf(shapes, value, path);
  if (parts === undefined || parts.size === 0) {
    if (!isRoot) set.member = true;
    return;
  }
  for (const [element, part] of parts) collectPart(shapes, element, part, path, set);
}

function collectPart(shapes: ListShapes, element: string, part: JsonValue, path: string, set: FieldSet): void {
  const child = set.child(element);
  if (element.startsWith('f:')) return collect(shapes, part, join(path, element), child);
  child.member = true;
  if (element.startsWith('k:')) collect(shapes, part, path, child);
}

function compare(
  shapes: ListShapes,
  old: JsonValue,
  next: JsonValue,
  path: string,
  changed: FieldSet,
  removed: FieldSet,
  isRoot = false,
): void {
  if (old === next) return;
  const [before, after] = [partsOf(shapes, old, path), partsOf(shapes, next, path)];
  if (!before || !after || ((before.size === 0 || after.size === 0) && !isRoot)) {
    if (jsonEqual(old, next)) return;
    const [oldFields, nextFields] = [new FieldSet(), new FieldSet()];
    collect(shapes, old, path, oldFields);
    collect(shapes, next, path, nextFields);
    add(changed, nextFields);
    add(removed, oldFields.difference(nextFields));
    return;
  }
  for (const [element, part] of after) {
    const earlier = before.get(element);
    if (earlier === undefined) collectPart(shapes, element, part, path, changed);
    else compare(shapes, earlier, part, join(path, element), changed.child(element), removed.child(element));
  }
  for (const [element, part] of before) if (!after.has(element)) collectPart(shapes, element, part, path, removed);
}

/** The parts of a container under their path elements; undefined for what is one value. */
export function partsOf(shapes: ListShapes, value: JsonValue, path: string): Map<string, JsonValue> | undefined {
  if (Array.isArray(value)) return itemsByElement(value, shapes.get(path));
  if (!isJsonObject(value)) return undefined;
  const members = Object.entries(value).filter(([, member]) => (member as unknown) !== undefined);
  return new Map(members.map(([name, member]) => [`f:${name}`, member]));
}

/** Paths of lists leave out the items. */
export function join(path: string, element: string): string {
  if (!element.startsWith('f:')) return path;
  return path === '' ? element.slice(2) : `${path}.${element.slice(2)}`;
}

function add(target: FieldSet, source: FieldSet): void {
  if (source.member) target.member = true;
  for (const [element, child] of source.children) add(target.child(element), child);
}
