import schema from '../../schemas/node.schema.json' with { type: 'json' };
import type { ApiObject, Stored } from './api-object.js';
import { findCondition } from './conditions.js';
import type { Node } from './generated/node.js';
import type { Kind } from './kind.js';
import { own } from '../support/own.js';

export type { Node, NodeStatus, Taint } from './generated/node.js';
export type StoredNode = Stored<Node>;

const asNode = (object: ApiObject): Node => object as Node;

/** The taint that a node carries while it does not answer. */
export const notReadyTaintKey = 'orch.dev/not-ready';

/** True while the node keeps containers of tasks that a restored store does not know. */
export const storeRestoredCondition = 'StoreRestored';

/** Set to the uid of a restore: the node may let go of what the restored store does not know. */
export const acceptRestoreAnnotation = 'orch.dev/accept-restore';

/** SHA-256 of the public key that the node's worker has joined with. Set by the manager. */
export const workerKeyAnnotation = 'orch.dev/worker-key-sha256';

export const hostnameLabel = 'kubernetes.io/hostname';

/** What a worker tells of its machine; every other label is given by a join token or by an admin. */
export const reportedLabels: readonly string[] = [
  hostnameLabel,
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
];

export const nodeKind: Kind = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  categories: ['orch'],
  namespaced: false,
  hasStatus: true,
  schema: schema,
  columns: [
    {
      name: 'STATUS',
      type: 'string',
      description: 'Whether it answers and takes tasks.',
      value: (object) => displayStatus(asNode(object)),
    },
    {
      name: 'TASKS',
      type: 'integer',
      description: 'How many tasks are placed here.',
      value: (object) => asNode(object).status?.taskCount ?? 0,
    },
    {
      name: 'CPU',
      type: 'string',
      description: 'Allocated of allocatable.',
      value: (object) => share(asNode(object), 'cpu'),
    },
    {
      name: 'MEMORY',
      type: 'string',
      description: 'Allocated of allocatable.',
      value: (object) => share(asNode(object), 'memory'),
    },
    {
      name: 'ADDRESS',
      type: 'string',
      description: 'Its address.',
      wide: true,
      value: (object) => asNode(object).status?.addresses?.[0]?.address ?? '<none>',
    },
    {
      name: 'RUNTIME',
      type: 'string',
      description: 'Its container engine.',
      wide: true,
      value: (object) => asNode(object).status?.nodeInfo?.containerRuntimeVersion ?? '<unknown>',
    },
  ],
  selectableFields: {
    'spec.unschedulable': (object) => String(asNode(object).spec?.unschedulable ?? false),
  },
  listKeys: { 'status.conditions': ['type'], 'status.addresses': ['type'] },
  validate: () => [],
};

export function isReady(node: Node): boolean {
  return findCondition(node.status?.conditions, 'Ready')?.status === 'True';
}

function displayStatus(node: Node): string {
  const readiness = isReady(node) ? 'Ready' : 'NotReady';
  return node.spec?.unschedulable ? `${readiness},SchedulingDisabled` : readiness;
}

function share(node: Node, name: string): string {
  return `${own(node.status?.allocated, name) ?? '0'}/${own(node.status?.allocatable, name) ?? '?'}`;
}
