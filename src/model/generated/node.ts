// Generated from schemas/ by `npm run generate`. Do not edit.

import type { Condition } from './task.js';

import type { ObjectMeta } from './object-meta.js';

/**
 * The machine behind a worker: what it has, what is taken, whether it answers.
 */
export interface Node {
  apiVersion: 'v1';
  kind: 'Node';
  metadata: ObjectMeta;
  spec?: NodeSpec;
  status?: NodeStatus;
}
export interface NodeSpec {
  /**
   * No new tasks are placed here.
   */
  unschedulable?: boolean;
  /**
   * Marks that keep tasks away which do not tolerate them.
   */
  taints?: Taint[];
}
export interface Taint {
  key: string;
  value?: string;
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  timeAdded?: string;
}
export interface NodeStatus {
  addresses?: {
    type: string;
    address: string;
  }[];
  /**
   * What the machine has: cpu, memory, disk, tasks, as quantities.
   */
  capacity?: {
    [k: string]: string;
  };
  /**
   * What tasks may have of it.
   */
  allocatable?: {
    [k: string]: string;
  };
  /**
   * What the tasks placed here have asked for.
   */
  allocated?: {
    [k: string]: string;
  };
  /**
   * How many tasks are placed here.
   */
  taskCount?: number;
  /**
   * Last statistics of the machine.
   */
  usage?: {
    cpuMillicores?: number;
    memoryBytes?: number;
    diskBytes?: number;
    time?: string;
  };
  conditions?: Condition[];
  /**
   * bootID, operatingSystem, architecture, kernelVersion, containerRuntimeVersion, orchVersion, sessionID.
   */
  nodeInfo?: {
    [k: string]: string;
  };
}
