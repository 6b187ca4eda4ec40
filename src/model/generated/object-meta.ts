// Generated from schemas/ by `npm run generate`. Do not edit.

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
    /**
     * The name of the owner.
     */
    name: string;
    /**
     * The uid of the owner; another object of that name is not it.
     */
    uid: string;
    /**
     * Whether the owner is the one that made this object and looks after it. At most one is.
     */
    controller?: boolean;
    /**
     * Whether an owner that is deleted in the foreground waits until this object is gone.
     */
    blockOwnerDeletion?: boolean;
  }[];
  /**
   * Set by the server: which manager owns which field.
   */
  managedFields?: {
    /**
     * Who.
     */
    manager?: string;
    /**
     * How: by Apply or by Update.
     */
    operation?: string;
    apiVersion?: string;
    /**
     * When the manager last changed a field.
     */
    time?: string;
    /**
     * The format of fieldsV1.
     */
    fieldsType?: string;
    /**
     * The fields, as a tree of their paths.
     */
    fieldsV1?: {
      [k: string]: unknown;
    };
    /**
     * The subresource by which it wrote, such as status.
     */
    subresource?: string;
    [k: string]: unknown;
  }[];
}
