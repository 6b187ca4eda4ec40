// Generated from schemas/ by `npm run generate`. Do not edit.

import type { PodTemplate } from './deployment.js';

import type { LabelSelector } from './deployment.js';

import type { ObjectMeta } from './object-meta.js';


/**
 * A template that a Deployment has brought out, and how many tasks of it there are: its history. Deployments write it.
 */
export interface ReplicaSet {
  apiVersion: 'apps/v1';
  kind: 'ReplicaSet';
  metadata: ObjectMeta;
  spec: ReplicaSetSpec;
  status?: ReplicaSetStatus;
}
/**
 * What was brought out.
 */
export interface ReplicaSetSpec {
  /**
   * How many tasks of the template there are.
   */
  replicas?: number;
  /**
   * Which tasks are made from the template: the Deployment's selector and the template's hash.
   */
  selector: LabelSelector;
  /**
   * What the tasks are made from, with the hash among its labels.
   */
  template: PodTemplate;
  /**
   * How long a task must have been ready before it counts as available.
   */
  minReadySeconds?: number;
}
/**
 * A condition that somebody outside sets.
 */
export interface ReadinessGate {
  /**
   * The condition's type, such as example.com/load-balancer-attached.
   */
  conditionType: string;
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
   * How many tasks of the template there are.
   */
  replicas: number;
  /**
   * How many are ready.
   */
  readyReplicas?: number;
  /**
   * How many have been ready for minReadySeconds.
   */
  availableReplicas?: number;
}
