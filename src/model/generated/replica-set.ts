// Generated from schemas/ by `npm run generate`. Do not edit.

import type { PodTemplate } from './deployment.js';

import type { LabelSelector } from './deployment.js';

import type { Condition } from './task.js';

import type { ObjectMeta } from './object-meta.js';


/**
 * A number of equal tasks; a Deployment writes one of each template it has brought out, as its history.
 */
export interface ReplicaSet {
  apiVersion: 'apps/v1';
  kind: 'ReplicaSet';
  metadata: ObjectMeta;
  spec: ReplicaSetSpec;
  status?: ReplicaSetStatus;
}
/**
 * What the user wants, or what a Deployment brought out.
 */
export interface ReplicaSetSpec {
  /**
   * How many tasks of the template there are to be.
   */
  replicas?: number;
  /**
   * Which tasks belong to it, by label. It must match the labels of the template and never changes.
   */
  selector: LabelSelector;
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
export interface ReplicaSetStatus {
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
