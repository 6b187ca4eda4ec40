// Generated from schemas/ by `npm run generate`. Do not edit.

import type { EventSeries } from './task-event.js';

import type { ObjectReference } from './task-event.js';

import type { ObjectMeta } from './object-meta.js';

/**
 * What happened to an object, as the group events.k8s.io names its fields.
 */
export interface EventV1 {
  apiVersion: 'events.k8s.io/v1';
  kind: 'Event';
  metadata: ObjectMeta;
  /**
   * When it happened first, in microseconds.
   */
  eventTime?: string;
  /**
   * How it repeated.
   */
  series?: EventSeries;
  /**
   * The program that reports.
   */
  reportingController?: string;
  /**
   * Which one of several that report.
   */
  reportingInstance?: string;
  /**
   * What was done when it happened.
   */
  action?: string;
  /**
   * One word why.
   */
  reason?: string;
  /**
   * The object it is about.
   */
  regarding?: ObjectReference;
  /**
   * A second object that it is about.
   */
  related?: ObjectReference;
  /**
   * A sentence for people.
   */
  note?: string;
  /**
   * Normal, or Warning for what somebody should look at.
   */
  type?: 'Normal' | 'Warning';
  /**
   * Who reports, in core/v1.
   */
  deprecatedSource?: {
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
   * When it happened first, in core/v1.
   */
  deprecatedFirstTimestamp?: string;
  /**
   * When it happened last, in core/v1.
   */
  deprecatedLastTimestamp?: string;
  /**
   * How often it happened, in core/v1.
   */
  deprecatedCount?: number;
}
