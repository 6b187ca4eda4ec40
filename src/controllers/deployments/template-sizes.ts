import type { StoredDeployment } from '../../model/deployment.js';
import { templateHashLabel, type PodTemplate } from '../../model/pod-template.js';
import { revisionOf, sizedForAnnotations, type StoredReplicaSet } from '../../model/replica-set.js';
import type { RolloutBounds } from './rollout-bounds.js';
import type { Replica, Replicas } from './replicas.js';

/**
 * One template of a Deployment and how many tasks of it there are to be. The record (ReplicaSet) remembers that number, as in Kubernetes:
 * so what is missing of an older template is made again, and a rollout that a restart interrupted goes on as it was meant.
 */
export interface TemplateGroup {
  hash: string;
  isPresent: boolean;
  /** Its number in the history; 0 when it has no record. */
  revision: number;
  /** What is made for it; undefined where no record says so: then none is made. */
  template: PodTemplate | undefined;
  replicas: readonly Replica[];
  size: number;
  /** For which numbers of the Deployment the size was chosen. */
  sizedFor?: { desired: number; maxTotal: number };
}

/** The present template first, then the older ones, the newest of them first; also such as have no tasks. Pure. */
export function templateGroups(
  { spec }: StoredDeployment,
  { hash, updated, old }: Pick<Replicas, 'hash' | 'updated' | 'old'>,
  records: readonly StoredReplicaSet[],
): [TemplateGroup, ...TemplateGroup[]] {
  const newest = new Map<string, StoredReplicaSet>();
  for (const record of records) {
    const of = hashOf(record);
    const known = newest.get(of);
    if (record.metadata.deletionTimestamp !== undefined || of === '') continue;
    if (known === undefined || (revisionOf(known) ?? 0) < (revisionOf(record) ?? 0)) newest.set(of, record);
  }
  const byHash = new Map<string, Replica[]>();
  for (const replica of old) {
    const of = hashOf(replica.task);
    byHash.set(of, [...(byHash.get(of) ?? []), replica]);
  }
  const hashes = new Set([...newest.keys(), ...byHash.keys()]);
  hashes.delete(hash);
  const older = [...hashes].map((of) => group(of, false, byHash.get(of) ?? [], newest.get(of)));
  const present = { ...group(hash, true, updated, newest.get(hash)), template: spec.template };
  // Of the present template the rollout makes what is missing; only a paused Deployment goes by what was there.
  const size = spec.paused ? present.size : updated.length;
  return [{ ...present, size }, ...older.sort((a, b) => b.revision - a.revision)];
}

function group(
  hash: string,
  isPresent: boolean,
  replicas: readonly Replica[],
  record: StoredReplicaSet | undefined,
): TemplateGroup {
  if (record === undefined)
    return { hash, isPresent, revision: 0, template: undefined, replicas, size: replicas.length };
  const size = Math.max(record.spec.replicas ?? 0, replicas.length);
  const sizedFor = sizedForAnnotations.read(record);
  const { template } = record.spec;
  const revision = revisionOf(record) ?? 0;
  return { hash, isPresent, revision, template, replicas, size, ...(sizedFor === undefined ? {} : { sizedFor }) };
}

/** Whether the Deployment's number is another one than that for which a template with tasks has its size. Pure. */
export function isBeingScaled(groups: readonly TemplateGroup[], { desired }: RolloutBounds): boolean {
  return groups.some(({ size, sizedFor }) => size > 0 && sizedFor !== undefined && sizedFor.desired !== desired);
}

/**
 * New sizes of templates that have tasks side by side: each keeps its share of the whole, rounded, and what remains goes to the
 * largest. After Kubernetes' proportional scaling. Pure.
 */
export function proportionalSizes(
  groups: readonly TemplateGroup[],
  { desired, maxTotal }: RolloutBounds,
): Map<string, number> {
  const total = groups.reduce((sum, { size }) => sum + size, 0);
  const allowed = desired === 0 ? 0 : maxTotal;
  const change = allowed - total;
  // The newer of two equal ones grows first, the older one shrinks first.
  const ordered = groups
    .filter(({ size }) => size > 0)
    .sort((a, b) => b.size - a.size || (change > 0 ? b.revision - a.revision : a.revision - b.revision));
  const sizes = new Map<string, number>();
  let left = change;
  for (const { hash, size, sizedFor } of ordered) {
    const before = sizedFor?.maxTotal || total;
    const share = Math.round((size * allowed) / before) - size;
    const step = change > 0 ? clamp(share, 0, left) : -clamp(-share, 0, -left);
    sizes.set(hash, size + step);
    left -= step;
  }
  const [largest] = ordered;
  if (largest !== undefined) sizes.set(largest.hash, Math.max(0, (sizes.get(largest.hash) ?? 0) + left));
  return sizes;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

function hashOf({ metadata }: StoredReplicaSet | Replica['task']): string {
  return metadata.labels?.[templateHashLabel] ?? '';
}
