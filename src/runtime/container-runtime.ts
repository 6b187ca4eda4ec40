import type { Amounts } from '../model/resources.js';

/**
 * The runtime contract: containers of one machine. docker/ and simulated/ pass the same suite. Whatever it is asked,
 * it sees and touches only containers that carry the cluster uid it was opened with (any other is as if it did not
 * exist); every call has a deadline and rejects with a RuntimeError. Verbs that are already done (start of a running,
 * stop of a stopped or missing, remove of a missing container) succeed.
 */
export interface ContainerRuntime {
  /** What the engine and its machine are. */
  info(): Promise<RuntimeInfo>;

  /** Cheap liveness check of the engine; rejects with Unavailable or Timeout. */
  ping(): Promise<void>;

  /** Every container of this cluster, running or not. Complete, or it rejects: never a partial answer. */
  listContainers(): Promise<ContainerSummary[]>;

  /** Rejects with NotFound. */
  inspectContainer(id: string): Promise<ContainerDetails>;

  /** Makes the image present as the policy says. One pull per image at a time. Rejects with InvalidImageName, ImageNotFound or PullFailed. */
  ensureImage(image: string, policy: PullPolicy, signal?: AbortSignal): Promise<void>;

  /**
   * Creates, does not start. Rejects with NameConflict (details: holderId, holderIsOurs), ImageNotFound, InvalidSpec,
   * MountFailed, DiskPressure. The restart policy of the engine is always 'no'. With files or emptyDirs: they are as they have to be when
   * this resolves, and there is no container when they were refused (StartError); after any other failure they may not be.
   */
  createContainer(spec: ContainerSpec): Promise<{ id: string }>;

  /**
   * Makes it run; a paused one goes on. Rejects with StartError, StaleContainer, PortConflict, NotFound,
   * DiskPressure.
   */
  startContainer(id: string): Promise<void>;

  /**
   * Changes files of a running container, each set in one step: whoever opens a file at any moment finds the old one or the new one. A name
   * that is in the new set no more goes, another one comes. Sets at other places than those that the container was made
   * with are left out. Rejects with NotRunning; after any other failure the files are the old ones or the new ones.
   */
  updateFiles(id: string, sets: readonly FileSet[]): Promise<void>;

  /** The volumes that were made for emptyDirs of this cluster's tasks: complete, or it rejects. */
  listVolumes(): Promise<TaskVolume[]>;

  /** Removes one of them. Resolves when it is gone. Rejects with StillRunning while a container has it. */
  removeVolume(name: string): Promise<void>;

  /**
   * Sends the stop signal, then kills after the grace period. Resolves when the container no longer runs.
   * Its deadline is the grace period plus 30 s.
   */
  stopContainer(id: string, graceSeconds: number): Promise<void>;

  /** Removes a container that does not run (or any, with force). Resolves when it is gone. Rejects with StillRunning. */
  removeContainer(id: string, options?: { force?: boolean }): Promise<void>;

  /**
   * Runs a command to its end in a running container; output is cut at `maxExecOutputBytes`. Rejects with NotRunning,
   * StartError, Timeout and Unavailable when the exit code cannot be known. At its timeout the command is killed where that can
   * be done; where it may go on, `details.stillRuns` of the Timeout tells whether it does.
   */
  exec(id: string, command: readonly string[], timeoutMilliseconds: number): Promise<ExecResult>;

  /** An interactive command. */
  openExec(id: string, options: ExecOptions): Promise<ExecSession>;

  /**
   * Joins the main process of a running container, or of one that is about to be started: its output from now on, and its
   * input if the container was made with one. `finished` never tells an exit code: the container does. Rejects with
   * NotRunning.
   */
  openAttach(id: string, options: AttachOptions): Promise<ExecSession>;

  /** Connects to a TCP port inside a running container. Rejects with NotRunning, Unavailable (nothing listens there). */
  connectPort(id: string, port: number): Promise<PortConnection>;

  /** The container's output. Ends when the container ends, unless follow is false: then at the end of what there is. */
  openLogs(id: string, options: LogOptions): Promise<LogStream>;

