// Generated from schemas/ by `npm run generate`. Do not edit.

import type { ObjectMeta } from './object-meta.js';

/**
 * How many of something there are to be, and are: the same for every kind that can be scaled.
 */
export interface Scale {
  apiVersion: 'autoscaling/v1';
  kind: 'Scale';
  metadata: ObjectMeta;
  spec?: ScaleSpec;
  status?: ScaleStatus;
}
/**
 * What the user wants.
 */
export interface ScaleSpec {
  /**
   * How many there are to be.
   */
  replicas?: number;
}
/**
 * What the system observed.
 */
export interface ScaleStatus {
  /**
   * How many there are.
   */
  replicas: number;
  /**
   * The labels by which they are found, as a list takes them.
   */
  selector?: string;
}
