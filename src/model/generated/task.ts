// Generated from schemas/ by `npm run generate`. Do not edit.

import type { ObjectMeta } from './object-meta.js';

/**
 * A number with an optional suffix, as in Kubernetes: 250m, 0.5, 64Mi, 1Gi.
 */
export type Quantity = string | number;

/**
 * One container that orch keeps as the manifest says, on whichever worker has room.
 */
export interface Task {
  apiVersion: 'orch.dev/v1';
  kind: 'Task';
  metadata: ObjectMeta;
  spec: TaskSpec;
  status?: TaskStatus;
}
/**
 * What the user wants.
 */
export interface TaskSpec {
  /**
   * The image reference: name, name:tag or name@sha256:digest.
   */
  image: string;
  /**
   * When to pull the image. IfNotPresent for every tag, ':latest' included (Kubernetes pulls that one always).
   */
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /**
   * Replaces the image's entry point. Run without a shell. $(NAME) is the value of a variable of env or envFrom; $$ is one $.
   */
  command?: string[];
  /**
   * Arguments of the command; replaces the image's own. $(NAME) is the value of a variable of env or envFrom; $$ is one $.
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
   * Ports that the container listens on.
   */
  ports?: TaskPort[];
  /**
   * Use the host's network instead of one of the container's own. Ports are then the host's.
   */
  hostNetwork?: boolean;
  resources?: Resources;
  /**
   * What may be mounted into the container.
   *
   * @maxItems 64
   */
  volumes?: Volume[];
  /**
   * Where volumes appear in the container.
   *
   * @maxItems 64
   */
  volumeMounts?: VolumeMount[];
  /**
   * Keep the container's input open, so that 'orch attach' and 'kubectl attach -i' can write to it.
   */
  stdin?: boolean;
  /**
   * Close the input when the first client that was attached to it leaves.
   */
  stdinOnce?: boolean;
  /**
   * Give the container a terminal.
   */
  tty?: boolean;
  /**
   * A file in which the program may leave what to say of its end: the last 4096 bytes of it are told. It is there when this field or terminationMessagePolicy is said.
   */
  terminationMessagePath?: string;
  /**
   * FallbackToLogsOnError tells the end of the log (80 lines, 2048 bytes) where that file is empty and the program did not end with 0.
   */
  terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError';
  /**
   * When to start the container again after it ended.
   */
  restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  /**
   * Time for preStop and the stop signal together before the container is killed.
   */
  terminationGracePeriodSeconds?: number;
  /**
   * The signal that asks the container to end; the image's own, else SIGTERM, when absent.
   */
  stopSignal?: string;
  /**
   * Hooks.
   */
  lifecycle?: {
    /**
     * Runs in the container before the stop signal, within the grace period.
     */
    preStop?: {
      exec: ExecAction;
    };
  };
  /**
   * While it has not succeeded once, the other probes wait; the container is restarted when it fails.
   */
  startupProbe?: Probe;
  /**
   * The container is restarted when it fails.
   */
  livenessProbe?: Probe;
  /**
   * Whether the task can do its work: its condition Ready. Restarts nothing.
   */
  readinessProbe?: Probe;
  /**
   * Conditions that others set in the Pod's status, and that must be True too before it counts as ready.
   *
   * @maxItems 32
   */
  readinessGates?: ReadinessGate[];
  /**
   * Labels that the worker's node must have.
   */
  nodeSelector?: {
    [k: string]: string;
  };
  /**
   * Taints of a node that this task puts up with.
   */
  tolerations?: Toleration[];
  /**
   * Higher is placed first.
   */
  priority?: number;
  /**
   * How to choose among the workers that fit; the manager's default when absent.
   */
  schedulerName?: 'roundRobin' | 'greedy' | 'epvm' | 'spread' | 'binpack';
  /**
   * Completed stops the task and keeps the object; 'orch stop' and 'orch start' set it.
   */
  desiredState?: 'Running' | 'Completed';
  /**
   * The worker that runs the task. Set by the scheduler; set by hand it bypasses scheduling.
   */
  nodeName?: string;
}
/**
 * A variable in the environment of the container.
 */
