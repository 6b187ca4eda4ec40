// Generated from schemas/ by `npm run generate`. Do not edit.

import type { ObjectMeta } from './object-meta.js';

/**
 * A record of what happened to a task. A move from one state to another is written in the same transaction as the move.
 */
export interface TaskEvent {
  apiVersion: 'orch.dev/v1';
  kind: 'TaskEvent';
  metadata: ObjectMeta;
  /**
   * The task it is about.
   */
  task: {
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
   * The state that the task has moved to, or is in.
   */
  state: 'Pending' | 'Scheduled' | 'Running' | 'Completed' | 'Failed';
  /**
   * The state before the move; absent when the event is not a move or the task is new.
   */
  previousState?: 'Pending' | 'Scheduled' | 'Running' | 'Completed' | 'Failed';
  /**
   * When it happened.
   */
  timestamp: string;
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
}
