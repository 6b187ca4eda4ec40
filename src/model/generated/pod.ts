// Generated from schemas/ by `npm run generate`. Do not edit.

import type { Quantity } from './task.js';

import type { Toleration } from './task.js';

import type { ReadinessGate } from './task.js';

import type { Probe } from './task.js';

import type { ExecAction } from './task.js';

import type { SecretVolumeSource } from './task.js';

import type { ConfigMapVolumeSource } from './task.js';

import type { EmptyDirVolumeSource } from './task.js';

import type { HostPathVolumeSource } from './task.js';

import type { VolumeMount } from './task.js';

import type { EnvFromSource } from './task.js';

import type { EnvVar } from './task.js';

import type { Condition } from './task.js';

import type { ObjectMeta } from './object-meta.js';


/**
 * A Task as Kubernetes' clients know it: a view, made from the Task and written through to it.
 */
export interface Pod {
  apiVersion: 'v1';
  kind: 'Pod';
  metadata: ObjectMeta;
  spec: PodSpec;
  status?: PodStatus;
}
/**
 * What the user wants. Fields of Kubernetes that are not here are refused, or named in a warning where they are harmless.
 */
export interface PodSpec {
  /**
   * Exactly one.
   *
   * @minItems 1
   */
  containers: Container[];
  /**
   * When to start the container again after it ended.
   */
  restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  /**
   * Time for preStop and the stop signal together before the container is killed.
   */
  terminationGracePeriodSeconds?: number;
  /**
   * Use the host's network.
   */
  hostNetwork?: boolean;
  /**
   * Labels that the worker's node must have.
   */
  nodeSelector?: {
    [k: string]: string;
  };
  /**
   * Conditions that others set in its status, and that must be True too before the pod is Ready.
   *
   * @maxItems 32
   */
  readinessGates?: ReadinessGate[];
  /**
   * Taints of a node that this pod puts up with.
   */
  tolerations?: Toleration[];
  /**
   * What may be mounted into the container.
   *
   * @maxItems 64
   */
  volumes?: PodVolume[];
  /**
   * Higher is placed first.
   */
  priority?: number;
  /**
   * How to choose among the workers that fit; default-scheduler is the manager's default.
   */
  schedulerName?: 'default-scheduler' | 'roundRobin' | 'greedy' | 'epvm' | 'spread' | 'binpack';
  /**
   * The worker that runs it.
   */
  nodeName?: string;
}
/**
 * The one container of the pod.
 */
export interface Container {
  /**
   * The container's name, for logs, exec and attach.
   */
  name: string;
  /**
   * The image reference.
   */
  image?: string;
  /**
   * When to pull the image. IfNotPresent for every tag, ':latest' included.
   */
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /**
   * Replaces the image's entry point.
   */
  command?: string[];
  /**
   * Arguments of the command.
   */
  args?: string[];
  /**
   * The directory in which the command starts.
   */
  workingDir?: string;
  /**
   * Environment variables.
   */
  env?: EnvVar[];
  /**
   * Every value of a ConfigMap or Secret becomes an environment variable named as its key. Later ones win over earlier ones, and env over all of them.
   *
   * @maxItems 64
   */
  envFrom?: EnvFromSource[];
  /**
   * Where volumes appear in the container.
   *
   * @maxItems 64
   */
  volumeMounts?: VolumeMount[];
  /**
   * Ports that the container listens on; hostPort publishes one.
   */
  ports?: ContainerPort[];
  resources?: PodResources;
  lifecycle?: PodLifecycle;
  /**
   * While it has not succeeded once, the other probes wait; the container is restarted when it fails.
   */
  startupProbe?: Probe;
  /**
   * The container is restarted when it fails.
   */
  livenessProbe?: Probe;
  /**
   * Whether the pod can do its work: its condition Ready. Restarts nothing.
   */
  readinessProbe?: Probe;
  /**
   * Keep the container's input open.
   */
  stdin?: boolean;
  /**
   * Close the input when the first client that was attached to it leaves.
   */
  stdinOnce?: boolean;
  /**
   * A file in which the program may leave what to say of its end: the last 4096 bytes of it are told. It is there when this field or terminationMessagePolicy is said.
   */
  terminationMessagePath?: string;
  /**
   * FallbackToLogsOnError tells the end of the log (80 lines, 2048 bytes) where that file is empty and the program did not end with 0.
   */
  terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError';
  /**
   * Give the container a terminal.
   */
  tty?: boolean;
}
/**
 * A port that the container listens on.
 */
