import { formatKey, keyOf, parseKey } from '../../model/api-object.js';
import { findCondition } from '../../model/conditions.js';
import { deploymentKind, type DeploymentStatus, type StoredDeployment } from '../../model/deployment.js';
import { canonicalJson } from '../../model/json.js';
import { compileLabelSelector } from '../../model/label-selector.js';
import { nodeKind, type StoredNode } from '../../model/node.js';
import { type StoredTask, taskKind } from '../../model/task.js';
import type { Registry } from '../../registry/registry.js';
import type { Clock } from '../../support/clock.js';
import { errorMessage, isOrchError } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import type { Random } from '../../support/random.js';
import { WorkQueue } from '../../support/work-queue.js';
import { Background } from '../background.js';
import { WatchedKind } from '../watched-kind.js';
import { eventSource } from '../write-task.js';
import { DeploymentEvents } from './deployment-events.js';
import { OwnedObjects, type Concerned } from './owned-objects.js';
import { planRollout, type RolloutStep } from './plan-rollout.js';
import { ReadyTimes } from './ready-times.js';
import { changeOwner, takeStep, taskKeyOf } from './replica-writer.js';
import { sortReplicas, type Replicas } from './replicas.js';
import { RevisionKeeper } from './revision-keeper.js';
import { rolloutStatus } from './rollout-status.js';

export interface DeploymentControllerOptions {
  registry: Registry;
  clock: Clock;
  random: Random;
  logger: Logger;
}

interface FailedStep {
  step: RolloutStep;
  error: unknown;
}

const resyncMilliseconds = 60_000;
const stepsAtOnce = 16;

/**
 * In: Deployments, their tasks and history in the store. Out: tasks made and deleted, history, statuses; all through the registry, for the
 * manager and the workers to act on. Always holds: level-triggered; every write of its own counts before it plans again, so
 * a watch that is late makes nothing twice; `start` builds everything again from the store.
 */
export class DeploymentController {
  private readonly deployments = new Map<string, StoredDeployment>();
  private readonly keysByUid = new Map<string, string>();
  private readonly tasks = new OwnedObjects<StoredTask>();
  private readonly lostNodes = new Set<string>();
  /** By Deployment uid: names of tasks that are not its own. */
  private readonly takenNames = new Map<string, Set<string>>();
  private readonly readyTimes: ReadyTimes;
  private readonly revisions: RevisionKeeper;
  private readonly events: DeploymentEvents;
  private readonly queue: WorkQueue;
  private readonly background: Background;
  private readonly watched: readonly { start(): Promise<void>; resync(): Promise<number>; close(): void }[];

  constructor(private readonly options: DeploymentControllerOptions) {
    const { registry, clock, random, logger } = options;
    this.readyTimes = new ReadyTimes(clock);
    this.background = new Background(clock, (error) =>
      logger.warn('resync failed, the next one tries again', { error: errorMessage(error) }),
    );
    this.queue = new WorkQueue({
      clock,
      random: () => random.next(),
      concurrency: 4,
      process: (key) => this.reconcile(key),
      onError: (key, error, retryMilliseconds) =>
        logger.warn('a deployment could not be reconciled, will try again', {
          deployment: key,
          error: errorMessage(error),
          retryMilliseconds: Math.round(retryMilliseconds),
        }),
    });
    this.events = new DeploymentEvents(registry);
    this.revisions = new RevisionKeeper(registry, (concerned) => this.tell(concerned));
    this.watched = [
      new WatchedKind<StoredNode>({
        registry,
        kind: nodeKind,
        onList: (items) => this.takeNodes(items),
        onEvents: (events) => events.forEach(({ type, object }) => this.noteNode(object, type === 'DELETED')),
      }),
      new WatchedKind<StoredTask>({
        registry,
        kind: taskKind,
        onList: (items, revision) => this.takeTasks(items, revision),
        onEvents: (events) => {
          for (const { type, object, revision } of events) {
            const key = taskKeyOf(object);
            this.tell(type === 'DELETED' ? this.tasks.remove(key, revision) : this.tasks.put(object, revision));
          }
        },
      }),
      this.revisions.watched,
      new WatchedKind<StoredDeployment>({
        registry,
        kind: deploymentKind,
        onList: (items, revision) => this.takeDeployments(items, revision),
        onEvents: (events) => events.forEach(({ type, object }) => this.noteDeployment(object, type === 'DELETED')),
      }),
    ];
  }

