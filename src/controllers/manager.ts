import { formatKey, keyOf } from '../model/api-object.js';
import { nodeKind, type StoredNode } from '../model/node.js';
import { type StoredTask, taskKind } from '../model/task.js';
import type { ObjectEvent, Registry } from '../registry/registry.js';
import type { Placement } from '../scheduler/place-task.js';
import type { SchedulerName } from '../scheduler/scheduler.js';
import type { Clock } from '../support/clock.js';
import { errorMessage } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import { WorkQueue } from '../support/work-queue.js';
import { Background } from './background.js';
import { ClusterIndex, type IndexChange } from './cluster-index.js';
import { EvictionGate } from './eviction-gate.js';
import { NodeController } from './node-controller.js';
import { PlacementPass } from './placement-pass.js';
import { TaskController } from './task-controller.js';
import { EventDb, TaskDb } from './task-db.js';
import { WatchedKind } from './watched-kind.js';
import { writeTask } from './write-task.js';

export interface ManagerSettings {
  /** A worker that is silent for longer is not ready. */
  nodeGraceSeconds?: number;
  /** How long a task stays with a worker that is not ready, unless it says so itself. */
  notReadyTolerationSeconds?: number;
  /** For tasks that name no scheduler. */
  scheduler?: SchedulerName;
}

export interface ManagerOptions {
  registry: Registry;
  clock: Clock;
  random: Random;
  logger: Logger;
  settings?: ManagerSettings;
}

const resyncMilliseconds = 60_000;
const nodeWriteDelayMilliseconds = 500;
const placementKey = 'placement';
const judgeKey = 'judge';

/**
 * In: tasks and nodes in the store, heartbeats. Out: bindings, moves, reasons, node conditions; all written through the
 * registry. Always holds: level-triggered (the store's present content decides, events only say when to look), each write
 * is for the very version that was looked at, nothing is lost when this process is: `start` builds all of it again.
 */
const defaultNodeGraceSeconds = 40;

export class Manager {
  readonly taskDb: TaskDb;
  readonly eventDb: EventDb;
  private readonly index: ClusterIndex;
  private readonly nodeController: NodeController;
  private readonly taskController: TaskController;
  private readonly placement: PlacementPass;
  private readonly queue: WorkQueue;
  private readonly tasks: WatchedKind<StoredTask>;
  private readonly nodes: WatchedKind<StoredNode>;
  private readonly background: Background;
  private reconciles = 0;

  constructor(private readonly options: ManagerOptions) {
    const { registry, clock, random, logger, settings = {} } = options;
    this.index = new ClusterIndex(clock);
    const gate = new EvictionGate();
    this.background = new Background(clock, (error) =>
      logger.warn('resync failed, the next one tries again', { error: errorMessage(error) }),
    );
    this.taskDb = new TaskDb(registry);
    this.eventDb = new EventDb(registry);
    this.nodeController = new NodeController({
      registry,
      clock,
      logger,
      index: this.index,
      gate,
      graceMilliseconds: (settings.nodeGraceSeconds ?? defaultNodeGraceSeconds) * 1000,
      onChanged: (names) => this.lookAtNodes(names),
      onWritten: (node) => {
        this.note(this.index.putNode(node, clock.monotonic()));
        this.considerPlacement();
      },
    });
    this.taskController = new TaskController({
      registry,
      clock,
      index: this.index,
      gate,
      nodes: this.nodeController,
      notReadyTolerationMilliseconds: (settings.notReadyTolerationSeconds ?? 300) * 1000,
      onWritten: (task) => {
        this.note(this.index.putTask(task));
        this.considerPlacement();
      },
    });
    this.placement = new PlacementPass({
      index: this.index,
      clock,
      defaultScheduler: settings.scheduler ?? 'spread',
      bind: (task, nodeName, schedulerName) => this.sendWork(task, nodeName, schedulerName),
      explain: (task, message) => this.taskController.explain(task, message),
      onError: (task, error, retryMilliseconds) =>
        logger.warn('a waiting task could not be written', { task, error: errorMessage(error), retryMilliseconds }),
    });
    this.queue = new WorkQueue({
      clock,
      random: () => random.next(),
      concurrency: 16,
      process: (key) => this.reconcile(key),
      onError: (key, error, retryMilliseconds) =>
        logger.warn('reconcile failed, will try again', {
          key,
          error: errorMessage(error),
          retryMilliseconds: Math.round(retryMilliseconds),
        }),
    });
    this.nodes = new WatchedKind<StoredNode>({
      registry,
      kind: nodeKind,
      onList: (items, revision) => this.takeNodeList(items, revision),
      onEvents: (events) => this.updateNodes(events),
    });
    this.tasks = new WatchedKind<StoredTask>({
      registry,
      kind: taskKind,
      onList: (items, revision) => this.takeTaskList(items, revision),
      onEvents: (events) => this.updateTasks(events),
    });
  }

  /** Builds all indexes from the store and begins to work. Every node gets a full grace from now. */
  async start(): Promise<void> {
    await this.nodes.start();
    await this.tasks.start();
    this.background.every(this.nodeController.judgeEveryMilliseconds, () => this.nodeController.judge());
    this.background.every(resyncMilliseconds, () => this.resync());
    this.queue.add(placementKey);
    this.options.logger.info('manager started', { nodes: this.index.nodes.size, tasks: this.index.tasks.size });
  }

  /** Begins nothing new; resolves when what is under way has ended. Leaves no timer behind. */
  async stop(): Promise<void> {
    this.tasks.close();
    this.nodes.close();
    this.placement.stop();
    await this.queue.stop();
    await this.background.stop();
  }

