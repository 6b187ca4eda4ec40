import { findCondition } from '../model/conditions.js';
import { notReadyTaintKey } from '../model/node.js';
import { isMadeFrom } from '../model/spec-hash.js';
import { assignedByHand, disruptionTarget, type StoredTask } from '../model/task.js';
import { demandOf, failedForGood } from '../scheduler/demand.js';
import { brokenRulesToStay, passesAll } from '../scheduler/filters.js';
import type { NodeInfo } from '../scheduler/node-info.js';
import { formatTaint, isTolerated, tolerationSecondsFor } from '../scheduler/taints.js';
import type { EvictingTaint } from './cluster-index.js';

/** What the manager can do about one task; placing it is the scheduler's and happens for all pending tasks together. */
export type TaskStep =
  /** Back to Pending, away from its node (`keepNodeName`: it was put there by hand and waits for that very node). */
  | { type: 'unbind'; reason: string; message: string; keepNodeName: boolean; because: 'nodeLost' | 'taint' | 'other' }
  /** Nothing of it runs and it was asked to leave its node: it is what it is, only not there any more. */
  | { type: 'release' }
  /** The user named the node: it is placed without the scheduler. */
  | { type: 'acceptNodeName'; nodeName: string }
  | { type: 'explain'; reason: string; message: string }
  /** The user stopped it while nothing runs. */
  | { type: 'complete' }
  /** On the node where it was, or (undefined) wherever there is room. */
  | { type: 'startAgain'; nodeName: string | undefined }
  /** Its new spec still fits where it is. */
  | { type: 'confirmFit' };

export interface TaskFacts {
  /** The node that spec.nodeName names, as it would be without this task; undefined when there is none. */
  node: NodeInfo | undefined;
  /** Since when the node is lost, monotonic milliseconds; undefined while it is not, or while all look lost. */
  nodeLostSince: number | undefined;
  /** NoExecute taints that users set on the node. */
  evictingTaints: readonly EvictingTaint[];
  /** Since when the task is known on its node, monotonic milliseconds: only from then on it puts up with what is there. */
  onNodeSince: number;
  notReadyTolerationMilliseconds: number;
}

export interface TaskPlan {
  step?: TaskStep;
  /** Look again after so many milliseconds. */
  againAfterMilliseconds?: number;
}

/** At most one step, by which the task comes nearer to what is wanted. Pure; `now` is monotonic milliseconds. */
export function planTask(task: StoredTask, facts: TaskFacts, now: number): TaskPlan {
  // A deletion is the worker's to finish, or the registry's when the Node object is gone.
  if (task.metadata.deletionTimestamp !== undefined) return {};
  const state = task.status?.state ?? 'Pending';
  if (state === 'Completed' || failedForGood(task)) {
    return only(isEvicted(task) ? { type: 'release' } : planEnded(task, facts));
  }
  if (!task.spec.nodeName) {
    if (state !== 'Pending') return only(unbind('Unassigned', 'it has no worker any more'));
    return task.spec.desiredState === 'Completed' ? only({ type: 'complete' }) : {};
  }
  if (facts.node === undefined) return only(planWithoutNode(task, task.spec.nodeName));
  if (state === 'Pending') {
    if (task.spec.desiredState === 'Completed') return only({ type: 'complete' });
    return only({ type: 'acceptNodeName', nodeName: facts.node.name });
  }
  if (isAssignedByHand(task)) return {};
  if (isEvicted(task)) return only(unbind('Evicted', `moved: evicted from ${facts.node.name}`));
  const eviction = planEviction(task, facts, facts.node.name, now);
  return eviction.step === undefined ? { ...eviction, ...only(planFit(task, facts.node)) } : eviction;
}

function planEnded(task: StoredTask, { node }: TaskFacts): TaskStep | undefined {
  const { spec, status } = task;
  if (spec.desiredState === 'Completed') {
    return status?.state === 'Failed' && node === undefined ? { type: 'complete' } : undefined;
  }
  const stopped = status?.state === 'Completed' && status.reason === 'Stopped';
  const changed = status?.specHash !== undefined && !isMadeFrom(status.specHash, spec);
  // A worker that is gone may have said so of anything; what is to run always is never over by itself.
  const goesOn = node === undefined && status?.state === 'Completed' && (spec.restartPolicy ?? 'Always') === 'Always';
  if (!stopped && !changed && !goesOn) return undefined;
  const stays = node !== undefined && (isAssignedByHand(task) || passesAll(demandOf(task), node));
  return { type: 'startAgain', nodeName: stays ? node.name : undefined };
}

