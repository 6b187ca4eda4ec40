import type { ManifestDocument } from '../manifest/manifest-document.js';
import type { ApiObject, ObjectKey } from '../model/api-object.js';
import { apiVersionOf, type Kind } from '../model/kind.js';
import { defaultNamespace } from '../model/namespace.js';
import type { InventoryEntry } from '../model/source.js';

/** What an object is, wherever its manifest lies: so a moved or renamed file deletes nothing. */
export function identityOf(entry: Pick<InventoryEntry, 'apiVersion' | 'kind' | 'namespace' | 'name'>): string {
  return [entry.apiVersion, entry.kind, entry.namespace ?? '', entry.name].join(' ');
}

/** The inventory entry of an object of a manifest; without a uid until it was applied. */
export function entryOf(kind: Kind, object: ApiObject, file?: string): InventoryEntry {
  const { name = '', namespace = defaultNamespace, uid } = object.metadata;
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    ...(kind.namespaced && { namespace }),
    name,
    ...(uid !== undefined && { uid }),
    ...(file !== undefined && { file }),
  };
}

export function keyOfEntry(entry: InventoryEntry): ObjectKey {
  return entry.namespace === undefined ? { name: entry.name } : { namespace: entry.namespace, name: entry.name };
}

export function identityOfDocument({ kind, object }: ManifestDocument): string {
  return identityOf(entryOf(kind, object));
}