  /** A quarter of the grace: three beats in a row may get lost. */
  get heartbeatPeriodSeconds(): number {
    return (this.options.settings?.nodeGraceSeconds ?? defaultNodeGraceSeconds) / 4;
  }

  /** A sign of life of a worker. 'conflict': another live session has this name, so this one must not act. */
  beat(nodeName: string, sessionId: string): 'ok' | 'conflict' {
    const { answer, isNews } = this.nodeController.heartbeats.beat(nodeName, sessionId, this.options.clock.monotonic());
    // Many workers may come at once: one judgement serves them all.
    if (isNews) this.queue.add(judgeKey);
    return answer;
  }

  /** Keys of the tasks that wait for a worker, in the order in which they are placed. */
  get pending(): readonly string[] {
    return this.index.pending.keys();
  }

  /** Names of all workers. */
  get workers(): readonly string[] {
    return [...this.index.nodes.keys()].sort();
  }

  /** Worker -> keys of its tasks. Built from the store, never a second truth. */
  get workerTaskMap(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.index.workerTaskMap;
  }

  /** Key of a task -> its worker. */
  get taskWorkerMap(): ReadonlyMap<string, string> {
    return this.index.taskWorkerMap;
  }

  /** Runs the task's scheduler over the cluster as it is: a worker, or the sentence that says why none. */
  selectWorker(task: StoredTask): Placement {
    return this.placement.select(task);
  }

  /**
   * Binds the task to the worker: one transaction that holds only if the task is still as it was looked at and names no
   * node. Resolves with false when it does not. The worker learns of it by its watch.
   */
  async sendWork(task: StoredTask, nodeName: string, schedulerName: SchedulerName = 'spread'): Promise<boolean> {
    if (task.spec.nodeName) return false;
    const { registry, clock, logger } = this.options;
    const written = await writeTask(registry, clock, task, { type: 'bind', nodeName, schedulerName });
    if (written === undefined) return false;
    logger.info('task placed', { task: formatKey(keyOf(task)), node: nodeName, scheduler: schedulerName });
    this.note(this.index.putTask(written));
    return true;
  }

  /** Takes in what the store says of tasks: what users want and what workers report. */
  updateTasks(events: readonly ObjectEvent<StoredTask>[]): void {
    for (const { type, object, revision } of events) {
      if (type === 'DELETED') this.note(this.index.removeTask(formatKey(keyOf(object)), revision));
      else this.note(this.index.putTask(object, revision));
    }
    this.considerPlacement();
  }

  private updateNodes(events: readonly ObjectEvent<StoredNode>[]): void {
    const now = this.options.clock.monotonic();
    for (const { type, object, revision } of events) {
      const { name } = object.metadata;
      if (type === 'DELETED') {
        this.nodeController.heartbeats.forget(name);
        this.note(this.index.removeNode(name, revision));
      } else {
        this.nodeController.heartbeats.expect(name, now);
        this.note(this.index.putNode(object, now, revision));
      }
    }
    this.considerPlacement();
  }

  private takeNodeList(items: StoredNode[], revision: number): void {
    const now = this.options.clock.monotonic();
    const listed = new Set(items.map(({ metadata }) => metadata.name));
    for (const name of [...this.index.nodes.keys()]) {
      if (!listed.has(name)) this.note(this.index.removeNode(name, revision));
    }
    for (const node of items) {
      this.nodeController.heartbeats.expect(node.metadata.name, now);
      this.note(this.index.putNode(node, now, revision));
    }
  }

  private takeTaskList(items: StoredTask[], revision: number): void {
    const listed = new Set(items.map((task) => formatKey(keyOf(task))));
    for (const key of [...this.index.tasks.keys()]) {
      if (!listed.has(key)) this.note(this.index.removeTask(key, revision));
    }
    for (const task of items) this.note(this.index.putTask(task, revision));
  }

  /** Looks at everything again, whatever the events said. */
  private async resync(): Promise<void> {
    await this.nodes.resync();
    await this.tasks.resync();
    for (const [key, task] of this.index.tasks) if (this.taskController.isDue(task)) this.queue.add(taskKey(key));
    for (const name of this.index.nodes.keys()) this.queue.add(nodeKey(name));
    this.queue.add(placementKey);
  }

  private note({ tasks, nodes }: IndexChange): void {
    for (const key of tasks) {
      const task = this.index.tasks.get(key);
      if (task !== undefined && this.taskController.isDue(task)) this.queue.add(taskKey(key));
    }
    // Many tasks of one node change at about the same time: one write tells of them all.
    for (const name of nodes) this.queue.addAfter(nodeKey(name), nodeWriteDelayMilliseconds);
  }

  private considerPlacement(): void {
    if (this.placement.isWorthwhile()) this.queue.add(placementKey);
  }

  private lookAtNodes(names: readonly string[]): void {
    for (const name of names) {
      this.queue.add(nodeKey(name));
      for (const key of this.index.tasksOf(name)) this.queue.add(taskKey(key));
    }
  }

  private async reconcile(key: string): Promise<number | undefined> {
    const reconcileId = ++this.reconciles;
    const logger = this.options.logger.with({ reconcileId });
    if (key === placementKey) return this.placement.run();
    if (key === judgeKey) {
      this.nodeController.judge();
      return undefined;
    }
    const name = key.slice(key.indexOf(':') + 1);
    if (key.startsWith('task:')) return this.taskController.reconcile(name, logger);
    await this.nodeController.reconcile(name, logger);
    return undefined;
  }
}

function taskKey(key: string): string {
  return `task:${key}`;
}

function nodeKey(name: string): string {
  return `node:${name}`;
}
