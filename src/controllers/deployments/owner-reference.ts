import type { ObjectMeta } from '../../model/api-object.js';
import type { StoredDeployment } from '../../model/deployment.js';

/** How what a Deployment makes names it as its owner. Pure. */
export function ownerReferenceTo({
  name,
  uid,
}: StoredDeployment['metadata']): NonNullable<ObjectMeta['ownerReferences']>[number] {
  return { apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true, blockOwnerDeletion: true };
}
