// Generated from schemas/ by `npm run generate`. Do not edit.

/**
 * The machine behind a worker: what it has, what is taken, whether it answers.
 */
export interface Node {
  apiVersion: 'v1';
  kind: 'Node';
  metadata: ObjectMeta;
  spec?: NodeSpec;
  status?: NodeStatus;
}
/**
 * What every object has: its name, where it lives, its labels, and what the system records about it.
 */
export interface ObjectMeta {
  /**
   * Unique within the namespace and kind. Lower-case letters, digits, '-' and '.'.
   */
  name?: string;
  /**
   * A prefix from which the server makes a unique name, when name is absent.
   */
  generateName?: string;
  /**
   * The namespace, 'default' when absent. Cluster-scoped kinds have none.
   */
  namespace?: string;
  /**
   * Short key=value marks to select objects by.
   */
  labels?: {
    [k: string]: string;
  };
  /**
   * Free text that tools attach; never used to select.
   */
  annotations?: {
    [k: string]: string;
  };
  /**
   * Set by the server: a UUID that is never used again.
   */
  uid?: string;
  /**
   * Set by the server: the revision of the last change. Sent back, it makes an update conditional.
   */
  resourceVersion?: string;
  /**
   * Set by the server: rises with every change of spec.
   */
  generation?: number;
  /**
   * Set by the server.
   */
  creationTimestamp?: string | null;
  /**
   * Set by the server when deletion was asked for and is not finished.
   */
  deletionTimestamp?: string;
  /**
   * Set by the server with deletionTimestamp.
   */
  deletionGracePeriodSeconds?: number;
  /**
   * Names that must be gone before the object disappears.
   */
  finalizers?: string[];
  /**
   * Objects that this one belongs to.
   */
  ownerReferences?: {
    apiVersion: string;
    kind: string;
    name: string;
    uid: string;
    controller?: boolean;
    blockOwnerDeletion?: boolean;
  }[];
  /**
   * Set by the server: which manager owns which field.
   */
  managedFields?: {
    manager?: string;
    operation?: string;
    apiVersion?: string;
    time?: string;
    fieldsType?: string;
    fieldsV1?: {
      [k: string]: unknown;
    };
    subresource?: string;
    [k: string]: unknown;
  }[];
}
export interface NodeSpec {
  /**
   * No new tasks are placed here.
   */
  unschedulable?: boolean;
  /**
   * Marks that keep tasks away which do not tolerate them.
   */
  taints?: Taint[];
}
export interface Taint {
  key: string;
  value?: string;
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  timeAdded?: string;
}
export interface NodeStatus {
  addresses?: {
    type: string;
    address: string;
  }[];
  /**
   * What the machine has: cpu, memory, disk, tasks, as quantities.
   */
  capacity?: {
    [k: string]: string;
  };
  /**
   * What tasks may have of it.
   */
  allocatable?: {
    [k: string]: string;
  };
  /**
   * What the tasks placed here have asked for.
   */
  allocated?: {
    [k: string]: string;
  };
  /**
   * How many tasks are placed here.
   */
  taskCount?: number;
  /**
   * Last statistics of the machine.
   */
  usage?: {
    cpuMillicores?: number;
    memoryBytes?: number;
    diskBytes?: number;
    time?: string;
  };
  conditions?: Condition[];
  /**
   * bootID, operatingSystem, architecture, kernelVersion, containerRuntimeVersion, orchVersion, sessionID.
   */
  nodeInfo?: {
    [k: string]: string;
  };
}
export interface Condition {
  /**
   * Scheduled, Ready, ...
   */
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastHeartbeatTime?: string;
  observedGeneration?: number;
}
