import schema from '../../schemas/pod-template.schema.json' with { type: 'json' };
import type { ApiObject } from './api-object.js';
import { deploymentKind } from './deployment.js';
import type { PodTemplateObject } from './generated/pod-template.js';
import type { Column, Kind } from './kind.js';
import { podSpecListKeys, podSpecRetainKeys } from './pod-list-keys.js';

type Container = NonNullable<PodTemplateObject['template']>['spec']['containers'][number];

/** Kubernetes' PodTemplate, which orch only keeps: nothing is made of it. */
export const podTemplateKind: Kind = {
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  singular: 'podtemplate',
  shortNames: [],
  categories: [],
  namespaced: true,
  hasStatus: false,
  schema: schema,
  columns: [
    ofContainers('CONTAINERS', 'The names of its containers.', ({ name }) => name),
    ofContainers('IMAGES', 'Their images.', ({ image }) => image ?? ''),
  ],
  selectableFields: {},
  listKeys: podSpecListKeys('template.spec'),
  retainKeys: podSpecRetainKeys('template.spec'),
  treatField: (field, value) =>
    field.startsWith('template.') ? (deploymentKind.treatField?.(`spec.${field}`, value) ?? 'unknown') : 'unknown',
  validate: () => [],
};

function ofContainers(name: string, description: string, read: (container: Container) => string): Column {
  return {
    name,
    type: 'string',
    description,
    value: (object: ApiObject) => (object as PodTemplateObject).template?.spec.containers.map(read).join(',') ?? '',
  };
}
