import type { ObjectMeta, Stored } from '../../model/api-object.js';

/** How what an object makes names it as its owner. Pure. */
export function ownerReferenceTo({
  apiVersion,
  kind,
  metadata: { name, uid },
}: Stored): NonNullable<ObjectMeta['ownerReferences']>[number] {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}