  /**
   * The last bytes, at most `maxTerminationMessageBytes`, of what its program wrote to `terminationMessagePath`; '' when there is nothing, or
   * no such file. Rejects with NotFound.
   */
  readTerminationMessage(id: string): Promise<string>;

  /** One reading of CPU and memory in use; undefined for a container that does not run. */
  readStats(id: string): Promise<ContainerStats | undefined>;

  /**
   * Calls back when something may have changed. A hint only: events get lost (the engine replays at most 256), so
   * callers relist. Reconnects by itself, and calls back once, without a containerId, each time it is connected.
   */
  watchHints(onHint: (hint: { containerId?: string }) => void): { close(): void };

  /** Ends streams and connections. Containers go on. */
  close(): Promise<void>;
}

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

export interface RuntimeInfo {
  /** 'docker://20.10.24' or 'simulated://1'. */
  version: string;
  /** As Kubernetes names them: 'linux', and 'amd64' or 'arm64'. */
  operatingSystem: string;
  architecture: string;
  /** For people: 'Debian GNU/Linux 12 (bookworm)'. */
  osImage?: string;
  kernelVersion: string;
  /** Changes when the machine is started again. */
  bootId: string;
  capacity: Amounts;
}

/** Identity of a container: which task's, which of its attempts, made from which spec. */
export interface ContainerIdentity {
  taskUid: string;
  attempt: number;
  specHash: string;
  /** namespace/name of the task, for people who look at `docker ps`. */
  taskKey: string;
}

export interface ContainerSpec {
  /** Deterministic for (task uid, attempt): see containerName() of the worker. */
  name: string;
  identity: ContainerIdentity;
  image: string;
  command?: readonly string[];
  args?: readonly string[];
  workingDir?: string;
  env: readonly { name: string; value: string }[];
  ports: readonly PortBinding[];
  hostNetwork: boolean;
  /** What programs in it see as the name of their machine; the engine's choice when absent. */
  hostname?: string;
  /** 0: no limit. */
  limits: Amounts;
  stopSignal?: string;
  /** Its input stays open, for openAttach. */
  stdin?: boolean;
  /** Its input ends when the first that was attached to it leaves. */
  stdinOnce?: boolean;
  /** It gets a terminal. */
  tty?: boolean;
  mounts?: readonly Mount[];
  /** There before it starts. */
  files?: readonly FileSet[];
  /** A file that is empty at first and that everybody may write to, for readTerminationMessage. Absolute. */
  terminationMessagePath?: string;
}

/**
 * Files below one place, all of them root's, which no program of the container can change. The place is a folder also without any;
 * nothing else is in it but the places of other mounts.
 */
export interface FileSet {
  /** Absolute, and of one set only. */
  target: string;
  files: readonly {
    /** Relative to the target, without `.` and `..`, not beginning with `..`. */
    path: string;
    mode: number;
    content: Uint8Array;
  }[];
}

/** A volume for an emptyDir. */
export interface TaskVolume {
  name: string;
  taskUid: string;
  taskKey: string;
  /** Its name among the task's volumes. */
  volume: string;
}

/** Something that appears at `target` in the container. */
export type Mount = { target: string; readOnly: boolean } &
  /**
   * A volume of the engine; without a name one that goes with the container. `isKnown`: an earlier container of the task was made with
   * it, so it may have it again.
   */
  (
    | { type: 'volume'; name?: string; isKnown?: boolean }
    /**
     * A volume of the engine for the containers of one task, `volume` among its others: empty and writable for everybody at first.
     * It stays until removeVolume. `isUsed`: a program has had it, so its permissions are what that made of them.
     */
    | { type: 'emptyDir'; name: string; volume: string; isUsed?: boolean }
    /** A path of the machine. Refused with MountFailed unless it is there and allowed (host-paths.ts). */
    | { type: 'bind'; path: string }
    | { type: 'tmpfs'; sizeBytes?: number }
  );

export interface PortBinding {
  containerPort: number;
  protocol: 'TCP' | 'UDP';
  /** Absent: exposed, not published. 0: any free port of the host. */
  hostPort?: number;
  hostIP?: string;
}

export type ContainerPhase = 'created' | 'running' | 'paused' | 'exited' | 'removing' | 'dead';

