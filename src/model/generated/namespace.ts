// Generated from schemas/ by `npm run generate`. Do not edit.

import type { Condition } from './task.js';

import type { ObjectMeta } from './object-meta.js';

/**
 * A room for names: two tasks may have one name in two namespaces.
 */
export interface Namespace {
  apiVersion: 'v1';
  kind: 'Namespace';
  metadata: ObjectMeta;
  /**
   * What is wanted of the namespace.
   */
  spec?: {
    /**
     * Kept as Kubernetes clients send them; orch does not act on them.
     */
    finalizers?: string[];
  };
  /**
   * How the namespace is.
   */
  status?: {
    /**
     * Active, or Terminating while its content is being removed.
     */
    phase?: 'Active' | 'Terminating';
    /**
     * What is true of the namespace, as whoever writes its status says.
     */
    conditions?: Condition[];
  };
}
