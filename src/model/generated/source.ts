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
/**
 * Where the manifests are, and how they are kept applied.
 */
export interface SourceSpec {
  /**
   * A folder on the machine of the manager.
   */
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
/**
 * What the last syncs came to.
 */
export interface SourceStatus {
  /**
   * The generation of spec that this is about.
   */
  observedGeneration?: number;
  /**
   * What is true of the source; Ready says whether the last sync went through.
   */
  conditions?: Condition[];
  /**
   * When the folder was last applied.
   */
  lastSyncTime?: string;
  /**
   * Fingerprint of the files at the last sync.
   */
  contentHash?: string;
  /**
   * What this source has applied; only these are ever pruned.
   */
  inventory?: InventoryEntry[];
  /**
   * What is wrong in the folder; nothing is applied or removed while there is something.
   */
  errors?: SourceError[];
  /**
   * There is more to remove than is removed without being told so.
   */
  pruneBlocked?: {
    /**
     * What to confirm it with: it stands for exactly these objects.
     */
    token: string;
    /**
     * How many objects it is about.
     */
    count: number;
    /**
     * Why, and what to do.
     */
    message?: string;
  };
}
export interface InventoryEntry {
  apiVersion: string;
  kind: string;
  /**
   * The namespace of the object.
   */
  namespace?: string;
  /**
   * The name of the object.
   */
  name: string;
  /**
   * The uid of the object; another one of that name is never removed.
   */
  uid?: string;
  /**
   * The file that it came from.
   */
  file?: string;
}
export interface SourceError {
  /**
   * The file.
   */
  file?: string;
  /**
   * The line, from 1.
   */
  line?: number;
  /**
   * The column, from 1.
   */
  column?: number;
  /**
   * The path of the field.
   */
  field?: string;
  /**
   * What is wrong, and what would be right.
   */
  message: string;
}
