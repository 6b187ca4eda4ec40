/**
 * One machine's worker: assignments in, containers on the engine, status out. It decides with planConvergence from what
 * is wanted, what is there and what it remembers, and does the next steps; whatever happens in between, the next look
 * starts from what is true then. Always holds: one task is worked on once at a time; stopping a worker, or its manager,
 * stops no container. (Over 300 lines, most of them wiring: parts that were wired elsewhere would have to be looked for.)
 */
import type { Client } from '../client/client.js';
import { acceptRestoreAnnotation, storeRestoredCondition } from '../model/node.js';
import type { RestrictedFeature } from '../model/restricted-features.js';
import type { StoredTask } from '../model/task.js';
import type { ContainerRuntime } from '../runtime/container-runtime.js';
import type { Clock } from '../support/clock.js';
import { withDeadline } from '../support/clock.js';
import { errorMessage, OrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import { WorkQueue } from '../support/work-queue.js';
import { Assignments } from './assignments.js';
import type { CheckpointFile } from './checkpoint-file.js';
import { createSecretMask } from './config/mask-secrets.js';
import { ConfigRefresh } from './config/config-refresh.js';
import { resolveInputs } from './config/resolve-inputs.js';
import { serveContainerStreams } from './container-streams.js';
import { EarlyOutput } from './early-output.js';
import { ContainerView } from './container-view.js';
import { Converger } from './converger.js';
import { EngineWatch } from './engine-watch.js';
import { EventRecorder } from './event-recorder.js';
import { lastWordsOf } from './last-words.js';
import { describeKept } from './kept-tasks.js';
import { localAddresses } from './local-addresses.js';
import { NodeAgent } from './node-agent.js';
import { isAlive } from './container-phase.js';
import type { ProbeFailure } from './probes/probe-runner.js';
import { ProbeRunner } from './probes/probe-runner.js';
import { repeat } from './repeat.js';
import { StatsCollector } from './stats-collector.js';
import { StatusReporter } from './status-reporter.js';
import { taskKeyOf } from './task-key.js';
import type { StartStep, StopStep, Target } from './step-target.js';
import { TaskRunner } from './task-runner.js';
import { TaskVolumes } from './task-volumes.js';
import { TunnelClient } from './tunnel-client.js';
import type { WorkerSettings } from './worker-settings.js';
import { defaultWorkerSettings } from './worker-settings.js';

export interface WorkerOptions {
  name: string;
  /** The same as long as this worker is the same: another live one with this name is refused. */
  sessionId: string;
  client: Client;
  runtime: ContainerRuntime;
  checkpoint: CheckpointFile;
  /** The cluster that it belongs to; managers of others are not listened to. */
  clusterUid: string;
  clock: Clock;
  random: Random;
  logger: Logger;
  version: string;
  /** That its node is meant to have. */
  labels?: Readonly<Record<string, string>>;
  /** What no task gets here. */
  forbidden?: readonly RestrictedFeature[];
  /** What the machine has besides CPU, memory and disk, by name: `nvidia.com/gpu`. */
  extendedResources?: Readonly<Record<string, number>>;
  /** Makes this worker a member again: its Node is gone. */
  join: () => Promise<void>;
  addresses?: readonly { type: string; address: string }[];
  settings?: Partial<WorkerSettings>;
}

/** Tasks in work at once. Most of them wait: for a pull, for a container to end. */
const tasksAtOnce = 64;
/** How long a returning worker holds its reports back while it stops what was replaced. */
const maxReturnMilliseconds = 60_000;
const stopDeadlineMilliseconds = 5_000;

export class Worker {
  readonly name: string;
  /** Keys (namespace/name) of tasks to look at. */
  readonly queue: WorkQueue;
  /** The durable checkpoint of what is assigned. */
  readonly db: CheckpointFile;

  private readonly settings: WorkerSettings;
  private readonly view: ContainerView;
  private readonly engine: EngineWatch;
  private readonly converger: Converger;
  private readonly assignments: Assignments;
  private readonly reporter: StatusReporter;
  private readonly events: EventRecorder;
  private readonly earlyOutput: EarlyOutput;
  private readonly volumes: TaskVolumes;
  private readonly refresh: ConfigRefresh;
  private readonly runner: TaskRunner;
  private readonly probes: ProbeRunner;
  private readonly stats: StatsCollector;
  private readonly node: NodeAgent;
  private readonly tunnel: TunnelClient;
  /** Keys in work, to be told when what is done for them may be wrong now. */
  private readonly passes = new Map<string, AbortController>();
  private endStats: () => void = () => undefined;
  private returnedAt: number | undefined;

  constructor(private readonly options: WorkerOptions) {
    const { name, client, runtime, checkpoint, clusterUid, clock, random } = options;
    const logger = options.logger;
    this.name = name;
    this.db = checkpoint;
    this.settings = { ...defaultWorkerSettings, ...options.settings };
    const common = { client, nodeName: name, clock, random, logger };
    this.queue = new WorkQueue({
      clock,
      random: () => random.next(),
      concurrency: tasksAtOnce,
      process: (key) => this.runTask(key),
      onError: (task, error, retryMilliseconds) =>
        logger.warn('task not converged yet', { task, error: errorMessage(error), retryMilliseconds }),
    });
    this.view = new ContainerView({
      runtime,
      nodeName: name,
      clock,
      logger,
      remembers: (uid, id) => checkpoint.record(uid)?.running?.containerId === id,
      onChange: (key) => this.queue.add(key),
    });
    this.assignments = new Assignments({
      ...common,
      clusterUid,
      checkpoint,
      onChange: (key, isUrgent) => {
        if (isUrgent) this.passes.get(key)?.abort();
        this.converger.tellWait(key);
        this.queue.add(key);
      },
      onSync: (isReturn) => this.onSync(isReturn),
      onDistrust: (distrust) => {
        if (distrust) logger.error('the manager is not believed: nothing is stopped', { ...distrust });
        const rewound = distrust?.reason === 'StoreRewound';
        this.node.setCondition(
          'StoreRewound',
          rewound,
          rewound ? distrust.reason : 'StoreTrusted',
          distrust?.message ?? '',
        );
      },
      onKept: (taskKeys) => {
        const { reason, message } = describeKept(taskKeys);
        this.node.setCondition(storeRestoredCondition, taskKeys.length > 0, reason, message);
      },
    });
    const { mask, maskForeign } = createSecretMask(checkpoint, (uid) => checkpoint.task(uid));
    this.events = new EventRecorder({ ...common, mask });
    const addresses = options.addresses ?? localAddresses(name);
    const hostIP = addresses.find(({ type }) => type === 'InternalIP')?.address;
    this.reporter = new StatusReporter({
      ...common,
      ...(hostIP === undefined ? {} : { hostIP }),
      task: (uid) => (this.assignments.isKept(uid) ? undefined : this.assignments.task(uid)),
      onTask: (task) => this.assignments.take(task),
      mask,
      onReported: (uid, report, revision) => this.noteReported(uid, report.state, revision),
      mayReport: () => this.assignments.isTrusted && !this.node.isFenced && !this.holdsReplaced(),
    });
    const isTrusted = (): boolean => this.assignments.isTrusted;
    const inputsOptions = { client, clusterUid, checkpoint, events: this.events, hostIP, isTrusted };
    this.earlyOutput = new EarlyOutput(runtime, logger);
    this.volumes = new TaskVolumes(runtime, name);
    this.runner = new TaskRunner({
      runtime,
      volumes: this.volumes,
      earlyOutput: this.earlyOutput,
      view: this.view,
      events: this.events,
      nodeName: name,
      forbidden: options.forbidden ?? [],
      clock,
      concurrency: this.settings.concurrency,
      inputsOf: async (task, signal) => {
        const inputs = await resolveInputs(task, inputsOptions, signal);
        this.refresh.forget(task);
        return inputs;
      },
      maskForeign,
      onDiskPressure: (isPressed) =>
        this.node.setCondition(
          'DiskPressure',
          isPressed,
          isPressed ? 'EngineDiskFull' : 'EngineHasDisk',
          isPressed ? 'the engine has no disk space left: free some' : 'the engine has disk space again',
        ),
    });
    this.probes = new ProbeRunner({
      runtime,
      clock,
      logger,
      maskForeign,
      onFailure: (uid, attempt, message) => {
        const task = this.assignments.task(uid);
        if (task) this.events.record(task, 'Warning', 'Unhealthy', message, attempt);
      },
      onUnhealthy: (uid, attempt, because, message) => this.markUnhealthy(uid, attempt, because, message),
      onReadiness: (uid) => this.lookAt(uid),
    });
    this.refresh = new ConfigRefresh({
      client,
      clusterUid,
      checkpoint,
      clock,
      logger,
      isTrusted: () => isTrusted() && this.engine.isReady && !this.node.isFenced,
      running: () => this.runningContainers().flatMap(({ taskUid }) => this.assignments.task(taskUid) ?? []),
      onChange: (task) => this.queue.add(taskKeyOf(task)),
    });
    this.converger = new Converger({
      view: this.view,
      assignments: this.assignments,
      reporter: this.reporter,
      events: this.events,
      probes: this.probes,
      checkpoint,
      clock,
      startTask: (target, steps) => this.startTask(target, steps),
      stopTask: (target, step) => this.stopTask(target, step),
      removeContainer: (id) => this.runner.removeContainer(id),
      volumes: this.volumes,
      filesOf: (task) => this.refresh.files(task),
      lastWordsOf: async (task, container) => {
        const words = await lastWordsOf({ runtime, clock, logger }, task, container);
        return words && maskForeign(task.metadata.uid, words);
      },
      updateFiles: (target, step, files) => this.runner.updateFiles(target, step, files),
    });
    this.engine = new EngineWatch({
      runtime,
      view: this.view,
      clock,
      logger,
      pingMilliseconds: this.settings.enginePingSeconds * 1000,
      relistMilliseconds: this.settings.relistSeconds * 1000,
      onReady: () => {
        this.node.setEngine({ ready: true });
        this.lookAtEverything();
        this.volumes.list().then(
          () => this.queueAll(this.volumes.tasks()),
          (error: unknown) => logger.warn('listing volumes failed', { error: errorMessage(error) }),
        );
      },
      onSilent: (message) => this.node.setEngine({ ready: false, message }),
    });
    this.stats = new StatsCollector({
      runtime,
      clock,
      running: () => this.runningContainers(),
      onTaskUsage: (uid, usage) => this.reporter.reportUsage(uid, usage),
      onNodeUsage: (usage) => this.node.reportUsage(usage),
    });
    this.node = new NodeAgent({
      facts: {
        name,
        sessionId: options.sessionId,
        version: options.version,
        labels: options.labels ?? {},
        forbidden: options.forbidden ?? [],
        extendedResources: options.extendedResources ?? {},
        addresses,
        reserved: this.settings.reserved,
        maxTasks: this.settings.maxTasks,
      },
      client,
      join: options.join,
      runtime,
      clusterUid,
      heartbeatMilliseconds: this.settings.nodeHeartbeatSeconds * 1000,
      clock,
      random,
      logger,
      onFenced: (isFenced) => {
        if (isFenced) for (const pass of this.passes.values()) pass.abort();
        else this.lookAtEverything();
      },
      onNode: ({ metadata }) => {
        const accepted = metadata.annotations?.[acceptRestoreAnnotation];
        if (accepted !== undefined) this.assignments.acceptRestore(accepted);
      },
      onAnswer: (isThisCluster) => {
        if (!isThisCluster) logger.error('a manager of another cluster answers', { clusterUid });
      },
    });
    this.tunnel = new TunnelClient({
      ...common,
      serve: serveContainerStreams(
        runtime,
        this.earlyOutput,
        clock,
        (uid) => this.view.known(uid),
        (uid) => this.db.record(uid)?.finished !== undefined,
      ),
    });
  }

  /** How many tasks are assigned, as far as is known. */
  get taskCount(): number {
    return this.assignments.count;
  }

  /**
   * Begins to work; neither the manager nor the engine must be there yet. Rejects when the checkpoint is of another
   * worker or cluster.
   */
  async start(): Promise<void> {
    const { clock, clusterUid, logger } = this.options;
    const { db, name, settings } = this;
    if ((db.nodeName ?? name) !== name || (db.clusterUid ?? clusterUid) !== clusterUid) {
      throw new OrchError(
        'Conflict',
        `the checkpoint belongs to the worker "${db.nodeName}" of the cluster ${db.clusterUid}, not to "${name}" of ${clusterUid}: give each worker a data folder of its own`,
      );
    }
    if (db.damage !== undefined) logger.warn('checkpoint was damaged', { reason: db.damage });
    db.identify(name, clusterUid);
    await this.engine.start();
    this.endStats = repeat(
      clock,
      () => settings.statsSeconds * 1000,
      () => this.collectStats(),
      (error) => logger.warn('statistics not read', { error: errorMessage(error) }),
    );
    this.refresh.start();
    this.assignments.start();
    this.node.start();
    this.tunnel.start();
  }

  /** Ends all activity and writes the checkpoint. Containers go on; a stop that is under way is taken up at the next start. */
  async stop(): Promise<void> {
    const { clock, logger } = this.options;
    this.endStats();
    this.refresh.stop();
    this.engine.stop();
    this.probes.stopAll();
    const queueEnded = this.queue.stop();
    for (const pass of this.passes.values()) pass.abort();
    const ended = Promise.all([
      queueEnded,
      this.assignments.stop(),
      this.reporter.stop(),
      this.events.stop(),
      this.node.stop(),
      this.tunnel.stop(),
    ]);
    await withDeadline(clock, stopDeadlineMilliseconds, ended, () => new Error('still busy')).catch((error: unknown) =>
      logger.warn('worker stops in the middle of its work', { error: errorMessage(error) }),
    );
    this.earlyOutput.close();
    await this.db
      .flush()
      .catch((error: unknown) => logger.error('checkpoint not written', { error: errorMessage(error) }));
  }

  /**
   * Looks at a task's state and starts or stops it: whatever has this key, a task that left first. Resolves with the
   * milliseconds after which to look again.
   */
  async runTask(key: string): Promise<number | undefined> {
    if (this.node.isFenced || !this.engine.isReady) return undefined;
    const pass = new AbortController();
    this.passes.set(key, pass);
    try {
      const wakeAt = await this.converger.converge(key, pass.signal);
      return wakeAt === Infinity ? undefined : Math.max(0, wakeAt - this.options.clock.now());
    } finally {
      this.passes.delete(key);
    }
  }

  /** Pulls, creates and starts, as the steps say. */
  async startTask(target: Target & { task: StoredTask }, steps: readonly StartStep[]): Promise<void> {
    await this.runner.startTask(target, steps);
  }

  /** Stops one container of the task, with its preStop hook and grace period. */
  async stopTask(target: Target, step: StopStep): Promise<void> {
    this.probes.stop(target.uid);
    await this.runner.stopTask(target, step);
  }

  /** Reads what the containers use, and tells what changed. */
  async collectStats(): Promise<void> {
    if (this.engine.isReady && !this.node.isFenced) await this.stats.collectStats();
  }

  private noteReported(uid: string, state: string, revision: number): void {
    const record = this.db.record(uid);
    if (!record?.finished || record.finished.state !== state || record.finished.revision !== undefined) return;
    this.db.setRecord(uid, { ...record, finished: { ...record.finished, revision } });
  }

  private markUnhealthy(uid: string, attempt: number, because: ProbeFailure, message: string): void {
    const task = this.assignments.task(uid);
    const record = this.db.record(uid);
    if (!task || !record || record.attempt !== attempt) return;
    this.db.setRecord(uid, { ...record, stopping: { attempt, because, message } });
    this.queue.add(taskKeyOf(task));
  }

  private lookAt(uid: string): void {
    const task = this.assignments.task(uid);
    if (task) this.queue.add(taskKeyOf(task));
  }

  private runningContainers(): { taskUid: string; containerId: string }[] {
    return this.db.tasks().flatMap(({ metadata: { uid } }) => {
      const container = this.view.known(uid).find(({ phase }) => phase === 'running');
      return container ? [{ taskUid: uid, containerId: container.id }] : [];
    });
  }

  private onSync(isReturn: boolean): void {
    if (isReturn) this.returnedAt = this.options.clock.monotonic();
    this.lookAtEverything();
    this.reporter.retry();
  }

  /** Whether containers still run that were replaced elsewhere while this worker was away: they are stopped first. */
  private holdsReplaced(): boolean {
    const { clock } = this.options;
    if (this.returnedAt === undefined) return true;
    if (clock.monotonic() - this.returnedAt > maxReturnMilliseconds) return false;
    const holds = this.view
      .tasks()
      .some(({ taskUid }) => this.isReplaced(taskUid) && this.view.known(taskUid).some(isAlive));
    // Once done it is done: what leaves later is no return.
    if (!holds) this.returnedAt = -Infinity;
    return holds;
  }

  private isReplaced(taskUid: string): boolean {
    return !this.assignments.task(taskUid) && !this.assignments.isKept(taskUid);
  }

  private lookAtEverything(): void {
    for (const task of this.db.tasks()) this.queue.add(taskKeyOf(task));
    this.queueAll(this.view.tasks());
    this.queueAll(this.volumes.tasks());
  }

  private queueAll(tasks: readonly { taskKey: string }[]): void {
    for (const { taskKey } of tasks) this.queue.add(taskKey);
  }
}
