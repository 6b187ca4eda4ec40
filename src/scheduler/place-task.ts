import type { ClusterSnapshot } from './cluster-snapshot.js';
import type { TaskDemand } from './demand.js';
import { brokenRules } from './filters.js';
import type { NodeInfo } from './node-info.js';
import type { PickState, Scheduler } from './scheduler.js';

export type Placement =
  | { placed: true; node: NodeInfo; state: PickState }
  | {
      placed: false;
      /** One sentence that names the reason of every node, bounded however many there are. */
      message: string;
    };

/** Nodes that are named one by one in a message; more are grouped. */
const namedNodes = 10;
const messageLimit = 1000;

/** Runs the three stages of a scheduler. When nothing fits the task is not lost: the answer says why, node by node. */
export function placeTask(
  scheduler: Scheduler,
  task: TaskDemand,
  snapshot: ClusterSnapshot,
  state: PickState,
): Placement {
  const candidates = scheduler.selectCandidateNodes(task, snapshot, state);
  const picked = scheduler.pick(scheduler.score(task, candidates, snapshot), candidates, state);
  if (picked !== undefined) return { placed: true, ...picked };
  return { placed: false, message: explainUnplaced(task, snapshot) };
}

/** Why no node takes the task: `no worker fits: n1: needs 2 CPUs, 0.5 free; n2: is cordoned`. */
export function explainUnplaced(task: TaskDemand, snapshot: ClusterSnapshot): string {
  if (task.nodeName !== undefined) {
    const named = snapshot.node(task.nodeName);
    if (named === undefined) return `no worker fits: there is no worker named ${task.nodeName}`;
    return bounded(`no worker fits: ${explainNode(task, named)}`);
  }
  if (snapshot.nodeCount === 0) return 'no worker fits: there is no worker yet (start one with: orch worker)';
  if (snapshot.nodeCount <= namedNodes) {
    return bounded(`no worker fits: ${[...snapshot].map((node) => explainNode(task, node)).join('; ')}`);
  }
  return bounded(`none of ${snapshot.nodeCount} workers fits: ${groups(task, snapshot).join('; ')}`);
}

/** `n1: needs 2 CPUs, 0.5 free and host port 80/TCP is taken by default/web`. */
export function explainNode(task: TaskDemand, node: NodeInfo): string {
  const reasons = brokenRules(task, node).map((rule) => rule.reason(task, node));
  return `${node.name}: ${reasons.length === 0 ? 'fits' : reasons.join(' and ')}`;
}

function groups(task: TaskDemand, snapshot: ClusterSnapshot): string[] {
  const bySummary = new Map<string, { count: number; examples: NodeInfo[] }>();
  for (const node of snapshot) {
    const summary = brokenRules(task, node)[0]?.summary(task, node) ?? 'that fit';
    const group = bySummary.get(summary) ?? { count: 0, examples: [] };
    bySummary.set(summary, group);
    group.count++;
    if (group.examples.length < namedNodes) group.examples.push(node);
  }
  const perGroup = Math.max(2, Math.floor(namedNodes / bySummary.size));
  return [...bySummary]
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([summary, { count, examples }]) => {
      const named = examples.slice(0, perGroup).map(({ name }) => name);
      const rest = count - named.length;
      return `${count} ${summary} (${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''})`;
    });
}

function bounded(message: string): string {
  return message.length <= messageLimit ? message : `${message.slice(0, messageLimit - 3)}...`;
}
