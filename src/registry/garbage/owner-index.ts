import { keyOf, type ObjectKey, type ObjectMeta } from '../../model/api-object.js';
import { canonicalJson } from '../../model/json.js';
import type { Kind } from '../../model/kind.js';
import type { AnyStored } from '../object-codec.js';

/** An object that names owners, or waits for its dependents. */
export interface TrackedObject {
  kind: Kind;
  key: ObjectKey;
  uid: string;
  owners: NonNullable<ObjectMeta['ownerReferences']>;
}

/**
 * Who names whom as owner, in memory: made from the store at start, kept right by every write. Objects without owners (most)
 * cost nothing here.
 */
export class OwnerIndex {
  private readonly objects = new Map<string, TrackedObject>();
  private readonly dependents = new Map<string, Set<string>>();

  get(storeKey: string): TrackedObject | undefined {
    return this.objects.get(storeKey);
  }

  /** The store keys of the objects that name this uid as an owner. */
  dependentsOf(uid: string): readonly string[] {
    return [...(this.dependents.get(uid) ?? [])];
  }

  hasDependents(uid: string): boolean {
    return this.dependents.has(uid);
  }

  /** Takes in an object as it is now. True when it names other owners than before. */
  note(storeKey: string, kind: Kind, object: AnyStored, isWaiting: boolean): boolean {
    const owners = object.metadata.ownerReferences ?? [];
    const known = this.objects.get(storeKey);
    if (!known && owners.length === 0 && !isWaiting) return false;
    const isSame = canonicalJson(known?.owners ?? []) === canonicalJson(owners) && known?.uid === object.metadata.uid;
    if (isSame) return false;
    this.forget(storeKey);
    if (owners.length === 0 && !isWaiting) return false;
    this.objects.set(storeKey, { kind, key: keyOf(object), uid: object.metadata.uid, owners });
    for (const { uid } of owners) {
      const keys = this.dependents.get(uid) ?? new Set();
      this.dependents.set(uid, keys.add(storeKey));
    }
    return owners.length > 0;
  }

  forget(storeKey: string): void {
    const known = this.objects.get(storeKey);
    if (!known) return;
    this.objects.delete(storeKey);
    for (const { uid } of known.owners) {
      const keys = this.dependents.get(uid);
      keys?.delete(storeKey);
      if (keys?.size === 0) this.dependents.delete(uid);
    }
  }
}
