import type { ObjectMeta } from './generated/object-meta.js';

export type { ObjectMeta } from './generated/object-meta.js';

/** Any object of the API, whatever its kind. Typed kinds (Task, Node, ...) are assignable to it. */
export interface ApiObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** An object as the registry hands it out: named, identified and versioned. */
export type Stored<T extends ApiObject = ApiObject> = T & {
  metadata: ObjectMeta & {
    name: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp: string;
    generation: number;
  };
};

/** Where an object lives. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectKey {
  namespace?: string;
  name: string;
}

/** `namespace/name`, or `name` for cluster-scoped kinds: the key used in queues, maps and logs. */
export function formatKey(key: ObjectKey): string {
  return key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;
}

/** The reverse of formatKey. */
export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf('/');
  return slash < 0 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

export function keyOf(object: ApiObject): ObjectKey {
  const { name = '', namespace } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}
