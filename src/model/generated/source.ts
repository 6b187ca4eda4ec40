// Generated from schemas/ by `npm run generate`. Do not edit.

import type { Condition } from './task.js';

import type { ObjectMeta } from './object-meta.js';

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
