// Generated from schemas/ by `npm run generate`. Do not edit.

import type { ObjectMeta } from './object-meta.js';

/**
 * Who holds something for a while, as programs agree on it that choose one leader among them.
 */
export interface Lease {
  apiVersion: 'coordination.k8s.io/v1';
  kind: 'Lease';
  metadata: ObjectMeta;
  /**
   * Who holds it, and for how long.
   */
  spec?: {
    /**
     * Who holds it; empty: nobody.
     */
    holderIdentity?: string;
    /**
     * How long others wait from its last renewal before they take it.
     */
    leaseDurationSeconds?: number;
    /**
     * When its holder got it.
     */
    acquireTime?: string;
    /**
     * When its holder renewed it last.
     */
    renewTime?: string;
    /**
     * How often it changed hands.
     */
    leaseTransitions?: number;
    /**
     * How a holder is chosen; orch keeps it and chooses none.
     */
    strategy?: string;
    /**
     * Who should get it next; orch keeps it.
     */
    preferredHolder?: string;
  };
}
