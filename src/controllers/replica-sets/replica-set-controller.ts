import { formatKey, keyOf, parseKey } from '../../model/api-object.js';
import { findCondition } from '../../model/conditions.js';
import { canonicalJson } from '../../model/json.js';
import { compileLabelSelector } from '../../model/label-selector.js';
import { nodeKind, type StoredNode } from '../../model/node.js';
import { taskKind, type StoredTask } from '../../model/task.js';
import type { Registry } from '../../registry/registry.js';
import { toTimestamp, type Clock } from '../../support/clock.js';
import { errorMessage, isOrchError } from '../../support/errors.js';
import type { Logger } from '../../support/logger.js';
import type { Random } from '../../support/random.js';
import { WorkQueue } from '../../support/work-queue.js';
import { Background } from '../background.js';
import { OwnedObjects, type Concerned } from '../deployments/owned-objects.js';
import { ReadyTimes } from '../deployments/ready-times.js';
import { changeOwner, takeStep, taskKeyOf, type ReplicaStep } from '../deployments/replica-writer.js';
import { WatchedKind } from '../watched-kind.js';
import { eventSource } from '../write-task.js';
import { planReplicas, replicaStatus, sortOwned, type OwnedReplicas } from './plan-replicas.js';
import type { ReplicaOwner, ReplicaOwnerKind } from './replica-owner.js';

export interface ReplicaSetControllerOptions {
  registry: Registry;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** Whose objects it looks after. */
  ownerKind: ReplicaOwnerKind;
}

const resyncMilliseconds = 60_000;
const stepsAtOnce = 16;

/**
 * In: ReplicaSets that users wrote (or ReplicationControllers) and tasks in the store. Out: tasks made, deleted, taken over and let
 * go, statuses; all through the registry. Always holds: level-triggered; every write of its own counts before it plans again, so
 * a watch that is late makes nothing twice; `start` builds everything again from the store.
 */
export class ReplicaSetController {
  private readonly owners = new Map<string, ReplicaOwner>();
  private readonly keysByUid = new Map<string, string>();
  private readonly tasks: OwnedObjects<StoredTask>;
  private readonly lostNodes = new Set<string>();
  /** By owner uid: names of tasks that are not its own. */
  private readonly takenNames = new Map<string, Set<string>>();
  private readonly readyTimes: ReadyTimes;
  private readonly queue: WorkQueue;
  private readonly background: Background;
  private readonly watched: readonly { start(): Promise<void>; resync(): Promise<number>; close(): void }[];

