import schema from '../../schemas/lease.schema.json' with { type: 'json' };
import type { ApiObject } from './api-object.js';
import type { Lease } from './generated/lease.js';
import type { Kind } from './kind.js';

const asLease = (object: ApiObject): Lease => object as Lease;

/** Kubernetes' Lease, by which programs choose a leader among them. orch only keeps it. */
export const leaseKind: Kind = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  shortNames: [],
  categories: [],
  namespaced: true,
  hasStatus: false,
  schema: schema,
  columns: [
    {
      name: 'HOLDER',
      type: 'string',
      description: 'Who holds it.',
      value: (object) => asLease(object).spec?.holderIdentity ?? '',
    },
  ],
  selectableFields: {},
  listKeys: {},
  validate: () => [],
};
