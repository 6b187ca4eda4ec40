import { canonicalJson } from '../../model/json.js';
import { revisionAnnotation, type StoredDeployment } from '../../model/deployment.js';
import { nameOfTemplate, templateHash, templateHashLabel, withoutHash } from '../../model/pod-template.js';
import {
  annotationsOfTemplate,
  revisionOf,
  sizedForAnnotations,
  type ReplicaSet,
  type StoredReplicaSet,
} from '../../model/replica-set.js';
import { ownerReferenceTo } from './owner-reference.js';
import type { Replicas } from './replicas.js';
import { boundsOf } from './rollout-bounds.js';

/**
 * In: a Deployment, the records (ReplicaSets) of the templates it has brought out, and the tasks that it has. Out: what is to
 * become of the records. Always holds: whichever of the steps come about, the present template's record is of the highest
 * number; no record of a template that has tasks is removed, and none is while the templates to go back to are few.
 */
export type RevisionStep =
  | { type: 'create'; record: ReplicaSet }
  | { type: 'write'; record: StoredReplicaSet; content: RecordContent }
  /** Tells the Deployment which number its template has. */
  | { type: 'number'; revision: number }
  | { type: 'delete'; record: StoredReplicaSet };

/** What a record says, besides its name. The generation that the status speaks of is the writer's to fill in. */
export interface RecordContent {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  ownerReferences: NonNullable<ReplicaSet['metadata']['ownerReferences']>;
  spec: ReplicaSet['spec'];
  status: NonNullable<ReplicaSet['status']>;
}

type Counts = Required<Pick<RecordContent['status'], 'replicas' | 'readyReplicas' | 'availableReplicas'>> & {
  /** How many there are to be. */
  size: number;
};

/** While a rollout is not complete, so many are kept at least: one of them may be the last that worked. */
const keptMeanwhile = 10;

/**
 * `records`: also such as nobody owns and the Deployment selects; it takes them over. `sizes`: by the hash of a template, how many of
 * it there are to be, where that is not how many there are. No steps when all is as it should be. Pure.
 */
export function planRevisions(
  deployment: StoredDeployment,
  records: readonly StoredReplicaSet[],
  replicas: Replicas,
  sizes: ReadonlyMap<string, number> = new Map(),
): RevisionStep[] {
  const { metadata, spec } = deployment;
  const { hash } = replicas;
  const counts = countByTemplate(replicas);
  const countOf = (template: string): Counts => {
    const count = counts.get(template) ?? noTasks;
    return { ...count, size: sizes.get(template) ?? count.replicas };
  };
  const living = [...records]
    .filter((record) => record.metadata.deletionTimestamp === undefined)
    .sort((a, b) => numberOf(a) - numberOf(b) || a.metadata.name.localeCompare(b.metadata.name));
  const current = living.findLast((record) => hashOf(record) === hash);
  const older = living.filter((record) => record !== current);
  const next = 1 + Math.max(0, ...records.filter((record) => record !== current).map(numberOf));
  const isNumbered = current !== undefined && numberOf(current) >= next;
  // A paused Deployment brings nothing out; what it has brought out before it goes on making.
  const isBroughtOut = !spec.paused || (current === undefined && replicas.updated.length > 0);
  // The name is free again, and this planned anew, when the old record has gone.
  const isLeaving = records.some((record) => !living.includes(record) && hashOf(record) === hash);
  const isOut = isNumbered || (isBroughtOut && !isLeaving);
  const revision = isNumbered ? numberOf(current) : next;

  const steps: RevisionStep[] = [];
  if (isOut) {
    const content = contentOf(deployment, hash, revision, countOf(hash));
    if (current === undefined) steps.push({ type: 'create', record: newRecord(deployment, hash, content) });
    else if (differs(current, content)) steps.push({ type: 'write', record: current, content });
    if (metadata.annotations?.[revisionAnnotation] !== String(revision)) steps.push({ type: 'number', revision });
  }
  // While it is paused, and before the present template is brought out, tasks are made of the one before.
  const dispensable = current === undefined ? older.slice(0, -1) : older;
  const removed = surplusOf(deployment, older, replicas).filter((record) => {
    const { replicas: count, size } = countOf(hashOf(record));
    return count === 0 && size === 0 && (!spec.paused || dispensable.includes(record));
  });
  const seen = new Set(isOut ? [hash] : []);
  for (const record of living.toReversed()) {
    if (removed.includes(record) || (isOut && record === current)) continue;
    // Of two records of one template (one was taken over) the older one counts nothing.
    const isSecond = seen.has(hashOf(record));
    seen.add(hashOf(record));
    const content = withCounts(deployment, record, isSecond ? noTasks : countOf(hashOf(record)));
    if (differs(record, content)) steps.push({ type: 'write', record, content });
  }
  return [...steps, ...removed.map((record): RevisionStep => ({ type: 'delete', record }))];
}

