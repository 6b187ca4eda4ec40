import schema from '../../schemas/replication-controller.schema.json' with { type: 'json' };
import type { ErrorCause } from '../support/errors.js';
import type { ApiObject, Stored } from './api-object.js';
import { deploymentKind } from './deployment.js';
import type { ReplicationController } from './generated/replication-controller.js';
import { isJsonObject, type JsonObject, type JsonValue } from './json.js';
import type { Column, Kind } from './kind.js';
import { formatLabelSelector, labelSelectorCauses, type LabelSelector } from './label-selector.js';
import { podSpecListKeys, podSpecRetainKeys } from './pod-list-keys.js';
import {
  refusalInTemplate,
  templateCauses,
  templateLabelCauses,
  templateWarnings,
  treatTemplateField,
  withReplicas,
} from './template-rules.js';

export type { ReplicationController } from './generated/replication-controller.js';
export type StoredReplicationController = Stored<ReplicationController>;

const asController = (object: ApiObject): ReplicationController => object as ReplicationController;

/** Kubernetes' ReplicationController: a ReplicaSet in the words of before, with a plain map of labels as its selector. */
export const replicationControllerKind: Kind = {
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  initialStatus: { replicas: 0 },
  schema: schema,
  columns: [
    count('DESIRED', 'Tasks there are to be.', ({ spec }) => spec.replicas),
    count('CURRENT', 'Tasks that were seen.', ({ status }) => status?.replicas),
    count('READY', 'Ready ones.', ({ status }) => status?.readyReplicas),
    ...deploymentKind.columns.filter(({ wide, name }) => wide && name !== 'SELECTOR'),
    {
      name: 'SELECTOR',
      type: 'string',
      description: 'Which tasks are its own, by label.',
      wide: true,
      value: (object) => formatLabelSelector(controllerSelector(asController(object))),
    },
  ],
  selectableFields: {},
  listKeys: { ...podSpecListKeys('spec.template.spec'), 'status.conditions': ['type'] },
  retainKeys: podSpecRetainKeys('spec.template.spec'),
  scale: {
    specReplicas: 'spec.replicas',
    statusReplicas: 'status.replicas',
    selector: (object) => formatLabelSelector(controllerSelector(asController(object))),
  },
  treatField: treatTemplateField,
  explainRefusal: refusalInTemplate,
  normalize: (sent, isWhole) => (isWhole ? withDefaults(withReplicas(sent)) : sent),
  warn: (object) => templateWarnings(asController(object).spec.template),
  validate: (object) => validateController(asController(object)),
};

/** Its selector, as those of other kinds are. Pure. */
export function controllerSelector({ spec }: ReplicationController): LabelSelector {
  return { matchLabels: spec.selector ?? spec.template.metadata?.labels ?? {} };
}

/** Kubernetes' server writes these too: what the template says of labels, where the controller itself says nothing. */
function withDefaults(sent: JsonObject): JsonObject {
  const { spec, metadata = {} } = sent;
  const template = isJsonObject(spec) ? spec['template'] : undefined;
  const ofTemplate = isJsonObject(template) ? template['metadata'] : undefined;
  const labels = isJsonObject(ofTemplate) ? ofTemplate['labels'] : undefined;
  if (!isJsonObject(spec) || !isJsonObject(metadata) || !isSaid(labels)) return sent;
  return {
    ...sent,
    metadata: isSaid(metadata['labels']) ? metadata : { ...metadata, labels },
    spec: isSaid(spec['selector']) ? spec : { ...spec, selector: labels },
  };
}

function isSaid(labels: JsonValue | undefined): labels is JsonObject {
  return isJsonObject(labels) && Object.keys(labels).length > 0;
}

function validateController(controller: ReplicationController): ErrorCause[] {
  const { template } = controller.spec;
  const selector = controllerSelector(controller);
  const selectorCauses = labelSelectorCauses(selector, 'spec.selector');
  return [
    ...(selectorCauses.length > 0 ? selectorCauses : templateLabelCauses(selector, template)),
    ...templateCauses(template, 'ReplicationController'),
  ];
}

function count(name: string, description: string, read: (object: ReplicationController) => number | undefined): Column {
  return { name, type: 'integer', description, value: (object) => read(asController(object)) ?? 0 };
}