  constructor(private readonly options: ReplicaSetControllerOptions) {
    const { registry, clock, random, logger, ownerKind } = options;
    this.tasks = new OwnedObjects<StoredTask>({ ownerKind: ownerKind.kind.kind, mayBeTaken: () => true });
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
        logger.warn('a set of replicas could not be reconciled, will try again', {
          owner: key,
          error: errorMessage(error),
          retryMilliseconds: Math.round(retryMilliseconds),
        }),
    });
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
      new WatchedKind<ReplicaOwner>({
        registry,
        kind: ownerKind.kind,
        onList: (items, revision) => this.takeOwners(items, revision),
        onEvents: (events) => events.forEach(({ type, object }) => this.noteOwner(object, type === 'DELETED')),
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
    const owner = this.owners.get(key);
    if (owner === undefined) return undefined;
    let failure: { step: ReplicaStep; error: unknown } | undefined;
    if (owner.metadata.deletionTimestamp === undefined) {
      await this.settleOwners(owner);
      failure = await this.take(
        owner,
        planReplicas(owner, this.replicasOf(owner), this.takenNames.get(owner.metadata.uid)),
      );
    }
    const replicas = this.replicasOf(owner);
    const refusal = failure?.step.type === 'create' ? errorMessage(failure.error) : undefined;
    const status = replicaStatus(owner, replicas, toTimestamp(this.options.clock.now()), refusal);
    if (canonicalJson(status) !== canonicalJson(owner.status ?? null)) await this.writeStatus(owner, replicas, refusal);
    if (failure) throw failure.error;
    const waits = replicas.active.flatMap(({ availableAfterMilliseconds }) => availableAfterMilliseconds ?? []);
    return waits.length === 0 ? undefined : Math.max(1, Math.min(...waits));
  }

  private replicasOf(owner: ReplicaOwner): OwnedReplicas {
    const { uid } = owner.metadata;
    const tasks = this.tasks.ownedBy(uid);
    const readyFor = this.readyTimes.look(uid, tasks);
    return sortOwned(owner, this.options.ownerKind.selectorOf(owner), tasks, this.lostNodes, readyFor);
  }

  /** Tasks that nobody owns are taken over by one that selects them; such as it selects no more are let go. */
  private async settleOwners(owner: ReplicaOwner): Promise<void> {
    const { registry, ownerKind } = this.options;
    const selects = compileLabelSelector(ownerKind.selectorOf(owner));
    const orphans = this.tasks
      .orphansIn(owner.metadata.namespace ?? 'default')
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined && selects(metadata.labels));
    for (const [tasks, change] of [
      [orphans, 'adopt'],
      [this.replicasOf(owner).strays, 'disown'],
    ] as const) {
      for (const task of tasks) {
        const written = await changeOwner(registry, owner, task, change);
        if (written) this.tell(this.tasks.put(written));
      }
    }
  }

  /** Some at once; after the first failure no more are begun, and it is what this resolves to. */
  private async take(
    owner: ReplicaOwner,
    steps: readonly ReplicaStep[],
  ): Promise<{ step: ReplicaStep; error: unknown } | undefined> {
    const { registry } = this.options;
    for (let at = 0; at < steps.length; at += stepsAtOnce) {
      const some = steps.slice(at, at + stepsAtOnce);
      const results = await Promise.allSettled(some.map((step) => takeStep(registry, owner, step)));
      for (const result of results) if (result.status === 'fulfilled') this.noteOutcome(owner, result.value);
      const index = results.findIndex(({ status }) => status === 'rejected');
      const failed = results[index];
      if (failed?.status === 'rejected') return { step: some[index] as ReplicaStep, error: failed.reason };
    }
    // Names may have been taken, and one pass takes only so many steps.
    if (steps.length > 0) this.queue.add(formatKey(keyOf(owner)));
    return undefined;
  }

  private noteOutcome({ metadata: { uid } }: ReplicaOwner, outcome: Awaited<ReturnType<typeof takeStep>>): void {
    if (outcome.type === 'nameTaken') {
      this.takenNames.set(uid, (this.takenNames.get(uid) ?? new Set()).add(outcome.name));
    } else if (outcome.type === 'written') this.tell(this.tasks.put(outcome.task));
    else this.tell(this.tasks.remove(taskKeyOf(outcome.task), Number(outcome.task.metadata.resourceVersion)));
  }

  private async writeStatus(owner: ReplicaOwner, replicas: OwnedReplicas, refusal: string | undefined): Promise<void> {
    const { registry, clock, ownerKind } = this.options;
    const { uid, generation } = owner.metadata;
    try {
      const { object } = await registry.mutate<ReplicaOwner>(
        ownerKind.kind,
        keyOf(owner),
        (current) => {
          if (current.metadata.uid !== uid || current.metadata.generation !== generation) return undefined;
          return { ...current, status: replicaStatus(current, replicas, toTimestamp(clock.now()), refusal) };
        },
        { source: eventSource },
      );
      this.noteOwner(object, false);
    } catch (error) {
      if (!isOrchError(error, 'NotFound')) throw error;
    }
  }

  private noteOwner(owner: ReplicaOwner, isGone: boolean): void {
    const key = formatKey(keyOf(owner));
    const { uid, resourceVersion } = owner.metadata;
    const old = this.owners.get(key);
    if (old && Number(old.metadata.resourceVersion) > Number(resourceVersion)) return;
    if (isGone || !this.options.ownerKind.isActive(owner)) {
      this.owners.delete(key);
      this.keysByUid.delete(uid);
      this.takenNames.delete(uid);
      this.readyTimes.forget(uid);
      return;
    }
    this.owners.set(key, owner);
    this.keysByUid.set(uid, key);
    this.queue.add(key);
  }

  private takeOwners(items: readonly ReplicaOwner[], revision: number): void {
    const listed = new Set(items.map((item) => formatKey(keyOf(item))));
    for (const [key, owner] of this.owners) {
      const isOlder = Number(owner.metadata.resourceVersion) <= revision;
      if (isOlder && !listed.has(key)) this.noteOwner(owner, true);
    }
    for (const item of items) this.noteOwner(item, false);
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
    for (const key of this.owners.keys()) this.queue.add(key);
  }

  private tell({ owners, namespaces }: Concerned): void {
    for (const uid of owners) {
      const key = this.keysByUid.get(uid);
      if (key !== undefined) this.queue.add(key);
    }
    if (this.owners.size === 0) return;
    for (const namespace of namespaces) {
      for (const key of this.owners.keys()) if (parseKey(key).namespace === namespace) this.queue.add(key);
    }
  }
}