  async start(): Promise<void> {
    for (const kind of this.watched) await kind.start();
    this.background.every(resyncMilliseconds, async () => {
      for (const kind of this.watched) await kind.resync();
    });
  }

  /** Begins nothing new; resolves when what is under way has ended. Leaves no timer behind. */
  async stop(): Promise<void> {
    for (const kind of this.watched) kind.close();
    await this.queue.stop();
    await this.background.stop();
  }

  private async reconcile(key: string): Promise<number | undefined> {
    const deployment = this.deployments.get(key);
    if (deployment === undefined) return undefined;
    const { uid, deletionTimestamp } = deployment.metadata;
    let failure: FailedStep | undefined;
    let history: PromiseSettledResult<void> | undefined;
    if (deletionTimestamp === undefined) {
      await this.settleOwners(deployment);
      const replicas = this.replicasOf(deployment);
      const records = this.revisions.recordsOf(deployment);
      this.events.expect(deployment, records, replicas);
      const plan = planRollout(deployment, replicas, records, this.takenNames.get(uid));
      // Before its first task, or a template could come out and leave no trace. Yet no history holds up a rollout.
      [history] = await Promise.allSettled([this.revisions.keep(deployment, replicas, plan.sizes)]);
      const isToldOf = (step: RolloutStep): boolean =>
        history?.status === 'fulfilled' || step.type === 'delete' || !step.isOfOlderTemplate;
      const steps = plan.steps.filter(isToldOf);
      failure = await this.take(deployment, replicas, steps);
    }
    const now = this.options.clock.now();
    const refusal = failure?.step.type === 'create' ? errorMessage(failure.error) : undefined;
    if (refusal !== undefined) await this.events.tellRefusal(deployment, refusal);
    const { status, againAfterMilliseconds } = rolloutStatus(deployment, this.replicasOf(deployment), now, refusal);
    if (canonicalJson(status) !== canonicalJson(deployment.status)) await this.writeStatus(deployment, status);
    if (failure) throw failure.error;
    if (history?.status === 'rejected') throw history.reason;
    return againAfterMilliseconds;
  }

  private replicasOf(deployment: StoredDeployment): Replicas {
    const tasks = this.tasks.ownedBy(deployment.metadata.uid);
    const readyFor = this.readyTimes.look(deployment.metadata.uid, tasks);
    return sortReplicas(deployment, tasks, this.lostNodes, readyFor, this.revisions.hashOf(deployment));
  }

