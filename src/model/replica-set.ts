import schema from '../../schemas/replica-set.schema.json' with { type: 'json' };
import type { ErrorCause } from '../support/errors.js';
import type { ApiObject, Stored } from './api-object.js';
import { deploymentKind, revisionAnnotation } from './deployment.js';
import type { ReplicaSet } from './generated/replica-set.js';
import { canonicalJson } from './json.js';
import type { Column, Kind } from './kind.js';
import { formatLabelSelector, labelSelectorCauses } from './label-selector.js';
import { podSpecListKeys, podSpecRetainKeys } from './pod-list-keys.js';
import { templateHashLabel } from './pod-template.js';
import {
  refusalInTemplate,
  templateCauses,
  templateLabelCauses,
  templateWarnings,
  treatTemplateField,
  withReplicas,
} from './template-rules.js';

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

const ownedWords =
  'Deployments write ReplicaSets with the label pod-template-hash, one of each template they have brought out: change the ' +
  'Deployment, or leave that label out';

/** Kubernetes' ReplicaSet. One that a Deployment wrote is a record, so that one can go back to it: it makes no tasks. */
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
  systemsOwn: (object) => (isRecord(object) ? ownedWords : undefined),
  schema: schema,
  columns: [
    count('DESIRED', 'Tasks there are to be.', ({ spec }) => spec.replicas),
    count('CURRENT', 'Tasks that were seen.', ({ status }) => status?.replicas),
    count('READY', 'Ready ones.', ({ status }) => status?.readyReplicas),
    ...deploymentKind.columns.filter(({ wide }) => wide),
  ],
  selectableFields: {},
  listKeys: { ...podSpecListKeys('spec.template.spec'), 'status.conditions': ['type'] },
  retainKeys: podSpecRetainKeys('spec.template.spec'),
  scale: {
    specReplicas: 'spec.replicas',
    statusReplicas: 'status.replicas',
    selector: (object) => formatLabelSelector(asReplicaSet(object).spec.selector),
  },
  treatField: treatTemplateField,
  explainRefusal: refusalInTemplate,
  normalize: (sent, isWhole) => (isWhole ? withReplicas(sent) : sent),
  warn: (object) => templateWarnings(asReplicaSet(object).spec.template),
  // The template of a record is one that its Deployment was accepted with.
  validate: (object, old) =>
    isRecord(object) ? [] : validateReplicaSet(asReplicaSet(object), old && asReplicaSet(old)),
};

/**
 * Whether a Deployment wrote it: it names one as its controller, or has the label of a template's hash, which is left when the
 * Deployment is deleted and its records stay. Pure.
 */
export function isRecord({ metadata }: ApiObject): boolean {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner?.kind === 'Deployment' || Object.hasOwn(metadata.labels ?? {}, templateHashLabel);
}

/** As of Deployments; a record may have more, with the surge of its Deployment. */
const maxReplicas = 10_000;
const tooMany: ErrorCause = {
  reason: 'FieldValueInvalid',
  field: 'spec.replicas',
  message: `must be at most ${maxReplicas}`,
};

function validateReplicaSet({ spec }: ReplicaSet, old: ReplicaSet | undefined): ErrorCause[] {
  const selectorCauses = labelSelectorCauses(spec.selector, 'spec.selector');
  const immutable: ErrorCause = {
    reason: 'FieldValueInvalid',
    field: 'spec.selector',
    message: 'field is immutable: make another ReplicaSet',
  };
  return [
    ...(selectorCauses.length > 0 ? selectorCauses : templateLabelCauses(spec.selector, spec.template)),
    ...(old && canonicalJson(old.spec.selector) !== canonicalJson(spec.selector) ? [immutable] : []),
    ...((spec.replicas ?? 1) > maxReplicas ? [tooMany] : []),
    ...templateCauses(spec.template, 'ReplicaSet'),
  ];
}

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
