import type { ClusterSnapshot } from './cluster-snapshot.js';
import type { TaskDemand } from './demand.js';
import { passesAll } from './filters.js';
import type { NodeInfo } from './node-info.js';
import { isTolerated } from './taints.js';

/**
 * In: a task's demand, a snapshot of the cluster, and where the last pick went. Out: one node, or none. Always holds:
 * pure (no clock, no network, no hidden state), so the same input gives the same answer; a node that breaks a rule is
 * never a candidate; a score that is no number never wins.
 */
export interface Scheduler {
  readonly name: SchedulerName;

  /** Nodes that pass every filter, in name order starting after the last pick, at most `candidateLimit` of them. */
  selectCandidateNodes(task: TaskDemand, snapshot: ClusterSnapshot, state: PickState): NodeInfo[];

  /** What it costs to put the task on each of these nodes, in their order. Lower is better. */
  score(task: TaskDemand, nodes: readonly NodeInfo[], snapshot: ClusterSnapshot): number[];

  /** The cheapest candidate (the first of equals) and the state for the next pick; undefined without candidates. */
  pick(
    scores: readonly number[],
    candidates: readonly NodeInfo[],
    state: PickState,
  ): { node: NodeInfo; state: PickState } | undefined;
}

export type SchedulerName = 'roundRobin' | 'greedy' | 'epvm' | 'spread' | 'binpack';

/** What one pick hands to the next. Empty at first. */
export interface PickState {
  readonly lastNode?: string;
}

/**
 * So many nodes that fit are scored; the rest are not looked at. Up to this many nodes the choice is exact; above it
 * the search starts after the last pick and thus goes around the cluster, so cost per placement does not grow with it.
 */
export const candidateLimit = 64;

/** A scheduler that differs from the others in its costs only. */
export function createScheduler(name: SchedulerName, score: Scheduler['score']): Scheduler {
  return { name, selectCandidateNodes: fittingNodes, score, pick: cheapest };
}

function fittingNodes(task: TaskDemand, snapshot: ClusterSnapshot, state: PickState): NodeInfo[] {
  if (task.nodeName !== undefined) {
    const named = snapshot.node(task.nodeName);
    return named !== undefined && passesAll(task, named) ? [named] : [];
  }
  const start = snapshot.positionAfter(state.lastNode);
  const fitting: NodeInfo[] = [];
  for (let offset = 0; offset < snapshot.nodeCount && fitting.length < candidateLimit; offset++) {
    const node = snapshot.at(start + offset);
    if (passesAll(task, node)) fitting.push(node);
  }
  return withoutAvoided(task, fitting);
}

/** Nodes with a PreferNoSchedule taint are taken only when no other fits. */
function withoutAvoided(task: TaskDemand, nodes: NodeInfo[]): NodeInfo[] {
  const avoided = (node: NodeInfo): boolean =>
    node.taints.some((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(task.tolerations, taint));
  if (!nodes.some(avoided)) return nodes;
  const preferred = nodes.filter((node) => !avoided(node));
  return preferred.length === 0 ? nodes : preferred;
}

function cheapest(
  scores: readonly number[],
  candidates: readonly NodeInfo[],
  _state: PickState,
): { node: NodeInfo; state: PickState } | undefined {
  let best: NodeInfo | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (let index = 0; index < candidates.length; index++) {
    const node = candidates[index];
    const given = scores[index] ?? Number.NaN;
    const score = Number.isNaN(given) ? Number.POSITIVE_INFINITY : given;
    if (node !== undefined && (best === undefined || score < bestScore)) {
      best = node;
      bestScore = score;
    }
  }
  return best === undefined ? undefined : { node: best, state: { lastNode: best.name } };
}
