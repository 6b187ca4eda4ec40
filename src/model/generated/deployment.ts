// Generated from schemas/ by `npm run generate`. Do not edit.

import type { PodSpec } from './pod.js';

import type { ObjectMeta } from './object-meta.js';


/**
 * A number of equal tasks, which are replaced step by step when what they are made from changes.
 */
export interface Deployment {
  apiVersion: 'apps/v1';
  kind: 'Deployment';
  metadata: ObjectMeta;
  spec: DeploymentSpec;
  status?: DeploymentStatus;
}
/**
 * What the user wants.
 */
export interface DeploymentSpec {
  /**
   * How many tasks there are to be.
   */
  replicas?: number;
  selector: LabelSelector;
  template: PodTemplate;
  strategy?: DeploymentStrategy;
  /**
   * How long a task must have been ready before it counts as available.
   */
  minReadySeconds?: number;
  /**
   * Seconds without progress after which the condition Progressing becomes False. Nothing is undone.
   */
  progressDeadlineSeconds?: number;
  /**
   * How many older templates are kept to go back to, besides those that still have tasks.
   */
  revisionHistoryLimit?: number;
  /**
   * Do not bring a changed template out. The number of tasks is still kept.
   */
  paused?: boolean;
}
/**
 * Which tasks belong to it, by label: all of both must hold. It must match the labels of the template and never changes.
 */
export interface LabelSelector {
  /**
   * Labels with the values that they must have.
   */
  matchLabels?: {
    [k: string]: string;
  };
  /**
   * Conditions on labels.
   *
   * @maxItems 64
   */
  matchExpressions?: LabelSelectorRequirement[];
}
/**
 * A condition on one label.
 */
export interface LabelSelectorRequirement {
  /**
   * The label.
   */
  key: string;
  /**
   * In and NotIn compare with values; Exists and DoesNotExist have none.
   */
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /**
   * For In and NotIn.
   *
   * @maxItems 64
   */
  values?: string[];
}
/**
 * What each task is made from. A change of it replaces the tasks, as the strategy says.
 */
export interface PodTemplate {
  metadata?: PodTemplateMetadata;
  /**
   * The pod that each task is, with one container and restartPolicy Always.
   */
  spec: PodSpec;
}
/**
 * Labels and annotations of each task.
 */
export interface PodTemplateMetadata {
  /**
   * Short key=value marks; the selector must match them.
   */
  labels?: {
    [k: string]: string;
  };
  /**
   * Free text that tools attach.
   */
  annotations?: {
    [k: string]: string;
  };
}
/**
 * How tasks of an older template are replaced.
 */
export interface DeploymentStrategy {
  /**
   * RollingUpdate replaces a few at a time; Recreate ends all old ones before the first new one starts.
   */
  type?: 'RollingUpdate' | 'Recreate';
  rollingUpdate?: RollingUpdate;
}
/**
 * The bounds that hold at every moment of a rolling update.
 */
export interface RollingUpdate {
  /**
   * How many of spec.replicas may be unavailable: a number, or a percentage, rounded down.
   */
  maxUnavailable?: number | string;
  /**
   * How many more than spec.replicas there may be: a number, or a percentage, rounded up.
   */
  maxSurge?: number | string;
}
/**
 * What the system observed. Tasks that are being deleted count nowhere.
 */
export interface DeploymentStatus {
  /**
   * The generation of the spec that this is about.
   */
  observedGeneration?: number;
  /**
   * How many tasks there are.
   */
  replicas?: number;
  /**
   * How many of them are made from the present template.
   */
  updatedReplicas?: number;
  /**
   * How many are ready.
   */
  readyReplicas?: number;
  /**
   * How many have been ready for minReadySeconds.
   */
  availableReplicas?: number;
  /**
   * How many are missing to be available.
   */
  unavailableReplicas?: number;
  /**
   * Available: enough tasks are. Progressing: the rollout gets on, or is complete. ReplicaFailure: tasks cannot be made.
   */
  conditions?: DeploymentCondition[];
}
/**
 * One thing that is true of the deployment, or not.
 */
export interface DeploymentCondition {
  /**
   * What it is about: Available, Progressing or ReplicaFailure.
   */
  type: string;
  /**
   * Whether it holds.
   */
  status: 'True' | 'False' | 'Unknown';
  /**
   * One word why.
   */
  reason?: string;
  /**
   * A sentence for people.
   */
  message?: string;
  /**
   * Of Progressing: when there was progress last.
   */
  lastUpdateTime?: string;
  /**
   * When status changed.
   */
  lastTransitionTime?: string;
}
