import { formatKey, keyOf, type Stored } from '../../model/api-object.js';
import { templateHashLabel } from '../../model/pod-template.js';

/** Whom a change of an object is to be told: owners by uid, and all owners of the namespaces in which one has none. */
export interface Concerned {
  owners: string[];
  namespaces: string[];
}

/**
 * Objects of one kind (tasks, ReplicaSets) that owners of one kind have, and such as nobody owns and they may take, as the store
 * has them. Always holds: derived from the store; an older version never replaces a newer one. Other objects cost nothing here.
 */
export class OwnedObjects<T extends Stored> {
  private readonly objects = new Map<string, T>();
  private readonly byOwner = new Map<string, Set<string>>();
  private readonly orphans = new Map<string, Set<string>>();
  private readonly ownerKind: string;
  private readonly mayBeTaken: (labels: Readonly<Record<string, string>>) => boolean;
  /** Up to here every deletion has been seen: an object of an older write that is not here is gone. */
  private seenRevision = 0;

  /** `ownerKind`: whose objects count, Deployments without it. `mayBeTaken`: which such as nobody owns are kept in mind, by their labels. */
  constructor({
    ownerKind = 'Deployment',
    mayBeTaken = (labels: Readonly<Record<string, string>>) => Object.hasOwn(labels, templateHashLabel),
  }: { ownerKind?: string; mayBeTaken?: (labels: Readonly<Record<string, string>>) => boolean } = {}) {
    this.ownerKind = ownerKind;
    this.mayBeTaken = mayBeTaken;
  }

  /** `revision`: of the watch event or list; absent for the result of a write of our own. */
  put(object: T, revision?: number): Concerned {
    const key = formatKey(keyOf(object));
    const old = this.objects.get(key);
    const version = Number(object.metadata.resourceVersion);
    if (revision !== undefined) this.seenRevision = Math.max(this.seenRevision, revision);
    else if (old === undefined && version <= this.seenRevision) return nobody;
    if (old !== undefined && version <= Number(old.metadata.resourceVersion)) return nobody;
    const before = this.drop(key);
    const concerned = this.concernedBy(object);
    if (concerned.owners.length + concerned.namespaces.length === 0) return before;
    this.objects.set(key, object);
    for (const owner of concerned.owners) add(this.byOwner, owner, key);
    for (const namespace of concerned.namespaces) add(this.orphans, namespace, key);
    return {
      owners: [...new Set([...before.owners, ...concerned.owners])],
      namespaces: [...new Set([...before.namespaces, ...concerned.namespaces])],
    };
  }

  remove(key: string, revision: number): Concerned {
    this.seenRevision = Math.max(this.seenRevision, revision);
    const old = this.objects.get(key);
    if (old === undefined || Number(old.metadata.resourceVersion) > revision) return nobody;
    return this.drop(key);
  }

  ownedBy(uid: string): T[] {
    return this.all(this.byOwner.get(uid));
  }

  /** Owned by nobody, and to be kept in mind: of Deployments, such as one made once. */
  orphansIn(namespace: string): T[] {
    return this.all(this.orphans.get(namespace));
  }

  keys(): string[] {
    return [...this.objects.keys()];
  }

  private all(keys: ReadonlySet<string> | undefined): T[] {
    return [...(keys ?? [])].flatMap((key) => this.objects.get(key) ?? []);
  }

  private drop(key: string): Concerned {
    const old = this.objects.get(key);
    if (old === undefined) return nobody;
    this.objects.delete(key);
    const concerned = this.concernedBy(old);
    for (const owner of concerned.owners) take(this.byOwner, owner, key);
    for (const namespace of concerned.namespaces) take(this.orphans, namespace, key);
    return concerned;
  }

  private concernedBy({ metadata }: Stored): Concerned {
    const { ownerReferences = [], labels = {}, namespace = 'default' } = metadata;
    const controller = ownerReferences.find((owner) => owner.controller === true);
    if (controller) return { owners: controller.kind === this.ownerKind ? [controller.uid] : [], namespaces: [] };
    return { owners: [], namespaces: this.mayBeTaken(labels) ? [namespace] : [] };
  }
}

const nobody: Concerned = { owners: [], namespaces: [] };

function add(sets: Map<string, Set<string>>, name: string, key: string): void {
  sets.set(name, (sets.get(name) ?? new Set()).add(key));
}

function take(sets: Map<string, Set<string>>, name: string, key: string): void {
  const keys = sets.get(name);
  keys?.delete(key);
  if (keys?.size === 0) sets.delete(name);
}
