import schema from '../../schemas/source.schema.json' with { type: 'json' };
import type { ApiObject, Stored } from './api-object.js';
import { findCondition } from './conditions.js';
import type { Source } from './generated/source.js';
import type { Kind } from './kind.js';

export type { InventoryEntry, Source, SourceError, SourceStatus } from './generated/source.js';
export type StoredSource = Stored<Source>;

const asSource = (object: ApiObject): Source => object as Source;

export const sourceKind: Kind = {
  group: 'orch.dev',
  version: 'v1',
  kind: 'Source',
  plural: 'sources',
  singular: 'source',
  shortNames: ['src'],
  categories: ['orch'],
  namespaced: false,
  hasStatus: true,
  hasEvents: true,
  schema: schema,
  columns: [
    {
      name: 'READY',
      type: 'string',
      description: 'Whether the last sync went through.',
      value: (object) => findCondition(asSource(object).status?.conditions, 'Ready')?.status ?? 'Unknown',
    },
    {
      name: 'REASON',
      type: 'string',
      description: 'One word why.',
      value: (object) => findCondition(asSource(object).status?.conditions, 'Ready')?.reason ?? '',
    },
    {
      name: 'OBJECTS',
      type: 'integer',
      description: 'How many objects it keeps.',
      value: (object) => asSource(object).status?.inventory?.length ?? 0,
    },
    {
      name: 'FOLDER',
      type: 'string',
      description: 'The folder.',
      wide: true,
      value: (object) => asSource(object).spec.folder.path,
    },
  ],
  selectableFields: {},
  listKeys: { 'status.conditions': ['type'] },
  validate: () => [],
};
