import { findCondition } from '../model/conditions.js';
import type { StoredTask } from '../model/task.js';
import { demandOf, demandSignature, type TaskDemand } from '../scheduler/demand.js';
import { type Placement, placeTask } from '../scheduler/place-task.js';
import type { PickState, Scheduler, SchedulerName } from '../scheduler/scheduler.js';
import { schedulers } from '../scheduler/schedulers.js';
import { backoffDelay } from '../support/backoff.js';
import type { Clock } from '../support/clock.js';
import { type ClusterIndex, waitsForWorker } from './cluster-index.js';

export interface PlacementOptions {
  index: ClusterIndex;
  clock: Clock;
  defaultScheduler: SchedulerName;
  /** Binds the task in the store. Resolves with false when the task changed meanwhile and nothing was written. */
  bind(task: StoredTask, nodeName: string, schedulerName: SchedulerName): Promise<boolean>;
  /** Tells in the task's status why nothing fits. */
  explain(task: StoredTask, message: string): Promise<void>;
  /** A write failed; the task is tried again after so many milliseconds. */
  onError(taskKey: string, error: unknown, retryMilliseconds: number): void;
}

interface Choice {
  nodeName: string;
  schedulerName: SchedulerName;
}

const backoff = { initialMilliseconds: 500, maxMilliseconds: 60_000 };
const writesAtOnce = 64;
/** A message of which only the numbers moved is written again at most so often. */
const refreshMilliseconds = 10_000;
const refreshesPerPass = 100;
/** A task changed between the choice and its write: it is looked at again as soon as its news is in. */
const outdatedMilliseconds = 50;

/**
 * In: the tasks that wait. Out: bindings, and a sentence for each that fits nowhere. Always holds: what was promised to
 * one task is counted before the next is looked at, a task is never dropped, and one that fits nowhere holds up nobody.
 */
export class PlacementPass {
  private readonly pickStates = new Map<SchedulerName, PickState>();
  /** Demands for which there is no room, as long as none has appeared. */
  private unplaced = new Map<string, string>();
  private unplacedAt = -1;
  private readonly explainedAt = new Map<string, number>();
  /** Tasks whose last write failed. */
  private readonly heldBack = new Map<string, { failures: number; until: number }>();
  private stopped = false;
  private tried = '';
  /** Per version of a task: a pass may look at thousands of tasks, again and again. */
  private readonly demands = new WeakMap<StoredTask, { demand: TaskDemand; signature: string }>();

  constructor(private readonly options: PlacementOptions) {}

  stop(): void {
    this.stopped = true;
  }

  /** Which worker takes the task, by the cluster as it is now; or why none. Changes nothing but the turn of the nodes. */
  select(task: StoredTask): Placement & { scheduler: Scheduler } {
    const scheduler = schedulers[task.spec.schedulerName ?? this.options.defaultScheduler];
    const state = this.pickStates.get(scheduler.name) ?? {};
    const placement = placeTask(scheduler, this.demandOf(task).demand, this.options.index.state.snapshot(), state);
    if (placement.placed) this.pickStates.set(scheduler.name, placement.state);
    return { ...placement, scheduler };
  }

  /** Whether a pass might bring something: a task came or changed, or room appeared, since the last one began. */
  isWorthwhile(): boolean {
    return this.options.index.pending.length > 0 && this.tried !== this.situation();
  }

