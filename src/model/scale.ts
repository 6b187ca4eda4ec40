import schema from '../../schemas/scale.schema.json' with { type: 'json' };
import type { Kind } from './kind.js';

export type { Scale } from './generated/scale.js';

/** Kubernetes' Scale. It is never stored: the API shows it of every kind that names its scale paths (api/scale.ts). */
export const scaleKind: Kind = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  plural: 'scales',
  singular: 'scale',
  shortNames: [],
  categories: [],
  namespaced: true,
  hasStatus: true,
  schema: schema,
  columns: [],
  selectableFields: {},
  listKeys: {},
  validate: () => [],
};