  /** Tasks that a Deployment left behind are taken over by one that selects them; such as it selects no more are let go. */
  private async settleOwners(deployment: StoredDeployment): Promise<void> {
    const { registry } = this.options;
    const selects = compileLabelSelector(deployment.spec.selector);
    const orphans = this.tasks
      .orphansIn(deployment.metadata.namespace ?? 'default')
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined && selects(metadata.labels));
    const { strays } = this.replicasOf(deployment);
    for (const [tasks, change] of [
      [orphans, 'adopt'],
      [strays, 'disown'],
    ] as const) {
      for (const task of tasks) {
        const written = await changeOwner(registry, deployment, task, change);
        if (written) this.tell(this.tasks.put(written));
      }
    }
  }

  /** Some at once; after the first failure no more are begun, and it is what this resolves to. */
  private async take(
    deployment: StoredDeployment,
    replicas: Replicas,
    steps: readonly RolloutStep[],
  ): Promise<FailedStep | undefined> {
    const { registry, logger } = this.options;
    const taken: RolloutStep[] = [];
    let failure: FailedStep | undefined;
    for (let at = 0; at < steps.length && !failure; at += stepsAtOnce) {
      const some = steps.slice(at, at + stepsAtOnce);
      const results = await Promise.allSettled(some.map((step) => takeStep(registry, deployment, step)));
      for (const [index, result] of results.entries()) {
        const step = some[index] as RolloutStep;
        if (result.status === 'rejected') {
          failure ??= { step, error: result.reason };
          continue;
        }
        const outcome = result.value;
        if (outcome.type !== 'nameTaken') taken.push(step);
        if (outcome.type === 'nameTaken') this.noteTakenName(deployment, outcome.name);
        else if (outcome.type === 'written') this.tell(this.tasks.put(outcome.task));
        else this.tell(this.tasks.remove(taskKeyOf(outcome.task), Number(outcome.task.metadata.resourceVersion)));
      }
    }
    if (taken.length > 0) await this.events.tellSteps(deployment, replicas, taken);
    if (failure || steps.length === 0) return failure;
    const created = steps.filter(({ type }) => type === 'create').length;
    const key = formatKey(keyOf(deployment));
    logger.info('deployment reconciled', { deployment: key, created, deleted: steps.length - created });
    this.queue.add(key);
    return undefined;
  }

  private async writeStatus(deployment: StoredDeployment, status: DeploymentStatus): Promise<void> {
    const { uid, generation } = deployment.metadata;
    try {
      const { object } = await this.options.registry.mutate<StoredDeployment>(
        deploymentKind,
        keyOf(deployment),
        ({ metadata, ...current }) =>
          metadata.uid === uid && metadata.generation === generation ? { ...current, metadata, status } : undefined,
        { source: eventSource },
      );
      this.noteDeployment(object, false);
    } catch (error) {
      if (!isOrchError(error, 'NotFound')) throw error;
    }
  }

  private noteTakenName({ metadata }: StoredDeployment, name: string): void {
    this.takenNames.set(metadata.uid, (this.takenNames.get(metadata.uid) ?? new Set()).add(name));
  }

  private noteDeployment(deployment: StoredDeployment, isGone: boolean): void {
    const key = formatKey(keyOf(deployment));
    const { uid, resourceVersion } = deployment.metadata;
    const old = this.deployments.get(key);
    if (old && Number(old.metadata.resourceVersion) > Number(resourceVersion)) return;
    if (isGone) {
      this.deployments.delete(key);
      this.keysByUid.delete(uid);
      this.takenNames.delete(uid);
      this.readyTimes.forget(uid);
      this.events.forget(uid);
    } else {
      this.deployments.set(key, deployment);
      this.keysByUid.set(uid, key);
    }
    this.queue.add(key);
  }

  private takeDeployments(items: readonly StoredDeployment[], revision: number): void {
    const listed = new Set(items.map((item) => formatKey(keyOf(item))));
    for (const [key, deployment] of this.deployments) {
      const isOlder = Number(deployment.metadata.resourceVersion) <= revision;
      if (isOlder && !listed.has(key)) this.noteDeployment(deployment, true);
    }
    for (const item of items) this.noteDeployment(item, false);
  }

  private takeTasks(items: readonly StoredTask[], revision: number): void {
    const listed = new Set(items.map(taskKeyOf));
    for (const key of this.tasks.keys()) if (!listed.has(key)) this.tell(this.tasks.remove(key, revision));
    for (const item of items) this.tell(this.tasks.put(item, revision));
  }

  private takeNodes(items: readonly StoredNode[]): void {
    const listed = new Set(items.map(({ metadata }) => metadata.name));
    for (const name of [...this.lostNodes]) if (!listed.has(name)) this.lostNodes.delete(name);
    for (const item of items) this.noteNode(item, false);
  }

  /** Of tasks on a worker that does not answer nobody knows whether they are ready. */
  private noteNode({ metadata, status }: StoredNode, isGone: boolean): void {
    const isLost = !isGone && findCondition(status?.conditions, 'Ready')?.status === 'Unknown';
    if (isLost === this.lostNodes.has(metadata.name)) return;
    if (isLost) this.lostNodes.add(metadata.name);
    else this.lostNodes.delete(metadata.name);
    for (const key of this.deployments.keys()) this.queue.add(key);
  }

  private tell({ owners, namespaces }: Concerned): void {
    for (const uid of owners) {
      const key = this.keysByUid.get(uid);
      if (key !== undefined) this.queue.add(key);
    }
    for (const namespace of namespaces) {
      for (const key of this.deployments.keys()) if (parseKey(key).namespace === namespace) this.queue.add(key);
    }
  }
}
