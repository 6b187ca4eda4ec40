import type { ObjectKey } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';

/**
 * Where objects live in the store: /GROUP/PLURAL/NAMESPACE/NAME, with `core` for Kubernetes' nameless group and without
 * the namespace for cluster-scoped kinds. Names are checked before they become part of a key.
 */
export function storePrefix(kind: Kind, namespace?: string): string {
  const root = `/${kind.group === '' ? 'core' : kind.group}/${kind.plural}/`;
  return kind.namespaced && namespace !== undefined ? `${root}${namespace}/` : root;
}

/** The key of an object whose names have passed `nameProblem`. */
export function storeKey(kind: Kind, key: ObjectKey): string {
  return `${storePrefix(kind, kind.namespaced ? (key.namespace ?? 'default') : undefined)}${key.name}`;
}

const label = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Why this cannot be the name of an object of the kind; undefined when it can. Linear in the name's length. */
export function nameProblem(kind: Kind, name: string): string | undefined {
  if (kind.group === '' && kind.kind === 'Namespace') return namespaceProblem(name);
  if (name.length > 253) return `must be no more than 253 characters, not ${name.length}`;
  return subdomain.test(name)
    ? undefined
    : `"${name.slice(0, 80)}" must consist of lower-case letters, digits, '-' and '.', and begin and end with a letter or digit`;
}

export function namespaceProblem(namespace: string): string | undefined {
  if (namespace.length > 63) return `must be no more than 63 characters, not ${namespace.length}`;
  return label.test(namespace)
    ? undefined
    : `"${namespace.slice(0, 80)}" must consist of lower-case letters, digits and '-', and begin and end with a letter or digit`;
}

/** Whether an object under this key could exist at all. */
export function isPossibleKey(kind: Kind, key: ObjectKey): boolean {
  if (nameProblem(kind, key.name) !== undefined) return false;
  return !kind.namespaced || key.namespace === undefined || namespaceProblem(key.namespace) === undefined;
}
