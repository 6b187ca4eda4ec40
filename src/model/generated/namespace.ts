// Generated from schemas/ by `npm run generate`. Do not edit.

import type { ObjectMeta } from './object-meta.js';

/**
 * A room for names: two tasks may have one name in two namespaces.
 */
export interface Namespace {
  apiVersion: 'v1';
  kind: 'Namespace';
  metadata: ObjectMeta;
  spec?: {
    finalizers?: string[];
  };
  status?: {
    phase?: 'Active' | 'Terminating';
  };
}
