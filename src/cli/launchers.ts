import type { RestrictedFeature } from '../model/restricted-features.js';
import type { TaskSpec } from '../model/task.js';
import type { LogLevel } from '../support/logger.js';

/**
 * What `orch up`, `orch manager`, `orch worker` and `orch restore` start. The command line knows only these options; the parts of the
 * product are put together behind them, and loaded only when one is called. Each of the first three resolves with the
 * exit code when it was asked to stop (a signal); all reject with an OrchError when it cannot start.
 */
export interface Launchers {
  up(options: UpLaunch): Promise<number>;
  manager(options: ManagerLaunch): Promise<number>;
  worker(options: WorkerLaunch): Promise<number>;
  /** Fills an empty data folder from a backup. */
  restore(options: RestoreLaunch): Promise<RestoreReport>;
}

/** What is told once it runs. */
export interface StartedFacts {
  what: 'orch' | 'manager' | 'worker';
  url: string;
  kubeconfigPath?: string;
  /** Whether every orch command of this user finds that kubeconfig by itself. */
  isDefaultPlace?: boolean;
  watchDirectory?: string;
  /** The worker's name. */
  node?: string;
}

export interface LogLaunch {
  logLevel: LogLevel;
  /** Absent: JSON. */
  logFormat?: 'pretty';
  /** Called once it runs. */
  onStarted?: (facts: StartedFacts) => void;
}

export interface RestoreLaunch {
  file: string;
  dataDirectory: string;
  /** Nodes that are not to come back. */
  withoutNodes: readonly string[];
}

export interface RestoreReport {
  clusterUid: string;
  takenAt: string;
  backupRevision: number;
  /** Where the restored store begins. */
  revision: number;
  /** Number of restored objects by resource: `tasks.orch.dev`. */
  objects: Readonly<Record<string, number>>;
  /** The nodes that are members again: of each, the certificate that its worker holds counts. */
  nodes: readonly string[];
  /** How many join tokens were left out. */
  droppedTokens: number;
}

export interface ManagerLaunch extends LogLaunch {
  dataDirectory: string;
  host: string;
  /** 0: any free one. */
  port: number;
  /** A folder to keep applied. */
  watchDirectory?: string;
  /** Folders that Sources may read, besides the watched one; absent: none. */
  allowedSourcePaths?: readonly string[];
  scheduler?: NonNullable<TaskSpec['schedulerName']>;
  nodeGraceSeconds?: number;
  notReadyTolerationSeconds?: number;
}

export interface RuntimeLaunch {
  runtime: 'docker' | 'simulated';
  dockerSocket?: string;
  /** Folders of this machine that tasks may mount; absent: none. */
  allowedHostPaths?: readonly string[];
  /** Volumes not made by orch that tasks may mount; absent: none. */
  allowedVolumes?: readonly string[];
  /** Processes and threads of one container; 0: no limit. */
  pidsLimit?: number;
  /** What no task gets on this worker; absent: nothing is forbidden. */
  forbidden?: readonly RestrictedFeature[];
  /** What the machine has besides CPU, memory and disk, by name: `nvidia.com/gpu`. */
  extendedResources?: Readonly<Record<string, number>>;
}

export interface UpLaunch extends ManagerLaunch, RuntimeLaunch {
  /** The worker's name. */
  name: string;
  labels: Readonly<Record<string, string>>;
}

export interface WorkerLaunch extends RuntimeLaunch, LogLaunch {
  /** The manager's address. */
  server: string;
  caFile: string;
  /** Needed to become a member; the worker's own certificate is kept in its data folder. */
  joinTokenFile?: string;
  name: string;
  dataDirectory: string;
  labels: Readonly<Record<string, string>>;
}
