import { findCondition } from '../model/conditions.js';
import type { StoredTask } from '../model/task.js';
import { demandOf, demandSignature, type TaskDemand } from '../scheduler/demand.js';
import { type Placement, placeTask } from '../scheduler/place-task.js';
import type { PickState, Scheduler, SchedulerName } from '../scheduler/scheduler.js';
import { schedulers } from '../scheduler/schedulers.js';
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
}

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
   * or undefined. Rejects after the pass with the first error, when some write failed.
   */
  async run(): Promise<number | undefined> {
    const { index } = this.options;
    const writes = new Set<Promise<void>>();
    const errors: unknown[] = [];
    let refreshes = 0;
    let comeAgain = false;
    let outdated = false;
    this.tried = this.situation();
    const start = (write: Promise<void>): void => {
      const settled: Promise<void> = write
        .catch((error: unknown) => void errors.push(error))
        .finally(() => writes.delete(settled));
      writes.add(settled);
    };
    for (const key of index.pending.keys()) {
      if (this.stopped) break;
      // The list is from the start of the pass; writes of this pass and of others have moved on since.
      const task = index.tasks.get(key);
      if (task === undefined || !waitsForWorker(task)) continue;
      const found = this.selectOnce(task);
      if (typeof found !== 'string')
        start(
          this.bind(task, found.nodeName, found.schedulerName).then((bound) => {
            outdated ||= !bound;
          }),
        );
      else {
        const due = this.explanationDue(key, task, found);
        if (due === 'later' || (due === 'refresh' && ++refreshes > refreshesPerPass)) comeAgain = true;
        else if (due !== 'no') start(this.explain(key, task, found));
      }
      while (writes.size >= writesAtOnce) await Promise.race(writes);
    }
    await Promise.all(writes);
    for (const key of this.explainedAt.keys()) if (!index.pending.has(key)) this.explainedAt.delete(key);
    if (errors.length > 0) throw errors[0];
    if (outdated) return outdatedMilliseconds;
    return comeAgain ? refreshMilliseconds : undefined;
  }

  private selectOnce(task: StoredTask): { nodeName: string; schedulerName: SchedulerName } | string {
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

  private async bind(task: StoredTask, nodeName: string, schedulerName: SchedulerName): Promise<boolean> {
    const { demand } = this.demandOf(task);
    this.options.index.state.occupy(demand, nodeName);
    let bound = false;
    try {
      bound = await this.options.bind(task, nodeName, schedulerName);
      return bound;
    } finally {
      if (!bound) this.options.index.forgetAssumption(demand.key);
    }
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

  private async explain(key: string, task: StoredTask, message: string): Promise<void> {
    this.explainedAt.set(key, this.options.clock.monotonic());
    await this.options.explain(task, message);
  }
}
