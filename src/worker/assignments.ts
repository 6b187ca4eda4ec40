/**
 * Which tasks are this worker's. In: the watch of tasks with its name, the checkpoint, the manager's answers; out: the
 * tasks to keep, and for those that left, whether the manager confirmed it. Always holds: a task that is missing from a
 * list, or whose manager is away, belongs to another cluster or lost its past, stays; only the answer to a question for
 * that very task releases it. A store that was restored from a backup gives such an answer only for what it has assigned
 * since, or once somebody accepted the restore.
 */
import type { Client } from '../client/client.js';
import { createInformer } from '../client/informer.js';
import type { Informer, InformerEvent, InformerSync } from '../client/informer.js';
import { objectPath } from '../client/resource-path.js';
import { keyOf, parseKey } from '../model/api-object.js';
import type { StoredTask, Task } from '../model/task.js';
import { taskKind } from '../model/task.js';
import type { Clock } from '../support/clock.js';
import { isOrchError, OrchError } from '../support/errors.js';
import type { Random } from '../support/random.js';
import { KeptTasks, type KeptTasksOptions } from './kept-tasks.js';
import { revisionOf, taskKeyOf } from './task-key.js';
import { managerRelistMilliseconds } from './worker-settings.js';

/** Why nothing that the manager says is acted upon. */
export interface Distrust {
  reason: 'StoreRewound' | 'OtherCluster';
  message: string;
}

export interface AssignmentsOptions extends KeptTasksOptions {
  client: Client;
  nodeName: string;
  clusterUid: string;
  clock: Clock;
  random: Random;
  /** Something about the task with this key may have changed; `urgent`: what is being done for it may be wrong now. */
  onChange(taskKey: string, urgent: boolean): void;
  /** A complete list was taken in. `isReturn`: for the first time, or after the manager was away for long. */
  onSync(isReturn: boolean): void;
  onDistrust(distrust: Distrust | undefined): void;
}

export class Assignments {
  private readonly informer: Informer<Task>;
  private readonly absent = new Set<string>();
  private readonly told = new Set<string>();
  private readonly released = new Map<string, { graceSeconds?: number }>();
  private readonly kept: KeptTasks;
  private distrust: Distrust | undefined;
  /** What had been seen when the list was asked for: what a status write tells meanwhile, no list on its way can know. */
  private revisionAtListing = 0;

  constructor(private readonly options: AssignmentsOptions) {
    const { client, nodeName, clock, random, logger } = options;
    this.kept = new KeptTasks(options);
    this.informer = createInformer<Task>({
      client,
      kind: taskKind,
      options: { fieldSelector: `spec.nodeName=${nodeName}` },
      clock,
      random,
      logger,
      relistMilliseconds: managerRelistMilliseconds,
      onListing: () => (this.revisionAtListing = options.checkpoint.revision),
      acceptList: (sync, items) => this.accepts(sync, items),
      onEvent: (event) => this.onEvent(event),
      onSync: (sync) => this.onSync(sync),
    });
  }

  start(): void {
    this.informer.start();
  }

  stop(): Promise<void> {
    return this.informer.stop();
  }

  get hasSynced(): boolean {
    return this.informer.hasSynced;
  }

  get isTrusted(): boolean {
    return this.distrust === undefined;
  }

  get count(): number {
    return this.options.checkpoint.tasks().length - this.absent.size;
  }

  /** The task, if it is to run here as far as is known. */
  task(uid: string): StoredTask | undefined {
    return this.absent.has(uid) ? undefined : this.options.checkpoint.task(uid);
  }

  /** Whether the manager has told of the task since this worker started; otherwise it is as the checkpoint has it. */
  isTold(uid: string): boolean {
    return this.told.has(uid);
  }

  /** How a task that left was released; undefined while the manager was not asked. */
  release(uid: string): { confirmed: boolean; graceSeconds?: number } | undefined {
    if (this.kept.has(uid)) return { confirmed: false };
    const release = this.released.get(uid);
    return release && { confirmed: true, ...release };
  }

  /** Whether it goes on although the store of the manager, restored from a backup, does not know it. */
  isKept(uid: string): boolean {
    return this.kept.has(uid);
  }

