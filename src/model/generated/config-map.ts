// Generated from schemas/ by `npm run generate`. Do not edit.

import type { ObjectMeta } from './object-meta.js';

/**
 * Settings under names, kept apart from the tasks that use them. Nothing secret belongs here: see Secret.
 */
export interface ConfigMap {
  apiVersion: 'v1';
  kind: 'ConfigMap';
  metadata: ObjectMeta;
  /**
   * Text by key. A key has letters, digits, '-', '_' and '.'. All values together may have 1 MiB.
   */
  data?: {
    [k: string]: string;
  };
  /**
   * Bytes by key, in base64. A key may stand here or in data, not in both.
   */
  binaryData?: {
    [k: string]: string;
  };
  /**
   * Once true, data and binaryData can not be changed any more; only delete the object and make a new one.
   */
  immutable?: boolean;
}