export interface EnvVar {
  /**
   * The variable's name.
   */
  name: string;
  /**
   * Its value: a string (quote numbers and booleans). $(NAME) is the value of a variable before it; $$ is one $.
   */
  value?: string;
  valueFrom?: EnvVarSource;
}
/**
 * Where the value comes from instead: exactly one of configMapKeyRef, secretKeyRef and fieldRef. It is read when a container is created; a later change is for the next container.
 */
export interface EnvVarSource {
  configMapKeyRef?: ConfigMapKeySelector;
  secretKeyRef?: SecretKeySelector;
  fieldRef?: ObjectFieldSelector;
}
/**
 * One value of a ConfigMap of the same namespace. The task is not started before it is there, unless it is optional.
 */
export interface ConfigMapKeySelector {
  /**
   * The name of the ConfigMap.
   */
  name: string;
  /**
   * The key of the value, in data.
   */
  key: string;
  /**
   * Start without it where it is missing.
   */
  optional?: boolean;
}
/**
 * One value of a Secret of the same namespace. The task is not started before it is there, unless it is optional.
 */
export interface SecretKeySelector {
  /**
   * The name of the Secret.
   */
  name: string;
  /**
   * The key of the value, in data.
   */
  key: string;
  /**
   * Start without it where it is missing.
   */
  optional?: boolean;
}
/**
 * A field of the task itself.
 */
export interface ObjectFieldSelector {
  /**
   * Always v1, as in Kubernetes.
   */
  apiVersion?: 'v1';
  /**
   * metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'], spec.nodeName, or status.hostIP. What is not there (a label, an address that nobody else could reach) is empty.
   */
  fieldPath: string;
}
/**
 * All values of one object: exactly one of configMapRef and secretRef.
 */
export interface EnvFromSource {
  /**
   * Put in front of every key.
   */
  prefix?: string;
  configMapRef?: ConfigMapEnvSource;
  secretRef?: SecretEnvSource;
}
/**
 * The values in data of a ConfigMap of the same namespace.
 */
export interface ConfigMapEnvSource {
  /**
   * The name of the ConfigMap.
   */
  name: string;
  /**
   * Start without it where it is missing.
   */
  optional?: boolean;
}
/**
 * The values in data of a Secret of the same namespace.
 */
export interface SecretEnvSource {
  /**
   * The name of the Secret.
   */
  name: string;
  /**
   * Start without it where it is missing.
   */
  optional?: boolean;
}
/**
 * A port that the container listens on.
 */