  /**
   * Looks at every waiting task once. Resolves with the milliseconds after which to come again although nothing changed,
   * or undefined. A failed write holds back its own task only.
   */
  async run(): Promise<number | undefined> {
    const { index, clock } = this.options;
    const writes = new Set<Promise<void>>();
    let refreshes = 0;
    let comeAgain = Number.POSITIVE_INFINITY;
    const again = (milliseconds: number): void => {
      comeAgain = Math.min(comeAgain, milliseconds);
    };
    this.tried = this.situation();
    for (const key of index.pending.keys()) {
      if (this.stopped) break;
      // The list is from the start of the pass; writes of this pass and of others have moved on since.
      const task = index.tasks.get(key);
      if (task === undefined || !waitsForWorker(task)) continue;
      const held = (this.heldBack.get(key)?.until ?? 0) - clock.monotonic();
      if (held > 0) {
        again(held);
        continue;
      }
      const found = this.selectOnce(task);
      let write: Promise<void> | undefined;
      if (typeof found !== 'string') write = this.bind(key, task, found, again);
      else {
        const due = this.explanationDue(key, task, found);
        if (due === 'later' || (due === 'refresh' && ++refreshes > refreshesPerPass)) again(refreshMilliseconds);
        else if (due !== 'no') write = this.explain(key, task, found, again);
      }
      if (write === undefined) continue;
      const settled: Promise<void> = write.finally(() => writes.delete(settled));
      writes.add(settled);
      while (writes.size >= writesAtOnce) await Promise.race(writes);
    }
    await Promise.all(writes);
    for (const kept of [this.explainedAt, this.heldBack]) {
      for (const key of kept.keys()) if (!index.pending.has(key)) kept.delete(key);
    }
    // Room that a failed write gave back is for those that were looked at before it did.
    if (this.isWorthwhile()) again(outdatedMilliseconds);
    return Number.isFinite(comeAgain) ? comeAgain : undefined;
  }

  private selectOnce(task: StoredTask): Choice | string {
    const { state } = this.options.index;
    if (this.unplacedAt !== state.roomRevision) {
      this.unplaced = new Map();
      this.unplacedAt = state.roomRevision;
    }
    const { signature } = this.demandOf(task);
    const known = this.unplaced.get(signature);
    if (known !== undefined) return known;
    const selected = this.select(task);
    if (selected.placed) return { nodeName: selected.node.name, schedulerName: selected.scheduler.name };
    this.unplaced.set(signature, selected.message);
    return selected.message;
  }

  private demandOf(task: StoredTask): { demand: TaskDemand; signature: string } {
    let known = this.demands.get(task);
    if (known === undefined) {
      const demand = demandOf(task);
      known = { demand, signature: demandSignature(demand) };
      this.demands.set(task, known);
    }
    return known;
  }

  private async bind(
    key: string,
    task: StoredTask,
    { nodeName, schedulerName }: Choice,
    again: (milliseconds: number) => void,
  ): Promise<void> {
    const { index } = this.options;
    index.state.occupy(this.demandOf(task).demand, nodeName);
    let bound = false;
    try {
      bound = await this.options.bind(task, nodeName, schedulerName);
      this.heldBack.delete(key);
      if (!bound) again(outdatedMilliseconds);
    } catch (error) {
      again(this.holdBack(key, error));
    } finally {
      if (!bound) index.forgetAssumption(key);
    }
  }

  private async explain(
    key: string,
    task: StoredTask,
    message: string,
    again: (milliseconds: number) => void,
  ): Promise<void> {
    this.explainedAt.set(key, this.options.clock.monotonic());
    try {
      await this.options.explain(task, message);
    } catch (error) {
      again(this.holdBack(key, error));
    }
  }

  /** Lets the tasks behind it have the room that it cannot take. */
  private holdBack(key: string, error: unknown): number {
    const failures = (this.heldBack.get(key)?.failures ?? 0) + 1;
    const delay = backoffDelay(backoff, failures);
    this.heldBack.set(key, { failures, until: this.options.clock.monotonic() + delay });
    this.options.onError(key, error, delay);
    return delay;
  }

  private situation(): string {
    const { state, pending } = this.options.index;
    return `${state.roomRevision}/${pending.revision}`;
  }

  private explanationDue(key: string, task: StoredTask, message: string): 'no' | 'now' | 'refresh' | 'later' {
    const condition = findCondition(task.status?.conditions, 'Scheduled');
    if (condition?.status !== 'False' || condition.reason !== 'Unschedulable') return 'now';
    if (task.status?.message === message) return 'no';
    const last = this.explainedAt.get(key);
    return last === undefined || this.options.clock.monotonic() - last >= refreshMilliseconds ? 'refresh' : 'later';
  }
}
