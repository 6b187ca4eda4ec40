// Generated from schemas/ by `npm run generate`. Do not edit.

import type { ObjectMeta } from './object-meta.js';

/**
 * A record of what happened to a task, or (with regarding) to another object. A move from one state to another is written in the same transaction as the move.
 */
export type TaskEvent = {
  [k: string]: unknown;
} & {
  apiVersion: 'orch.dev/v1';
  kind: 'TaskEvent';
  metadata: ObjectMeta;
  /**
   * The task it is about; absent when it is about another object.
   */
  task?: {
    /**
     * The name of the task.
     */
    name: string;
    /**
     * The namespace of the task.
     */
    namespace: string;
    /**
     * The uid of the task; a later one of that name is another.
     */
    uid: string;
  };
  /**
   * The object it is about, when somebody else than orch reports it, or when it is no task.
   */
  regarding?: ObjectReference;
  /**
   * The state that the task has moved to, or is in; absent when it is about another object.
   */
  state?: 'Pending' | 'Scheduled' | 'Running' | 'Completed' | 'Failed';
  /**
   * The state before the move; absent when the event is not a move or the task is new.
   */
  previousState?: 'Pending' | 'Scheduled' | 'Running' | 'Completed' | 'Failed';
  /**
   * When it happened first.
   */
  timestamp?: string;
  /**
   * When it happened last, if it repeated.
   */
  lastTimestamp?: string;
  /**
   * How often it happened.
   */
  count?: number;
  /**
   * Normal, or Warning for what somebody should look at.
   */
  type?: 'Normal' | 'Warning';
  /**
   * One word why.
   */
  reason: string;
  /**
   * A sentence for people.
   */
  message?: string;
  /**
   * The worker that it happened on.
   */
  nodeName?: string;
  /**
   * Which container of the task it is about, counted from 1.
   */
  attempt?: number;
  /**
   * Who reports: worker/NAME, a part of the manager, or a user.
   */
  source?: string;
  /**
   * What was done when it happened.
   */
  action?: string;
  /**
   * A second object that it is about.
   */
  related?: ObjectReference;
  /**
   * Which one of several that report.
   */
  reportingInstance?: string;
  /**
   * When it happened first, in microseconds, as a user says it.
   */
  eventTime?: string;
  /**
   * How it repeated, as a user says it.
   */
  series?: EventSeries;
};

/**
 * Names an object.
 */
export interface ObjectReference {
  /**
   * Its group and version.
   */
  apiVersion?: string;
  /**
   * Its kind.
   */
  kind?: string;
  /**
   * Its namespace.
   */
  namespace?: string;
  /**
   * Its name.
   */
  name?: string;
  /**
   * Its uid; a later object of that name is another.
   */
  uid?: string;
  /**
   * Its version when it happened.
   */
  resourceVersion?: string;
  /**
   * The part of it that is meant, as spec.containers{web}.
   */
  fieldPath?: string;
}
/**
 * How often it happened, and when last.
 */
export interface EventSeries {
  /**
   * How often it happened.
   */
  count?: number;
  /**
   * When it happened last.
   */
  lastObservedTime?: string;
}
