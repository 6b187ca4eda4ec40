import { keyOf, type ObjectKey, type ObjectMeta } from '../../model/api-object.js';
import { canonicalJson } from '../../model/json.js';
import { apiVersionOf, type Kind } from '../../model/kind.js';
import { podKind } from '../../model/pod.js';
import { taskKind } from '../../model/task.js';
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

  /** The store keys of the objects that name this one as an owner. */
  dependentsOf(owner: OwnerIdentity): readonly string[] {
    const keys = namesOf(owner).flatMap((name) => [...(this.dependents.get(name) ?? [])]);
    return [...new Set(keys)];
  }

  hasDependents(owner: OwnerIdentity): boolean {
    return namesOf(owner).some((name) => this.dependents.has(name));
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
    for (const name of owners.map((owner) => nameOfOwner(owner, object.metadata.namespace))) {
      const keys = this.dependents.get(name) ?? new Set();
      this.dependents.set(name, keys.add(storeKey));
    }
    return owners.length > 0;
  }

  forget(storeKey: string): void {
    const known = this.objects.get(storeKey);
    if (!known) return;
    this.objects.delete(storeKey);
    for (const name of known.owners.map((owner) => nameOfOwner(owner, known.key.namespace))) {
      const keys = this.dependents.get(name);
      keys?.delete(storeKey);
      if (keys?.size === 0) this.dependents.delete(name);
    }
  }
}

/** What an object is to those that name it as their owner. */
export type OwnerIdentity = Pick<TrackedObject, 'kind' | 'key' | 'uid'>;

/** Whether a reference is to this object. A reference to a Pod is one to its Task, whose Pod has another uid after a move. Pure. */
export function refersTo(
  reference: TrackedObject['owners'][number],
  namespace: string | undefined,
  owner: OwnerIdentity,
): boolean {
  return namesOf(owner).includes(nameOfOwner(reference, namespace));
}

export function isPodReference({
  apiVersion,
  kind,
}: Pick<TrackedObject['owners'][number], 'apiVersion' | 'kind'>): boolean {
  return kind === podKind.kind && apiVersion === apiVersionOf(podKind);
}

function nameOfOwner(reference: TrackedObject['owners'][number], namespace = ''): string {
  return isPodReference(reference) ? podName(namespace, reference.name) : reference.uid;
}

function namesOf({ kind, key, uid }: OwnerIdentity): string[] {
  return kind === taskKind ? [uid, podName(key.namespace ?? '', key.name)] : [uid];
}

function podName(namespace: string, name: string): string {
  return `pod ${namespace}/${name}`;
}
