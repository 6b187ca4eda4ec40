// Generated from schemas/ by `npm run generate`. Do not edit.

import type { EventSeries } from './task-event.js';

import type { ObjectReference } from './task-event.js';

import type { ObjectMeta } from './object-meta.js';

/**
 * What happened to an object, told by orch or by anybody else. The newest of each object are kept.
 */
export interface Event {
  apiVersion: 'v1';
  kind: 'Event';
  metadata: ObjectMeta;
  /**
   * The object it is about.
   */
  involvedObject?: ObjectReference;
  /**
   * One word why.
   */
  reason?: string;
  /**
   * A sentence for people.
   */
  message?: string;
  /**
   * Normal, or Warning for what somebody should look at.
   */
  type?: 'Normal' | 'Warning';
  /**
   * Who reports.
   */
  source?: {
    /**
     * The program that reports.
     */
    component?: string;
    /**
     * The machine that it runs on.
     */
    host?: string;
  };
  /**
   * When it happened first.
   */
  firstTimestamp?: string;
  /**
   * When it happened last.
   */
  lastTimestamp?: string;
  /**
   * How often it happened.
   */
  count?: number;
  /**
   * When it happened first, in microseconds.
   */
  eventTime?: string;
  /**
   * How it repeated.
   */
  series?: EventSeries;
  /**
   * What was done when it happened.
   */
  action?: string;
  /**
   * A second object that it is about.
   */
  related?: ObjectReference;
  /**
   * The program that reports.
   */
  reportingComponent?: string;
  /**
   * Which one of several that report.
   */
  reportingInstance?: string;
}
