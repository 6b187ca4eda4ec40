// Generated from schemas/ by `npm run generate`. Do not edit.

import type { PodTemplate } from './deployment.js';

import type { Condition } from './task.js';

import type { ObjectMeta } from './object-meta.js';


/**
 * A number of equal tasks, in the words of before ReplicaSets: its selector is a plain map.
 */
export interface ReplicationController {
  apiVersion: 'v1';
  kind: 'ReplicationController';
  metadata: ObjectMeta;
  spec: ReplicationControllerSpec;
  status?: ReplicationControllerStatus;
}
/**
 * What the user wants.
 */
export interface ReplicationControllerSpec {
  /**
   * How many tasks of the template there are to be.
   */
  replicas?: number;
  /**
   * Labels with the values that its tasks must have; those of the template when it is left out.
   */
  selector?: {
    [k: string]: string;
  };
  /**
   * What the tasks are made from. A change of it changes no task that is there.
   */
  template: PodTemplate;
  /**
   * How long a task must have been ready before it counts as available.
   */
  minReadySeconds?: number;
}
/**
 * What the system observed. Tasks that are being deleted count nowhere.
 */
export interface ReplicationControllerStatus {
  /**
   * The generation of the spec that this is about.
   */
  observedGeneration?: number;
  /**
   * How many tasks there are.
   */
  replicas: number;
  /**
   * How many have all labels of the template.
   */
  fullyLabeledReplicas?: number;
  /**
   * How many are ready.
   */
  readyReplicas?: number;
  /**
   * How many have been ready for minReadySeconds.
   */
  availableReplicas?: number;
  /**
   * ReplicaFailure: tasks cannot be made. Others may set more.
   */
  conditions?: Condition[];
}
