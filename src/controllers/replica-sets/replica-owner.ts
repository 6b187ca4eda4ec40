import type { Stored } from '../../model/api-object.js';
import type { Condition } from '../../model/conditions.js';
import type { Kind } from '../../model/kind.js';
import type { LabelSelector } from '../../model/label-selector.js';
import type { PodTemplate } from '../../model/pod-template.js';
import { isRecord, replicaSetKind, type StoredReplicaSet } from '../../model/replica-set.js';
import {
  controllerSelector,
  replicationControllerKind,
  type StoredReplicationController,
} from '../../model/replication-controller.js';

/** What ReplicaSets and ReplicationControllers have in common: a number of tasks of a template. */
export interface ReplicaOwner extends Stored {
  spec: { replicas?: number; template: PodTemplate; minReadySeconds?: number };
  status?: ReplicaStatus;
}

export interface ReplicaStatus {
  observedGeneration?: number;
  replicas: number;
  fullyLabeledReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  conditions?: Condition[];
}

/** One of the two kinds, as the controller sees it. */
export interface ReplicaOwnerKind {
  kind: Kind;
  /** Whether its tasks are its own to make; a record of a Deployment makes none. Pure. */
  isActive(owner: ReplicaOwner): boolean;
  selectorOf(owner: ReplicaOwner): LabelSelector;
}

export const replicaOwnerKinds: readonly ReplicaOwnerKind[] = [
  {
    kind: replicaSetKind,
    isActive: (owner) => !isRecord(owner),
    selectorOf: (owner) => (owner as StoredReplicaSet).spec.selector,
  },
  {
    kind: replicationControllerKind,
    isActive: () => true,
    selectorOf: (owner) => controllerSelector(owner as StoredReplicationController),
  },
];
