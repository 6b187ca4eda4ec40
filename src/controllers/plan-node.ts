import { canonicalJson } from '../model/json.js';
import { findCondition, setCondition } from '../model/conditions.js';
import { notReadyTaintKey, type StoredNode } from '../model/node.js';
import { formatBytes, formatMillicores } from '../model/quantities.js';
import type { Amounts } from '../model/resources.js';
import type { NodePhase } from './heartbeats.js';

/** What the manager writes into a Node. */
export type NodeStep =
  | { type: 'setReady'; status: 'True' | 'Unknown'; reason: string; message: string }
  | { type: 'setNotReadyTaint'; present: boolean }
  | { type: 'setAllocated'; allocated: Record<string, string>; taskCount: number };

export interface NodeFacts {
  health: NodePhase;
  /** Then nothing may be driven away: no taint. */
  everyNodeLost: boolean;
  allocated: { amounts: Amounts; taskCount: number };
}

/** The reason of Ready Unknown: set and taken back by the manager only. Any other Ready is the worker's word. */
const heartbeatLost = 'HeartbeatLost';

/** The differences between what a Node says and what is true. No steps when they agree. Pure. */
export function planNode(node: StoredNode, facts: NodeFacts): NodeStep[] {
  const steps: NodeStep[] = [];
  const ready = findCondition(node.status?.conditions, 'Ready');
  const { phase } = facts.health;
  if (phase === 'lost' && ready?.reason !== heartbeatLost) {
    const message = 'its worker does not answer any more';
    steps.push({ type: 'setReady', status: 'Unknown', reason: heartbeatLost, message });
  }
  if (phase === 'alive' && (ready === undefined || ready.reason === heartbeatLost)) {
    steps.push({ type: 'setReady', status: 'True', reason: 'Heartbeat', message: 'its worker answers' });
  }
  const tainted = (node.spec?.taints ?? []).some(({ key }) => key === notReadyTaintKey);
  const taint = phase === 'lost' && !facts.everyNodeLost;
  if (tainted !== taint && (taint || phase === 'alive' || facts.everyNodeLost)) {
    steps.push({ type: 'setNotReadyTaint', present: taint });
  }
  const { amounts, taskCount } = facts.allocated;
  const allocated = {
    cpu: formatMillicores(amounts.cpuMillicores),
    memory: formatBytes(amounts.memoryBytes),
    disk: formatBytes(amounts.diskBytes),
    ...Object.fromEntries(Object.entries(amounts.extended ?? {}).map(([name, amount]) => [name, formatBytes(amount)])),
  };
  if (
    taskCount !== (node.status?.taskCount ?? -1) ||
    canonicalJson(allocated) !== canonicalJson(node.status?.allocated)
  ) {
    steps.push({ type: 'setAllocated', allocated, taskCount });
  }
  return steps;
}

/** The Node after the steps. Pure; `at` is the timestamp to write. */
export function changeNode(node: StoredNode, steps: readonly NodeStep[], at: string): StoredNode {
  return steps.reduce<StoredNode>((current, step) => {
    const { status } = current;
    switch (step.type) {
      case 'setReady': {
        const { type: _type, ...condition } = step;
        const conditions = setCondition(status?.conditions, { type: 'Ready', ...condition }, at);
        return { ...current, status: { ...status, conditions } };
      }
      case 'setNotReadyTaint': {
        const { taints = [], ...spec } = current.spec ?? {};
        const others = taints.filter(({ key }) => key !== notReadyTaintKey);
        if (step.present) others.push({ key: notReadyTaintKey, effect: 'NoExecute', timeAdded: at });
        return { ...current, spec: others.length === 0 ? spec : { ...spec, taints: others } };
      }
      case 'setAllocated':
        return { ...current, status: { ...status, allocated: step.allocated, taskCount: step.taskCount } };
    }
  }, node);
}
