import schema from '../../schemas/deployment.schema.json' with { type: 'json' };
import type { ErrorCause } from '../support/errors.js';
import type { ApiObject, Stored } from './api-object.js';
import type { Deployment, DeploymentSpec } from './generated/deployment.js';
import { canonicalJson, isJsonObject, type JsonObject } from './json.js';
import type { Kind } from './kind.js';
import { formatLabelSelector, labelSelectorCauses } from './label-selector.js';
import { podSpecListKeys, podSpecRetainKeys } from './pod-list-keys.js';
import {
  refusalInTemplate,
  templateCauses,
  templateLabelCauses,
  templateWarnings,
  treatTemplateField,
  withReplicas,
} from './template-rules.js';

export type { Deployment, DeploymentCondition, DeploymentSpec, DeploymentStatus } from './generated/deployment.js';
export type StoredDeployment = Stored<Deployment>;

/** Kubernetes' annotation with the number of a template, on the Deployment that has brought it out and on its ReplicaSet. */
export const revisionAnnotation = 'deployment.kubernetes.io/revision';

const asDeployment = (object: ApiObject): Deployment => object as Deployment;
const containersOf = (object: ApiObject): { name: string; image?: string }[] =>
  asDeployment(object).spec.template.spec.containers;

/** Kubernetes' Deployment. It makes Tasks of its pod template, and owns them directly; ReplicaSets are its history. */
export const deploymentKind: Kind = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  hasEvents: true,
  schema: schema,
  columns: [
    {
      name: 'READY',
      type: 'string',
      description: 'Ready tasks of those that are wanted.',
      value: (object) => {
        const { spec, status } = asDeployment(object);
        return `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`;
      },
    },
    {
      name: 'UP-TO-DATE',
      type: 'integer',
      description: 'Tasks made from the present template.',
      value: (object) => asDeployment(object).status?.updatedReplicas ?? 0,
    },
    {
      name: 'AVAILABLE',
      type: 'integer',
      description: 'Tasks that have been ready for minReadySeconds.',
      value: (object) => asDeployment(object).status?.availableReplicas ?? 0,
    },
    {
      name: 'CONTAINERS',
      type: 'string',
      description: 'The names of its containers.',
      wide: true,
      value: (object) =>
        containersOf(object)
          .map(({ name }) => name)
          .join(','),
    },
    {
      name: 'IMAGES',
      type: 'string',
      description: 'Their images.',
      wide: true,
      value: (object) =>
        containersOf(object)
          .map(({ image }) => image ?? '')
          .join(','),
    },
    {
      name: 'SELECTOR',
      type: 'string',
      description: 'Which tasks are its own, by label.',
      wide: true,
      value: (object) => formatLabelSelector(asDeployment(object).spec.selector),
    },
  ],
  selectableFields: {},
  listKeys: {
    ...podSpecListKeys('spec.template.spec'),
    'status.conditions': ['type'],
  },
  retainKeys: ['spec.strategy', ...podSpecRetainKeys('spec.template.spec')],
  scale: {
    specReplicas: 'spec.replicas',
    statusReplicas: 'status.replicas',
    selector: (object) => formatLabelSelector(asDeployment(object).spec.selector),
  },
  treatField: treatTemplateField,
  explainRefusal: refusalInTemplate,
  normalize: (sent, isWhole) => (isWhole ? withReplicas(sent) : withoutRevision(sent)),
  warn: (object) => templateWarnings(asDeployment(object).spec.template),
  validate: (object, old) => validateDeployment(asDeployment(object), old && asDeployment(old)),
};

/** Whoever applies what was read from a cluster must not say again and again which number it has. */
function withoutRevision(sent: JsonObject): JsonObject {
  const { metadata } = sent;
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined;
  if (!isJsonObject(metadata) || !isJsonObject(annotations) || !Object.hasOwn(annotations, revisionAnnotation))
    return sent;
  const { [revisionAnnotation]: _number, ...rest } = annotations;
  return { ...sent, metadata: { ...metadata, annotations: rest } };
}

function validateDeployment({ spec }: Deployment, old: Deployment | undefined): ErrorCause[] {
  const selectorCauses = labelSelectorCauses(spec.selector, 'spec.selector');
  return [
    ...(selectorCauses.length > 0 ? selectorCauses : templateLabelCauses(spec.selector, spec.template)),
    ...(old && canonicalJson(old.spec.selector) !== canonicalJson(spec.selector)
      ? [invalid('spec.selector', 'field is immutable: make another Deployment')]
      : []),
    ...strategyCauses(spec),
    ...templateCauses(spec.template, 'Deployment'),
  ];
}

function strategyCauses({
  strategy = {},
  minReadySeconds = 0,
  progressDeadlineSeconds = 600,
}: DeploymentSpec): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const { maxSurge = '25%', maxUnavailable = '25%' } = strategy.rollingUpdate ?? {};
  if (strategy.type === 'Recreate' && strategy.rollingUpdate !== undefined) {
    const message = "may not be specified when strategy `type` is 'Recreate'";
    causes.push({ reason: 'FieldValueForbidden', field: 'spec.strategy.rollingUpdate', message });
  } else if (isZero(maxSurge) && isZero(maxUnavailable)) {
    causes.push(invalid('spec.strategy.rollingUpdate.maxUnavailable', 'may not be 0 when `maxSurge` is 0'));
  }
  if (progressDeadlineSeconds <= minReadySeconds) {
    causes.push(invalid('spec.progressDeadlineSeconds', `must be greater than minReadySeconds (${minReadySeconds})`));
  }
  return causes;
}

function isZero(bound: number | string): boolean {
  return typeof bound === 'number' ? bound === 0 : Number.parseInt(bound, 10) === 0;
}

function invalid(field: string, message: string): ErrorCause {
  return { reason: 'FieldValueInvalid', field, message };
}