export interface ContainerPort {
  /**
   * A name for probes to refer to.
   */
  name?: string;
  /**
   * The port inside the container.
   */
  containerPort: number;
  /**
   * The port on the worker. 0: not published.
   */
  hostPort?: number;
  /**
   * The worker's address to publish on; all when absent.
   */
  hostIP?: string;
  /**
   * The protocol.
   */
  protocol?: 'TCP' | 'UDP';
}
/**
 * What it needs (requests) and may use at most (limits): cpu, memory and ephemeral-storage.
 */
export interface PodResources {
  requests?: ContainerResources;
  limits?: ContainerResources;
}
/**
 * Amounts of what a machine has, as in a Task.
 */
export interface ContainerResources {
  cpu?: Quantity;
  memory?: Quantity;
  'ephemeral-storage'?: Quantity;
  [k: string]: Quantity | undefined;
}
/**
 * What is done around the life of the container.
 */
export interface PodLifecycle {
  preStop?: PodPreStop;
  /**
   * The signal that asks the container to end.
   */
  stopSignal?: string;
}
/**
 * Runs in the container before the stop signal, within the grace period.
 */
export interface PodPreStop {
  exec: ExecAction;
}
/**
 * One of configMap, secret, emptyDir and hostPath; an emptyDir when none is named.
 */
export interface PodVolume {
  /**
   * What volumeMounts refer to.
   */
  name: string;
  configMap?: ConfigMapVolumeSource;
  secret?: SecretVolumeSource;
  emptyDir?: EmptyDirVolumeSource;
  hostPath?: HostPathVolumeSource;
}
/**
 * What the system observed.
 */
export interface PodStatus {
  /**
   * Pending before it runs, Running, then Succeeded or Failed.
   */
  phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  /**
   * One word why.
   */
  reason?: string;
  /**
   * A sentence for people.
   */
  message?: string;
  /**
   * The address of the worker's machine.
   */
  hostIP?: string;
  /**
   * The addresses of the machine.
   */
  hostIPs?: PodAddress[];
  /**
   * The container's own address.
   */
  podIP?: string;
  /**
   * The container's own addresses.
   */
  podIPs?: PodAddress[];
  /**
   * When it was placed on its worker.
   */
  startTime?: string;
  /**
   * How requests and limits relate, in the words of Kubernetes.
   */
  qosClass?: 'Guaranteed' | 'Burstable' | 'BestEffort';
  /**
   * What is true of the pod: whether it is placed, whether it is ready.
   */
  conditions?: Condition[];
  /**
   * How its container is.
   */
  containerStatuses?: ContainerStatus[];
}
/**
 * An address of the pod or its machine.
 */
export interface PodAddress {
  /**
   * The address.
   */
  ip: string;
}
/**
 * How the container is.
 */
export interface ContainerStatus {
  /**
   * The name of the container.
   */
  name: string;
  /**
   * The image that it was made from.
   */
  image: string;
  /**
   * The engine's id of the image.
   */
  imageID: string;
  /**
   * The engine's id of the container.
   */
  containerID?: string;
  /**
   * Whether it runs and does its work.
   */
  ready: boolean;
  /**
   * Whether it has started.
   */
  started: boolean;
  /**
   * How often it was started again.
   */
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState;
}
/**
 * Exactly one of its members, or none when nothing is known.
 */
export interface ContainerState {
  waiting?: ContainerWaiting;
  running?: ContainerRunning;
  terminated?: ContainerTerminated;
}
/**
 * It is not started yet, or not again.
 */
export interface ContainerWaiting {
  /**
   * One word why.
   */
  reason?: string;
  /**
   * A sentence for people.
   */
  message?: string;
}
/**
 * It runs.
 */
export interface ContainerRunning {
  /**
   * Since when.
   */
  startedAt?: string;
}
/**
 * It has ended.
 */
export interface ContainerTerminated {
  /**
   * The exit code of its command.
   */
  exitCode: number;
  /**
   * One word why.
   */
  reason?: string;
  /**
   * A sentence for people.
   */
  message?: string;
  /**
   * When it had started.
   */
  startedAt?: string;
  /**
   * When it ended.
   */
  finishedAt?: string;
  /**
   * The engine's id of the container.
   */
  containerID?: string;
}
