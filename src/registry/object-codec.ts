import type { Stored } from '../model/api-object.js';
import type { JsonObject } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import type { StoreEvent } from '../store/store.js';
import type { ObjectEvent } from './registry.js';

/** A stored object of any kind, with the parts that the generic rules look at. */
export type AnyStored = Stored & { spec?: unknown; status?: unknown; [field: string]: unknown };

/**
 * Between values of the store and objects of the API. The resourceVersion is the store's revision and never part of the
 * value. One value becomes one frozen object, however many readers and watchers ask for it, so whoever serialises
 * objects can remember the text by identity.
 */
const decoded = new WeakMap<JsonObject, AnyStored>();
const decodedDeletions = new WeakMap<JsonObject, AnyStored>();

export function decodeObject(value: JsonObject, revision: number): AnyStored {
  return remember(decoded, value, revision);
}

/** What goes into the store for this object. */
export function encodeObject(object: AnyStored): JsonObject {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata } as unknown as JsonObject;
}

export function decodeEvent(event: StoreEvent): ObjectEvent {
  const { type, value, previous, revision, previousRevision } = event;
  if (type === 'delete') {
    // The last state, under the revision of its end: clients resume from there.
    const object = remember(decodedDeletions, value, revision);
    return {
      type: 'DELETED',
      object,
      revision,
      ...(previousRevision === undefined ? {} : { previous: decodeObject(value, previousRevision) }),
    };
  }
  const object = decodeObject(value, revision);
  return previous === undefined || previousRevision === undefined
    ? { type: 'ADDED', object, revision }
    : { type: 'MODIFIED', object, previous: decodeObject(previous, previousRevision), revision };
}

function remember(memory: WeakMap<JsonObject, AnyStored>, value: JsonObject, revision: number): AnyStored {
  const known = memory.get(value);
  const resourceVersion = String(revision);
  if (known?.metadata.resourceVersion === resourceVersion) return known;
  const metadata = isJsonObject(value['metadata']) ? value['metadata'] : {};
  const object = Object.freeze({
    ...value,
    metadata: Object.freeze({ ...metadata, resourceVersion }),
  }) as unknown as AnyStored;
  memory.set(value, object);
  return object;
}
