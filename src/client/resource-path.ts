import type { ObjectKey } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import { defaultNamespace } from '../model/namespace.js';

/** The path of a collection: of one namespace, or of all when `namespace` is absent. */
export function collectionPath(kind: Kind, namespace?: string): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const within = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${within}/${kind.plural}`;
}

/** The path of one object, or of a subresource of it. */
export function objectPath(kind: Kind, key: ObjectKey, subresource?: string): string {
  const collection = collectionPath(kind, key.namespace ?? defaultNamespace);
  return `${collection}/${encodeURIComponent(key.name)}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** `?a=1&b=2&b=3`, or nothing. Undefined members are left out. */
export function queryString(query: Readonly<Record<string, string | readonly string[] | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (typeof value === 'string') parameters.append(name, value);
    else for (const item of value ?? []) parameters.append(name, item);
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
