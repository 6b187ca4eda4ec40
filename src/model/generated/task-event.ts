// Generated from schemas/ by `npm run generate`. Do not edit.

/**
 * A record of what happened to a task. A move from one state to another is written in the same transaction as the move.
 */
export interface TaskEvent {
  apiVersion: 'orch.dev/v1';
  kind: 'TaskEvent';
  metadata: ObjectMeta;
  /**
   * The task it is about.
   */
  task: {
    name: string;
    namespace: string;
    uid: string;
  };
  /**
   * The state that the task has moved to, or is in.
   */
  state: 'Pending' | 'Scheduled' | 'Running' | 'Completed' | 'Failed';
  /**
   * The state before the move; absent when the event is not a move or the task is new.
   */
  previousState?: 'Pending' | 'Scheduled' | 'Running' | 'Completed' | 'Failed';
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * When it happened last, if it repeated.
   */
  lastTimestamp?: string;
  /**
   * How often it happened.
   */
  count?: number;
  type?: 'Normal' | 'Warning';
  reason: string;
  message?: string;
  nodeName?: string;
  attempt?: number;
  /**
   * Who reports: a worker's name or a part of the manager.
   */
  source?: string;
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
