import schema from '../../schemas/namespace.schema.json' with { type: 'json' };
import type { ApiObject } from './api-object.js';
import type { Namespace } from './generated/namespace.js';
import type { Kind } from './kind.js';

export type { Namespace } from './generated/namespace.js';

/** The namespace of an object that names none. It always exists. */
export const defaultNamespace = 'default';

export const namespaceKind: Kind = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  categories: [],
  namespaced: false,
  hasStatus: true,
  initialStatus: { phase: 'Active' },
  schema: schema,
  columns: [
    {
      name: 'STATUS',
      type: 'string',
      description: 'Active or Terminating.',
      value: (object: ApiObject) => (object as Namespace).status?.phase ?? 'Active',
    },
  ],
  selectableFields: { 'status.phase': (object) => (object as Namespace).status?.phase ?? 'Active' },
  listKeys: { 'status.conditions': ['type'] },
  validate: () => [],
};
