// Generated from schemas/ by `npm run generate`. Do not edit.

/**
 * A folder whose manifests the manager keeps applied: what appears is applied, what leaves is pruned, what drifts is put back.
 */
export interface Source {
  apiVersion: 'orch.dev/v1';
  kind: 'Source';
  metadata: ObjectMeta;
  spec: SourceSpec;
  status?: SourceStatus;
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
export interface SourceSpec {
  folder: {
    /**
     * Absolute path on the manager's machine.
     */
    path: string;
  };
  /**
   * Delete objects whose manifest left the folder.
   */
  prune?: boolean;
  /**
   * More deletions than this in one sync wait for allowance.
   */
  maxPrune?: number;
  /**
   * So does a larger share than this of the inventory.
   */
  maxPrunePercent?: number;
  /**
   * Let an empty folder prune everything.
   */
  allowEmpty?: boolean;
  /**
   * Allowance for one blocked prune: the value that status.pruneBlocked.token shows.
   */
  allowPruneOf?: string;
  /**
   * How often the folder is read in full, whatever the watcher says.
   */
  intervalSeconds?: number;
  /**
   * Do nothing for now.
   */
  suspend?: boolean;
}
export interface SourceStatus {
  observedGeneration?: number;
  conditions?: Condition[];
  lastSyncTime?: string;
  /**
   * Fingerprint of the files at the last sync.
   */
  contentHash?: string;
  /**
   * What this source has applied; only these are ever pruned.
   */
  inventory?: InventoryEntry[];
  errors?: SourceError[];
  pruneBlocked?: {
    token: string;
    count: number;
    message?: string;
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
export interface InventoryEntry {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
  uid?: string;
  file?: string;
}
export interface SourceError {
  file?: string;
  line?: number;
  column?: number;
  field?: string;
  message: string;
}
