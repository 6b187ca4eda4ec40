import schema from '../../schemas/replica-set.schema.json' with { type: 'json' };
import type { ApiObject, Stored } from './api-object.js';
import { deploymentKind, revisionAnnotation } from './deployment.js';
import type { ReplicaSet } from './generated/replica-set.js';
import type { Column, Kind } from './kind.js';
import { podSpecListKeys, podSpecRetainKeys } from './pod-list-keys.js';

export type { ReplicaSet, ReplicaSetSpec, ReplicaSetStatus } from './generated/replica-set.js';
export type StoredReplicaSet = Stored<ReplicaSet>;

/** Kubernetes' annotation with a user's words on why the template changed. */
export const changeCauseAnnotation = 'kubernetes.io/change-cause';

/** What kubectl apply keeps of the manifest that it applied, as JSON. */
export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';
/** Annotations of a Deployment that are not those of its templates; kubectl has the same list. */
const notOfTheTemplate: readonly string[] = [
  lastAppliedAnnotation,
  revisionAnnotation,
  'deployment.kubernetes.io/revision-history',
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  'deprecated.deployment.rollback.to',
];

const asReplicaSet = (object: ApiObject): ReplicaSet => object as ReplicaSet;

/**
 * Kubernetes' ReplicaSet, which here is a record: one of each template that a Deployment has brought out, so that one can go
 * back to it. It makes no tasks.
 */
export const replicaSetKind: Kind = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  initialStatus: { replicas: 0 },
  writtenBySystem:
    'Deployments write ReplicaSets, one of each template they have brought out: make or change a Deployment',
  schema: schema,
  columns: [
    count('DESIRED', 'Tasks of its template.', ({ spec }) => spec.replicas),
    count('CURRENT', 'Tasks of its template that were seen.', ({ status }) => status?.replicas),
    count('READY', 'Ready ones.', ({ status }) => status?.readyReplicas),
    ...deploymentKind.columns.filter(({ wide }) => wide),
  ],
  selectableFields: {},
  listKeys: { ...podSpecListKeys('spec.template.spec'), 'status.conditions': ['type'] },
  retainKeys: podSpecRetainKeys('spec.template.spec'),
  treatField: (field, value) =>
    field.startsWith('spec.template.') ? (deploymentKind.treatField?.(field, value) ?? 'unknown') : 'unknown',
  // Its template is one that its Deployment was accepted with.
  validate: () => [],
};

/** The number of a template in the history of its Deployment; undefined when nobody numbered it. Pure. */
export function revisionOf({ metadata }: ApiObject): number | undefined {
  const text = metadata.annotations?.[revisionAnnotation] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Kubernetes' annotations with the numbers of the Deployment for which a ReplicaSet has its size. Pure. */
export const sizedForAnnotations = {
  write: ({ desired, maxTotal }: { desired: number; maxTotal: number }): Record<string, string> => ({
    [desiredReplicasAnnotation]: String(desired),
    [maxReplicasAnnotation]: String(maxTotal),
  }),
  read({ metadata: { annotations = {} } }: ApiObject): { desired: number; maxTotal: number } | undefined {
    const [desired, maxTotal] = [annotations[desiredReplicasAnnotation], annotations[maxReplicasAnnotation]];
    return isCount(desired) && isCount(maxTotal) ? { desired: Number(desired), maxTotal: Number(maxTotal) } : undefined;
  },
};

function isCount(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,9}$/.test(text);
}

/** Annotations of a Deployment, or of its ReplicaSet, that go along with the template. Pure. */
export function annotationsOfTemplate({ metadata }: ApiObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([name]) => !notOfTheTemplate.includes(name)),
  );
}

/** The annotations that a Deployment gets when it goes back to the template of a ReplicaSet: its own that stay, and those. Pure. */
export function annotationsAfterUndo(deployment: ApiObject, record: ApiObject): Record<string, string> {
  const own = Object.entries(deployment.metadata.annotations ?? {});
  return {
    ...Object.fromEntries(own.filter(([name]) => notOfTheTemplate.includes(name))),
    ...annotationsOfTemplate(record),
  };
}

function count(name: string, description: string, read: (record: ReplicaSet) => number | undefined): Column {
  return { name, type: 'integer', description, value: (object) => read(asReplicaSet(object)) ?? 0 };
}