/**
 * The hash of the present template, as its records know it. Another version of orch may have counted it otherwise: then that of
 * the newest record with a template that says the same, so that no new version brings anything out by itself. Pure.
 */
export function hashInRecords({ spec }: StoredDeployment, records: readonly StoredReplicaSet[]): string {
  const hash = templateHash(spec.template);
  if (records.some((record) => hashOf(record) === hash)) return hash;
  const same = records
    .filter((record) => hashOf(record) !== '' && templateHash(withoutHash(record.spec.template)) === hash)
    .sort((a, b) => numberOf(b) - numberOf(a));
  return same[0] ? hashOf(same[0]) : hash;
}

/** Of the older ones, the oldest first, those beyond the limit. */
function surplusOf(
  { spec }: StoredDeployment,
  older: readonly StoredReplicaSet[],
  { updated, old }: Replicas,
): readonly StoredReplicaSet[] {
  const { revisionHistoryLimit: limit = 10 } = spec;
  const { desired } = boundsOf(spec);
  const isComplete = old.length === 0 && updated.length === desired && updated.every(({ isAvailable }) => isAvailable);
  const kept = isComplete ? limit : Math.max(limit, keptMeanwhile);
  return older.slice(0, Math.max(0, older.length - kept));
}

function newRecord({ metadata }: StoredDeployment, hash: string, content: RecordContent): ReplicaSet {
  const { labels, annotations, ownerReferences, spec } = content;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: nameOfTemplate(metadata.name, hash),
      namespace: metadata.namespace ?? 'default',
      labels,
      annotations,
      ownerReferences,
    },
    spec,
  };
}

/** As kubectl looks for it: the labels and the selector of the template's tasks, the hash in all three places. */
function contentOf(deployment: StoredDeployment, hash: string, revision: number, counts: Counts): RecordContent {
  const { spec } = deployment;
  const { selector, template, minReadySeconds } = spec;
  const labels = { ...template.metadata?.labels, [templateHashLabel]: hash };
  return {
    labels,
    annotations: {
      ...annotationsOfTemplate(deployment),
      [revisionAnnotation]: String(revision),
      ...sizedForAnnotations.write(boundsOf(spec)),
    },
    ownerReferences: [ownerReferenceTo(deployment)],
    spec: {
      replicas: counts.size,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [templateHashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
    status: statusOf(counts),
  };
}

function withCounts(deployment: StoredDeployment, record: StoredReplicaSet, counts: Counts): RecordContent {
  const { spec } = deployment;
  const { labels = {}, annotations = {} } = record.metadata;
  return {
    labels,
    annotations: counts.size === 0 ? annotations : { ...annotations, ...sizedForAnnotations.write(boundsOf(spec)) },
    ownerReferences: [ownerReferenceTo(deployment)],
    spec: { ...record.spec, replicas: counts.size },
    status: statusOf(counts),
  };
}

const noTasks: Counts = { replicas: 0, readyReplicas: 0, availableReplicas: 0, size: 0 };

function countByTemplate({ updated, old }: Replicas): Map<string, Counts> {
  const counts = new Map<string, Counts>();
  for (const { task, isReady, isAvailable } of [...updated, ...old]) {
    const hash = task.metadata.labels?.[templateHashLabel] ?? '';
    const { replicas, readyReplicas, availableReplicas } = counts.get(hash) ?? noTasks;
    counts.set(hash, {
      size: replicas + 1,
      replicas: replicas + 1,
      readyReplicas: readyReplicas + Number(isReady),
      availableReplicas: availableReplicas + Number(isAvailable),
    });
  }
  return counts;
}

/** Zeros are left out where Kubernetes leaves them out. */
function statusOf({ replicas, readyReplicas, availableReplicas }: Counts): RecordContent['status'] {
  return {
    replicas,
    ...(readyReplicas === 0 ? {} : { readyReplicas }),
    ...(availableReplicas === 0 ? {} : { availableReplicas }),
  };
}

function differs({ metadata, spec, status }: StoredReplicaSet, content: RecordContent): boolean {
  const { labels, annotations, ownerReferences } = metadata;
  const { observedGeneration, ...counted } = status ?? {};
  const now = { labels, annotations, ownerReferences, spec, status: counted };
  return observedGeneration !== metadata.generation || canonicalJson(now) !== canonicalJson(content);
}

function numberOf(record: StoredReplicaSet): number {
  return revisionOf(record) ?? 0;
}

function hashOf({ metadata }: StoredReplicaSet): string {
  return metadata.labels?.[templateHashLabel] ?? '';
}
