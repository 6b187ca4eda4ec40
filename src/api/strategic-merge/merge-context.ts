import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.js';
import type { ListShape, ListShapes } from '../../registry/managed-fields/list-shapes.js';
import { own } from '../../support/own.js';

/** What the parts of a strategic merge work with: how lists merge, and the merge of objects, which lists need for their items. */
export interface MergeContext {
  shapes: ListShapes;
  mergeObject(original: JsonObject, patch: JsonObject, path: string, declared: Declared | undefined): JsonObject;
}

/** The same place in the manifest that kubectl apply keeps in an annotation: as it is to be, and as it was before. */
export interface Declared {
  next: JsonValue | undefined;
  previous: JsonValue | undefined;
}

export type KeyedShape = Extract<ListShape, { type: 'keyed' }>;

/** The value that a strategic merge tells items apart by: the first of the keys, however many server-side apply goes by. */
export function mergeKeyOf(item: JsonValue, { keys: [first = ''] }: KeyedShape): JsonValue | undefined {
  return isJsonObject(item) ? own(item, first) : undefined;
}
