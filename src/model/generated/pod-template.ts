// Generated from schemas/ by `npm run generate`. Do not edit.

import type { PodTemplate } from './deployment.js';

import type { ObjectMeta } from './object-meta.js';


/**
 * A pod template that is kept for others to make pods of; orch makes none.
 */
export interface PodTemplateObject {
  apiVersion: 'v1';
  kind: 'PodTemplate';
  metadata: ObjectMeta;
  /**
   * The template.
   */
  template?: PodTemplate;
}
