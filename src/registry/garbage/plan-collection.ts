import type { ObjectMeta } from '../../model/api-object.js';
import type { PropagationPolicy } from '../registry.js';

/** Kubernetes' two finalizers by which an object waits for its dependents. */
export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

/** How an owner is: `unknown` is one of a kind that is not stored here, of which nothing can be said. */
export type OwnerState = 'present' | 'absent' | 'deletedInForeground' | 'unknown';

export interface DependentFacts {
  /** Whether it keeps an owner that is deleted in the foreground from going. */
  blocksOwner: boolean;
  /** Whether it is itself being deleted in the foreground. */
  deletedInForeground: boolean;
}

export type CollectionStep =
  | { type: 'delete'; propagationPolicy: PropagationPolicy }
  /** References that say nothing any more; another owner keeps the object. */
  | { type: 'dropOwners'; uids: string[] }
  /** Takes the object out of the references of its dependents. */
  | { type: 'disownDependents' }
  | { type: 'dropFinalizer'; finalizer: string };

/**
 * What is to be done about one object because of its owners and dependents. An object goes when the last of its owners is
 * gone for certain; of an owner that nothing is known about it is never said that it is gone. `owners` are the states
 * of metadata.ownerReferences, by uid. Pure. After Kubernetes' garbage collector.
 */
export function planCollection(
  metadata: Pick<ObjectMeta, 'deletionTimestamp' | 'finalizers' | 'ownerReferences'>,
  owners: ReadonlyMap<string, OwnerState>,
  dependents: readonly DependentFacts[],
): CollectionStep | undefined {
  const { deletionTimestamp, finalizers = [], ownerReferences = [] } = metadata;
  if (deletionTimestamp !== undefined) {
    if (finalizers.includes(foregroundFinalizer)) {
      const waits = dependents.some(({ blocksOwner }) => blocksOwner);
      return waits ? undefined : { type: 'dropFinalizer', finalizer: foregroundFinalizer };
    }
    if (!finalizers.includes(orphanFinalizer)) return undefined;
    return dependents.length > 0 ? { type: 'disownDependents' } : { type: 'dropFinalizer', finalizer: orphanFinalizer };
  }
  if (ownerReferences.length === 0) return undefined;
  const stateOf = (uid: string): OwnerState => owners.get(uid) ?? 'unknown';
  const leaving = ownerReferences.filter(({ uid }) => ['absent', 'deletedInForeground'].includes(stateOf(uid)));
  if (leaving.length < ownerReferences.length) {
    return leaving.length === 0 ? undefined : { type: 'dropOwners', uids: leaving.map(({ uid }) => uid) };
  }
  const isAwaited = leaving.some(({ uid }) => stateOf(uid) === 'deletedInForeground');
  // In a circle of owners one has to go first.
  const isCircle = dependents.some(({ deletedInForeground }) => deletedInForeground);
  const waitsForOwn = isAwaited && dependents.length > 0 && !isCircle;
  return { type: 'delete', propagationPolicy: waitsForOwn ? 'Foreground' : 'Background' };
}

/** The finalizers of an object that is deleted with this policy; without one they stay as they are. Pure. */
export function finalizersFor(
  policy: PropagationPolicy | undefined,
  finalizers: readonly string[] | undefined,
  hasDependents: boolean,
): string[] | undefined {
  if (policy === undefined) return finalizers && [...finalizers];
  const others = (finalizers ?? []).filter((name) => name !== foregroundFinalizer && name !== orphanFinalizer);
  const own = { Background: [], Foreground: [foregroundFinalizer], Orphan: [orphanFinalizer] }[policy];
  const wanted = hasDependents ? [...others, ...own] : others;
  return wanted.length === 0 && finalizers === undefined ? undefined : wanted;
}