  /** Somebody decided that what this restore does not know may go: each is asked for once more. */
  acceptRestore(restoreUid: string): void {
    for (const { uid, taskKey } of this.kept.accept(restoreUid)) {
      if (this.options.checkpoint.task(uid)) this.absent.add(uid);
      this.options.onChange(taskKey, true);
    }
  }

  /** Takes in a version of an assigned task that came back from a write. */
  take(task: StoredTask): void {
    const { checkpoint } = this.options;
    const known = checkpoint.task(task.metadata.uid);
    if (!known || revisionOf(known) >= revisionOf(task)) return;
    checkpoint.sawRevision(revisionOf(task));
    checkpoint.setTask(task);
    this.told.add(task.metadata.uid);
    if (!this.absent.has(task.metadata.uid) && isUrgent(known, task)) this.options.onChange(taskKeyOf(task), true);
  }

  forget(uid: string): void {
    this.absent.delete(uid);
    this.told.delete(uid);
    this.released.delete(uid);
    this.kept.letGo(uid);
    this.options.checkpoint.forget(uid);
  }

  /**
   * Asks the manager whether the task is gone from here. Afterwards `task` has it again, or `release` is confirmed.
   * Rejects with ServiceUnavailable when there is no answer to be trusted: then nothing changes.
   */
  async askTombstone(uid: string, taskKey: string): Promise<void> {
    const { client, nodeName, clusterUid, checkpoint, logger } = this.options;
    if (!this.hasSynced || this.distrust) throw unanswered('no list of this cluster was taken in yet');
    const { revision } = checkpoint;
    const {
      resourceVersion,
      restoreUid,
      clusterUid: answering,
    } = await client.list<Task>(taskKind, {
      fieldSelector: `spec.nodeName=${nodeName}`,
      limit: 1,
    });
    const isOther = answering !== clusterUid || (restoreUid !== undefined && restoreUid !== checkpoint.restoreUid);
    if (isOther || Number(resourceVersion) < revision) {
      throw unanswered('the manager that answers is of another store, or older than what was seen');
    }
    const response = await client.request({ method: 'GET', path: objectPath(taskKind, parseKey(taskKey)) });
    const text = await response.text();
    if (response.headers['x-orch-cluster-uid'] !== clusterUid) throw unanswered('another cluster answers');
    if (response.status !== 200 && response.status !== 404) throw unanswered(`the answer was ${response.status}`);
    const found = response.status === 200 ? (JSON.parse(text) as StoredTask) : undefined;
    if (found?.metadata.uid === uid && found.spec.nodeName === nodeName) {
      this.absent.delete(uid);
      this.told.add(uid);
      checkpoint.setTask(found);
      // The list that it was missing from was wrong: about others too, perhaps.
      this.informer.relistSoon();
      return;
    }
    if (this.kept.isDoubted(uid)) {
      this.kept.keep(uid, taskKey);
      // What is remembered of it is looked after as before.
      this.absent.delete(uid);
      return;
    }
    const { metadata, spec } = checkpoint.task(uid) ?? {};
    // Before this worker said that its container is gone, only a deletion by force ends what is being deleted.
    const graceSeconds = metadata?.deletionTimestamp === undefined ? spec?.terminationGracePeriodSeconds : 0;
    this.released.set(uid, graceSeconds === undefined ? {} : { graceSeconds });
    logger.info('task is not on this worker any more', { task: taskKey, taskUid: uid, isGone: found === undefined });
  }

  /** Tells the manager that nothing of a deleted task is left here. Done already is as good. */
  async confirmDeletion(task: StoredTask): Promise<void> {
    if (this.distrust) throw unanswered('the manager is not trusted');
    try {
      await this.options.client.delete(taskKind, keyOf(task), { uid: task.metadata.uid, gracePeriodSeconds: 0 });
    } catch (error) {
      if (!isOrchError(error, 'NotFound') && !isOrchError(error, 'Conflict')) throw error;
    }
  }