export interface TaskPort {
  /**
   * A name for probes to refer to.
   */
  name?: string;
  /**
   * The port inside the container.
   */
  containerPort: number;
  /**
   * The port on the worker. Absent: not published. 0: any free one, told in status.ports.
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
 * What the task needs (used for placement) and may use at most. cpu, memory and disk set both at once; requests and limits set them apart.
 */
export interface Resources {
  cpu?: Quantity;
  memory?: Quantity;
  disk?: Quantity;
  requests?: ResourceList;
  limits?: ResourceList;
}
/**
 * Amounts of what a machine has: cpu, memory and disk; whole numbers of what an admin says that it has, such as example.com/gpu; and hugepages-2Mi.
 */
export interface ResourceList {
  cpu?: Quantity;
  memory?: Quantity;
  disk?: Quantity;
  [k: string]: Quantity | undefined;
}
/**
 * One of dockerVolume, hostPath, emptyDir, configMap and secret; an emptyDir when none is named.
 */
export interface Volume {
  /**
   * What volumeMounts refer to.
   */
  name: string;
  /**
   * A volume of the worker's engine. It is made when it is not there, and stays when the task goes. Its data does not move to another worker: choose one with nodeSelector.
   */
  dockerVolume?: {
    /**
     * Its name on the engine.
     */
    name: string;
  };
  hostPath?: HostPathVolumeSource;
  emptyDir?: EmptyDirVolumeSource;
  configMap?: ConfigMapVolumeSource;
  secret?: SecretVolumeSource;
}
/**
 * A file or folder of the worker's machine, below one that the worker was started to allow (--allow-host-path).
 */
export interface HostPathVolumeSource {
  /**
   * It must be there.
   */
  path: string;
}
/**
 * Empty and writable for everybody at first. It stays when the container is started again, and goes with the task or when that leaves its worker; in memory it goes with the container.
 */
export interface EmptyDirVolumeSource {
  /**
   * Memory: it lies in memory and counts as such.
   */
  medium?: '' | 'Memory';
  /**
   * How large it may grow; kept only with medium Memory.
   */
  sizeLimit?: Quantity;
}
/**
 * The values of a ConfigMap of the same namespace as files, which follow it within a minute; each change is seen at once. The container cannot write there. What the image has at that place is hidden.
 */
export interface ConfigMapVolumeSource {
  /**
   * The name of the ConfigMap.
   */
  name: string;
  /**
   * Which keys become files, and where; every key under its own name when absent.
   *
   * @maxItems 256
   */
  items?: KeyToPath[];
  /**
   * The permissions of files (420 is 0o644 in octal).
   */
  defaultMode?: number;
  /**
   * Start without it, or without keys of items, where they are missing.
   */
  optional?: boolean;
}
/**
 * A key that becomes a file.
 */
export interface KeyToPath {
  /**
   * The key of the value.
   */
  key: string;
  /**
   * Where the file is, below the place of the volume: no '/' at its beginning, no '..' in it.
   */
  path: string;
  /**
   * Its permissions; defaultMode when absent.
   */
  mode?: number;
}
/**
 * The values of a Secret of the same namespace as files, which follow it within a minute; each change is seen at once. The container cannot write there. What the image has at that place is hidden.
 */
export interface SecretVolumeSource {
  /**
   * The name of the Secret.
   */
  secretName: string;
  /**
   * Which keys become files, and where; every key under its own name when absent.
   *
   * @maxItems 256
   */
  items?: KeyToPath[];
  /**
   * The permissions of files (420 is 0o644 in octal).
   */
  defaultMode?: number;
  /**
   * Start without it, or without keys of items, where they are missing.
   */
  optional?: boolean;
}
/**
 * Where a volume appears. Nothing else may lie in the place of a configMap or secret, nor they in that of another volume.
 */
export interface VolumeMount {
  /**
   * The name of a volume of this task.
   */
  name: string;
  /**
   * Where in the container.
   */
  mountPath: string;
  /**
   * The container may not write to it. Always so with a configMap or secret.
   */
  readOnly?: boolean;
}
/**
 * A command to run inside the container; exit code 0 means well.
 */
export interface ExecAction {
  /**
   * The command, run in the container without a shell. $(NAME) is the plain value of a variable of env; $$ is one $.
   *
   * @minItems 1
   */
  command: string[];
}
/**
 * A check that the worker repeats. It fails after failureThreshold failures in a row. Exactly one of httpGet, tcpSocket and exec.
 */
export interface Probe {
  /**
   * A GET request; any answer from 200 to 399 means well.
   */
  httpGet?: {
    /**
     * The path to ask for; it begins with a slash, written or not.
     */
    path?: string;
    /**
     * A number or the name of a port.
     */
    port: number | string;
  };
  /**
   * A connection that has only to open.
   */
  tcpSocket?: {
    /**
     * The number of a port, or the name of one of spec.ports.
     */
    port: number | string;
  };
  exec?: ExecAction;
  /**
   * Seconds after the start of the container before the first check.
   */
  initialDelaySeconds?: number;
  /**
   * Seconds from one check to the next.
   */
  periodSeconds?: number;
  /**
   * Seconds after which a check without an answer has failed.
   */
  timeoutSeconds?: number;
  /**
   * Failures in a row after which the container is started again.
   */
  failureThreshold?: number;
  /**
   * Successes in a row that make it ready again; 1 for the other probes.
   */
  successThreshold?: number;
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
 * A taint of nodes that the task puts up with.
 */
export interface Toleration {
  /**
   * The taint's key; absent with operator Exists matches every taint.
   */
  key?: string;
  /**
   * Equal compares the value as well; Exists takes any value.
   */
  operator?: 'Equal' | 'Exists';
  /**
   * The value of the taint, for Equal.
   */
  value?: string;
  /**
   * The effect that is tolerated; every effect when absent.
   */
  effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  /**
   * How long a NoExecute taint is put up with; for ever when absent. The taint orch.dev/not-ready is put up with for the manager's default when no toleration names it.
   */
  tolerationSeconds?: number;
}
/**
 * What the system observed.
 */
export interface TaskStatus {
  /**
   * Where the task is in its life.
   */
  state?: 'Pending' | 'Scheduled' | 'Running' | 'Completed' | 'Failed';
  /**
   * One word why: Unschedulable, BackOff, ImagePullFailed, ...
   */
  reason?: string;
  /**
   * A sentence for people.
   */
  message?: string;
  /**
   * The worker that reported this.
   */
  nodeName?: string;
  /**
   * The address of that worker's machine.
   */
  hostIP?: string;
  /**
   * The container's own address, as its worker reaches it.
   */
  podIP?: string;
  /**
   * How often the task was taken from a worker.
   */
  moves?: number;
  /**
   * A NoExecute taint, or a worker that was lost, took the task from its worker: it goes only where it tolerates every such taint for good.
   */
  drivenAway?: boolean;
  /**
   * The engine's id of the current or last container.
   */
  containerID?: string;
  /**
   * How many containers this task has had.
   */
  attempt?: number;
  /**
   * How often a container that had ended was started again.
   */
  restartCount?: number;
  /**
   * When the current container started.
   */
  startTime?: string;
  /**
   * When the last container ended.
   */
  finishTime?: string;
  /**
   * Exit code of the last container that ended.
   */
  exitCode?: number;
  /**
   * The last container that ended ran out of memory.
   */
  oomKilled?: boolean;
  /**
   * The container runs, and its startup probe has succeeded.
   */
  started?: boolean;
  /**
   * How the last container that ended came to its end.
   */
  lastTermination?: {
    /**
     * The engine's id of that container.
     */
    containerID?: string;
    /**
     * Absent when nobody saw it.
     */
    exitCode?: number;
    /**
     * One word why: Completed, Error, OOMKilled, ...
     */
    reason?: string;
    /**
     * What the program left for people at its end, where it was asked to, or how orch came to end it.
     */
    message?: string;
    /**
     * When it started.
     */
    startTime?: string;
    /**
     * When it ended.
     */
    finishTime?: string;
  };
  /**
   * When the next start is due, while backing off.
   */
  nextStartTime?: string;
  /**
   * The generation of the spec that this status is about.
   */
  observedGeneration?: number;
  /**
   * Fingerprint of the spec that the current container was made from.
   */
  specHash?: string;
  /**
   * Published ports as the engine bound them.
   */
  ports?: {
    /**
     * The port inside the container.
     */
    containerPort: number;
    /**
     * The port on the worker that leads to it.
     */
    hostPort: number;
    /**
     * The address on the worker that it is published on.
     */
    hostIP?: string;
    /**
     * TCP or UDP.
     */
    protocol?: string;
  }[];
  /**
   * Last statistics from the worker.
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
     * When it was measured.
     */
    time?: string;
  };
  /**
   * What is true of the task: whether it is placed (Scheduled), whether it runs (Ready).
   */
  conditions?: Condition[];
}
/**
 * Something that is true or not of the object, and since when.
 */
export interface Condition {
  /**
   * Scheduled, Ready, ...
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
   * When it was last looked at, as others tell.
   */
  lastProbeTime?: string;
  /**
   * When status last changed.
   */
  lastTransitionTime?: string;
  /**
   * When it was last looked at.
   */
  lastHeartbeatTime?: string;
  /**
   * The generation of spec that this is about.
   */
  observedGeneration?: number;
}