export interface ContainerSummary {
  id: string;
  name: string;
  identity: ContainerIdentity;
  phase: ContainerPhase;
}

export interface ContainerDetails extends ContainerSummary {
  createdAt?: string;
  startedAt?: string;
  finishedAt?: string;
  exitCode?: number;
  oomKilled: boolean;
  /** The engine's own word on why it did not start. */
  error?: string;
  /** Ports as the engine published them. */
  ports: { containerPort: number; hostPort: number; hostIP?: string; protocol: string }[];
  /** Where probes reach it from the worker's machine; absent on the host's network (use 127.0.0.1). */
  ipAddress?: string;
}

/** As in Kubernetes. */
export const maxTerminationMessageBytes = 4096;

/** How much output of exec() is kept. */
export const maxExecOutputBytes = 10 * 1024;

export interface ExecResult {
  exitCode: number;
  output: string;
}

export interface ExecOptions {
  command: readonly string[];
  stdin: boolean;
  tty: boolean;
}

export interface AttachOptions {
  stdin: boolean;
  /** False for input alone. */
  output?: boolean;
}

/**
 * What receives output. When it returns a promise, reading waits until that settles, so a slow reader holds the
 * stream back instead of filling memory.
 */
export type OutputListener = (channel: 'stdout' | 'stderr', data: Uint8Array) => void | Promise<void>;

export interface ExecSession {
  /** Bytes for the command; `end` closes its stdin. A promise settles when more may come. */
  write(data: Uint8Array): void | Promise<void>;
  end(): void;
  resize(width: number, height: number): void;
  /** Takes one listener; nothing is read, or lost, before there is one. */
  onOutput(listener: OutputListener): void;
  /** The exit code as the engine says afterwards; undefined when it cannot say. */
  finished: Promise<number | undefined>;
  close(): void;
}

/** A byte stream to a port inside a container; what comes from there is on channel stdout. */
export interface PortConnection {
  /** A promise settles when more may come. `end` tells the other side that nothing more does. */
  write(data: Uint8Array): void | Promise<void>;
  end(): void;
  /** Takes one listener; nothing is read, or lost, before there is one. */
  onOutput(listener: OutputListener): void;
  /** Resolves when the other side has ended; rejects with Unavailable when the connection broke. */
  finished: Promise<void>;
  close(): void;
}

export interface LogOptions {
  follow: boolean;
  /** Only this many lines from the end; all when absent. */
  tailLines?: number;
  /** Only what came after this time, RFC 3339. */
  since?: string;
  timestamps: boolean;
}

export interface LogStream {
  /** Takes one listener; nothing is read, or lost, before there is one. */
  onOutput(listener: OutputListener): void;
  /** Resolves at the end of the output or after close(); rejects with Unavailable when the engine was lost. */
  finished: Promise<void>;
  close(): void;
}

export interface ContainerStats {
  cpuMillicores: number;
  memoryBytes: number;
}

export type RuntimeErrorCode =
  | 'NotFound'
  | 'NameConflict'
  | 'ImageNotFound'
  | 'PullFailed'
  /** No engine takes such a name of an image. */
  | 'InvalidImageName'
  | 'InvalidSpec'
  | 'PortConflict'
  | 'StartError'
  /** Something that it mounts is not there, or not allowed: yet. */
  | 'MountFailed'
  /** The engine left something behind that keeps this very container from starting; another one will start. */
  | 'StaleContainer'
  | 'NotRunning'
  | 'StillRunning'
  | 'DiskPressure'
  /** The engine does not answer, is stopping, or answered with something odd: nothing is known; try later. */
  | 'Unavailable'
  /** The engine and orch have no version of the engine's API in common. */
  | 'EngineTooOld'
  | 'EngineTooNew'
  | 'Timeout';

export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  constructor(
    readonly code: RuntimeErrorCode,
    message: string,
    readonly details: {
      holderId?: string;
      holderIsOurs?: boolean;
      /** Whether what timed out goes on; rejects when the engine does not say. */
      stillRuns?: () => Promise<boolean>;
    } = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** Whether the same call may succeed later without any change of the spec. */
  get retryable(): boolean {
    return this.code !== 'InvalidSpec';
  }
}
