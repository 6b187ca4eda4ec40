// Generated from schemas/ by `npm run generate`. Do not edit.

import type { ObjectMeta } from './object-meta.js';

/**
 * Passwords, keys and certificates under names. Anybody who may read the object sees its values; orch shows them in no description, log or event.
 */
export interface Secret {
  apiVersion: 'v1';
  kind: 'Secret';
  metadata: ObjectMeta;
  /**
   * What it is for; some types demand certain keys. Can not be changed.
   */
  type?: string;
  /**
   * Values in base64 by key. A key has letters, digits, '-', '_' and '.'. All values together may have 1 MiB.
   */
  data?: {
    [k: string]: string;
  };
  /**
   * Values as plain text, for writing only: the server encodes them into data, where they win over what stands there.
   */
  stringData?: {
    [k: string]: string;
  };
  /**
   * Once true, data can not be changed any more; only delete the object and make a new one.
   */
  immutable?: boolean;
}
