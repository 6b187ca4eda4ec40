import { formatKey, keyOf } from '../model/api-object.js';
import { canonicalJson } from '../model/json.js';
import { notReadyTaintKey, type StoredNode, type Taint } from '../model/node.js';
import type { StoredTask } from '../model/task.js';
import { ClusterState } from '../scheduler/cluster-state.js';
import { occupancyOf, occupiesNode } from '../scheduler/demand.js';
import type { Clock } from '../support/clock.js';
import { formatTaint } from '../scheduler/taints.js';
import { PendingQueue } from './pending-queue.js';

/** A taint that drives tasks away, and since when (monotonic milliseconds) this manager has known of it. */
export interface EvictingTaint {
  taint: Taint;
  since: number;
}

/** What a change of the store means for the work to be done. */
export interface IndexChange {
  tasks: string[];
  nodes: string[];
}

const nothing: IndexChange = { tasks: [], nodes: [] };

/**
 * In: tasks and nodes as the store has them. Out: who is where, what is free, what waits. Always holds: everything here is
 * derived from the store and can be built again from it; an older version never replaces a newer one.
 */
export class ClusterIndex {
  readonly tasks = new Map<string, StoredTask>();
  readonly nodes = new Map<string, StoredNode>();
  /** Node name -> keys of the tasks that name it. */
  readonly workerTaskMap = new Map<string, Set<string>>();
  /** Task key -> the node that it names. */
  readonly taskWorkerMap = new Map<string, string>();
  /** Task key -> since when this manager has known it there, monotonic milliseconds. */
  private readonly arrivals = new Map<string, number>();
  readonly pending = new PendingQueue();
  readonly state = new ClusterState();
  private readonly evicting = new Map<string, EvictingTaint[]>();
  /** Up to here every deletion has been seen: an object of an older write that is not here is gone. */
  private seenRevision = 0;

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  /** `revision`: of the watch event; absent for the result of a write of our own. */
  putTask(task: StoredTask, revision?: number): IndexChange {
    const key = formatKey(keyOf(task));
    if (!this.isNews(this.tasks.get(key), task, revision)) return nothing;
    this.tasks.set(key, task);
    const nodes = this.setPlace(key, task.spec.nodeName || undefined);
    this.setOccupancy(key, task);
    const { generation, creationTimestamp: createdAt } = task.metadata;
    if (waitsForWorker(task)) this.pending.add(key, { priority: task.spec.priority ?? 0, createdAt, generation });
    else this.pending.delete(key);
    return { tasks: [key], nodes };
  }

  removeTask(key: string, revision: number): IndexChange {
    this.seenRevision = Math.max(this.seenRevision, revision);
    const old = this.tasks.get(key);
    if (old === undefined || Number(old.metadata.resourceVersion) > revision) return nothing;
    this.tasks.delete(key);
    this.pending.delete(key);
    this.state.release(key);
    return { tasks: [], nodes: this.setPlace(key, undefined) };
  }

  putNode(node: StoredNode, monotonicNow: number, revision?: number): IndexChange {
    const { name } = node.metadata;
    const old = this.nodes.get(name);
    if (!this.isNews(old, node, revision)) return nothing;
    this.nodes.set(name, node);
    this.state.setNode(node);
    const changed = old === undefined || canonicalJson(old.spec?.taints) !== canonicalJson(node.spec?.taints);
    if (changed) this.noteTaints(node, monotonicNow);
    return { tasks: changed ? this.tasksOf(name) : [], nodes: [name] };
  }

  removeNode(name: string, revision: number): IndexChange {
    this.seenRevision = Math.max(this.seenRevision, revision);
    const old = this.nodes.get(name);
    if (old === undefined || Number(old.metadata.resourceVersion) > revision) return nothing;
    this.nodes.delete(name);
    this.evicting.delete(name);
    this.state.removeNode(name);
    return { tasks: this.tasksOf(name), nodes: [] };
  }

  /** Puts back what was assumed of a task (a binding that did not come about) to what the store says. */
  forgetAssumption(key: string): void {
    const task = this.tasks.get(key);
    if (task === undefined) this.state.release(key);
    else this.setOccupancy(key, task);
  }

  tasksOf(nodeName: string): string[] {
    return [...(this.workerTaskMap.get(nodeName) ?? [])];
  }

  /** Since when the task has been known where it is; undefined when it is nowhere. */
  arrivalOf(key: string): number | undefined {
    return this.arrivals.get(key);
  }

  /** Taints of the user's that drive tasks away. The manager's own is judged by heartbeats, not by its presence. */
  evictingTaints(nodeName: string): readonly EvictingTaint[] {
    return this.evicting.get(nodeName) ?? [];
  }

  private isNews(
    old: StoredTask | StoredNode | undefined,
    next: StoredTask | StoredNode,
    revision: number | undefined,
  ): boolean {
    const version = Number(next.metadata.resourceVersion);
    if (revision !== undefined) this.seenRevision = Math.max(this.seenRevision, revision);
    else if (old === undefined && version <= this.seenRevision) return false;
    return old === undefined || version > Number(old.metadata.resourceVersion);
  }

  /** Returns the nodes whose tasks changed. */
  private setPlace(key: string, nodeName: string | undefined): string[] {
    const old = this.taskWorkerMap.get(key);
    if (old === nodeName) return nodeName === undefined ? [] : [nodeName];
    if (old !== undefined) {
      const left = this.workerTaskMap.get(old);
      left?.delete(key);
      if (left?.size === 0) this.workerTaskMap.delete(old);
      this.taskWorkerMap.delete(key);
      this.arrivals.delete(key);
    }
    if (nodeName !== undefined) {
      const members = this.workerTaskMap.get(nodeName) ?? new Set();
      this.workerTaskMap.set(nodeName, members.add(key));
      this.taskWorkerMap.set(key, nodeName);
      this.arrivals.set(key, this.clock.monotonic());
    }
    return [old, nodeName].filter((name) => name !== undefined);
  }

  private setOccupancy(key: string, task: StoredTask): void {
    const { nodeName } = task.spec;
    if (nodeName && occupiesNode(task)) this.state.occupy(occupancyOf(task), nodeName);
    else this.state.release(key);
  }

  private noteTaints(node: StoredNode, monotonicNow: number): void {
    const known = this.evictingTaints(node.metadata.name);
    const taints = (node.spec?.taints ?? [])
      .filter(({ key, effect }) => effect === 'NoExecute' && key !== notReadyTaintKey)
      .map((taint) => {
        const old = known.find((other) => formatTaint(other.taint) === formatTaint(taint));
        return { taint, since: old?.since ?? monotonicNow };
      });
    if (taints.length === 0) this.evicting.delete(node.metadata.name);
    else this.evicting.set(node.metadata.name, taints);
  }
}

/** Whether a task is the scheduler's to place. */
export function waitsForWorker(task: StoredTask): boolean {
  return (
    (task.status?.state ?? 'Pending') === 'Pending' &&
    !task.spec.nodeName &&
    task.spec.desiredState !== 'Completed' &&
    task.metadata.deletionTimestamp === undefined
  );
}