function planWithoutNode(task: StoredTask, nodeName: string): TaskStep | undefined {
  const isPending = (task.status?.state ?? 'Pending') === 'Pending';
  if (isPending && task.spec.desiredState === 'Completed') return { type: 'complete' };
  if (!isPending && !isAssignedByHand(task)) {
    return unbind('NodeDeleted', `moved: its worker ${nodeName} was deleted`);
  }
  const message = `there is no worker named ${nodeName}, which spec.nodeName asks for`;
  if (!isPending) return { ...unbind('NodeNotFound', message), keepNodeName: true };
  const { reason, message: old } = task.status ?? {};
  return reason === 'NodeNotFound' && old === message
    ? undefined
    : { type: 'explain', reason: 'NodeNotFound', message };
}

function planEviction(task: StoredTask, facts: TaskFacts, nodeName: string, now: number): TaskPlan {
  const tolerations = task.spec.tolerations ?? [];
  let nearest = Number.POSITIVE_INFINITY;
  for (const { taint, since } of facts.evictingTaints) {
    const seconds = tolerationSecondsFor(tolerations, taint);
    if (seconds === undefined) continue;
    const due = Math.max(since, facts.onNodeSince) + seconds * 1000;
    if (due <= now) {
      const message = `moved: ${nodeName} has the taint ${formatTaint(taint)}`;
      return { step: { ...unbind('Evicted', message), because: 'taint' } };
    }
    nearest = Math.min(nearest, due);
  }
  if (facts.nodeLostSince !== undefined) {
    const due = facts.nodeLostSince + notReadyTolerationOf(task, facts);
    if (due <= now) {
      return { step: { ...unbind('NodeLost', `moved: its worker ${nodeName} does not answer`), because: 'nodeLost' } };
    }
    nearest = Math.min(nearest, due);
  }
  return Number.isFinite(nearest) ? { againAfterMilliseconds: nearest - now } : {};
}

/** Milliseconds; infinite when the task puts up with it for ever. */
function notReadyTolerationOf(task: StoredTask, facts: TaskFacts): number {
  const tolerations = task.spec.tolerations ?? [];
  const taint = { key: notReadyTaintKey, effect: 'NoExecute' } as const;
  if (!isTolerated(tolerations, taint)) return facts.notReadyTolerationMilliseconds;
  return (tolerationSecondsFor(tolerations, taint) ?? Number.POSITIVE_INFINITY) * 1000;
}

/** After a change of the spec: whether the task may stay where it is. */
function planFit(task: StoredTask, node: NodeInfo): TaskStep | undefined {
  const verified = findCondition(task.status?.conditions, 'Scheduled')?.observedGeneration;
  if (verified === undefined || verified === task.metadata.generation) return undefined;
  const broken = brokenRulesToStay(demandOf(task), node);
  if (broken.length === 0) return { type: 'confirmFit' };
  const reasons = broken.map((rule) => rule.reason(demandOf(task), node)).join(' and ');
  return unbind('NoLongerFits', `moved: its changed spec does not fit on ${node.name}: ${reasons}`);
}

/** Somebody asked, through the API, that it leave the node where it is. */
function isEvicted(task: StoredTask): boolean {
  return findCondition(task.status?.conditions, disruptionTarget)?.status === 'True' && Boolean(task.spec.nodeName);
}

function isAssignedByHand(task: StoredTask): boolean {
  return findCondition(task.status?.conditions, 'Scheduled')?.reason === assignedByHand;
}

function unbind(reason: string, message: string): Extract<TaskStep, { type: 'unbind' }> {
  return { type: 'unbind', reason, message, keepNodeName: false, because: 'other' };
}

function only(step: TaskStep | undefined): TaskPlan {
  return step === undefined ? {} : { step };
}