  private accepts(sync: InformerSync, items: readonly StoredTask[]): boolean {
    const { checkpoint, clusterUid, logger } = this.options;
    const revision = Number(sync.resourceVersion);
    if (sync.clusterUid !== clusterUid) {
      this.setDistrust({
        reason: 'OtherCluster',
        message: `the manager serves the cluster ${sync.clusterUid}, this worker belongs to ${clusterUid}: its containers stay as they are`,
      });
      return false;
    }
    const { restoreUid } = sync;
    if (restoreUid !== undefined && restoreUid !== checkpoint.restoreUid) {
      logger.warn('the store of the manager was restored from a backup', { restoreUid, revision });
      this.kept.clear();
      checkpoint.meetRestore(restoreUid, revision);
    }
    if (revision < this.revisionAtListing || checkpoint.isRewound) {
      const listed = new Set(items.map((item) => item.metadata.uid));
      const lost = checkpoint
        .tasks()
        .filter((task) => !listed.has(task.metadata.uid) && !task.metadata.deletionTimestamp);
      if (lost.length > 0) {
        checkpoint.setRewound();
        this.setDistrust({
          reason: 'StoreRewound',
          message:
            `the store of the manager went back in time (revision ${checkpoint.revision} was seen before) and does not know ` +
            `${lost.slice(0, 3).map(taskKeyOf).join(', ')}${lost.length > 3 ? ` and ${lost.length - 3} more` : ''}: ` +
            'all containers stay; remove the checkpoint of this worker to let them go',
        });
        return false;
      }
      logger.warn('the store of the manager is older than before, no task was lost', { revision });
      checkpoint.resetRevision(revision);
      for (const item of items) checkpoint.setTask(item);
    }
    this.setDistrust(undefined);
    return true;
  }

  private onEvent({ type, object }: InformerEvent<Task>): void {
    const { checkpoint, nodeName } = this.options;
    const { uid } = object.metadata;
    checkpoint.sawRevision(revisionOf(object));
    if (type === 'DELETED' || object.spec.nodeName !== nodeName) {
      // Gone, moved, or only missing from a list: what it is, the manager says when asked.
      if (checkpoint.task(uid)) this.absent.add(uid);
      this.options.onChange(taskKeyOf(object), true);
      return;
    }
    const known = checkpoint.task(uid);
    if (!known || revisionOf(object) >= revisionOf(known)) checkpoint.setTask(object);
    // One that comes back while its container is being stopped waits for that: it begins anew then.
    const wasHere = known !== undefined && !this.absent.has(uid);
    this.absent.delete(uid);
    this.told.add(uid);
    this.released.delete(uid);
    checkpoint.setAssigned(uid);
    this.kept.letGo(uid);
    this.options.onChange(taskKeyOf(object), wasHere && isUrgent(known, object));
  }

  private onSync(sync: InformerSync): void {
    const { checkpoint, logger } = this.options;
    checkpoint.sawRevision(Number(sync.resourceVersion));
    const listed = new Set(this.informer.list().map((task) => task.metadata.uid));
    const missing = checkpoint.tasks().filter(({ metadata: { uid } }) => !listed.has(uid) && !this.kept.has(uid));
    const known = checkpoint.tasks().length;
    if (missing.length > 3 && missing.length * 2 > known) {
      logger.warn('most tasks are missing from the list: each is asked for by itself', {
        missing: missing.length,
        known,
      });
    }
    for (const task of missing) {
      this.absent.add(task.metadata.uid);
      this.options.onChange(taskKeyOf(task), true);
    }
    this.options.onSync(sync.isRegular !== true);
  }

  private setDistrust(distrust: Distrust | undefined): void {
    if (distrust?.reason === this.distrust?.reason && distrust?.message === this.distrust?.message) return;
    this.distrust = distrust;
    this.options.onDistrust(distrust);
  }
}

/** Whether work on the older version, a pull or a stop with much grace, is not to be waited for. */
function isUrgent(previous: StoredTask, next: StoredTask): boolean {
  return (
    previous.metadata.deletionTimestamp !== next.metadata.deletionTimestamp ||
    previous.metadata.deletionGracePeriodSeconds !== next.metadata.deletionGracePeriodSeconds ||
    previous.metadata.generation !== next.metadata.generation
  );
}

function unanswered(message: string): OrchError {
  return new OrchError('ServiceUnavailable', message);
}
