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
/**
 * What people and the manager want of the node.
 */
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
  /**
   * What the taint is about.
   */
  key: string;
  /**
   * A value to go with the key.
   */
  value?: string;
  /**
   * NoSchedule keeps new tasks away, PreferNoSchedule if there is another place, NoExecute also moves those that run.
   */
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  /**
   * Since when, for NoExecute.
   */
  timeAdded?: string;
}
/**
 * What the worker reports, and what the manager counts.
 */
export interface NodeStatus {
  /**
   * Where the machine is reached.
   */
  addresses?: {
    /**
     * What sort of address: InternalIP, Hostname.
     */
    type: string;
    /**
     * The address.
     */
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
    /**
     * Processor time in use, in thousandths of a core.
     */
    cpuMillicores?: number;
    /**
     * Memory in use, in bytes.
     */
    memoryBytes?: number;
    /**
     * Disk in use, in bytes.
     */
    diskBytes?: number;
    /**
     * When it was measured.
     */
    time?: string;
  };
  /**
   * What is true of the node; Ready says whether it answers.
   */
  conditions?: Condition[];
  /**
   * bootID, operatingSystem, architecture, osImage, kernelVersion, containerRuntimeVersion, kubeletVersion, orchVersion, sessionID, forbids, extendedResources; kubeProxyVersion, machineID and systemUUID are empty.
   */
  nodeInfo?: {
    [k: string]: string;
  };
}
