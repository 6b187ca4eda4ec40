import { findCondition } from '../../../src/model/conditions.js';
import type { StoredNode } from '../../../src/model/node.js';
import { nodeKind } from '../../../src/model/node.js';
import { parseBytes, parseMillicores } from '../../../src/model/quantities.js';
import type { Amounts } from '../../../src/model/resources.js';
import { addAmounts, noAmounts, requestsOf } from '../../../src/model/resources.js';
import type { StoredTask } from '../../../src/model/task.js';
import { storePrefix } from '../../../src/registry/store-keys.js';
import { occupiesNode } from '../../../src/scheduler/demand.js';
import type { Checker, World } from './checker.js';

const nodePrefix = storePrefix(nodeKind);
const names = ['cpuMillicores', 'memoryBytes', 'diskBytes'] as const;

/**
 * What is placed on a node never needs more CPU, memory or disk than it has. A user may raise what a placed task asks for at
 * any time: until the manager has looked at that (observedGeneration of the condition Scheduled) it counts as it was. What a hostile
 * worker has is what it says just then.
 */
export function allocations(world: World, hostileWorker?: string): Checker {
  const allocatable = new Map<string, Amounts>();
  /** By uid: what the manager last said yes to. */
  const granted = new Map<string, { nodeName: string; amounts: Amounts }>();

  const needOf = (task: StoredTask): Amounts => {
    const amounts = requestsOf(task.spec);
    const { uid, generation } = task.metadata;
    const nodeName = task.spec.nodeName ?? '';
    const known = granted.get(uid);
    const verified = findCondition(task.status?.conditions, 'Scheduled')?.observedGeneration === generation;
    const need = !verified && known?.nodeName === nodeName ? least(known.amounts, amounts) : amounts;
    // What was given back once may have been given to others: to raise it again is a new wish.
    granted.set(uid, { nodeName, amounts: need });
    return need;
  };

  return {
    onTransaction(events) {
      for (const { key, type, value } of events) {
        if (!key.startsWith(nodePrefix)) continue;
        const { metadata, status } = value as unknown as StoredNode;
        const has = type === 'put' ? status?.allocatable : undefined;
        if (has === undefined) allocatable.delete(metadata.name);
        else {
          allocatable.set(metadata.name, {
            cpuMillicores: parseMillicores(has['cpu'] ?? 0) ?? 0,
            memoryBytes: parseBytes(has['memory'] ?? 0) ?? 0,
            diskBytes: parseBytes(has['disk'] ?? 0) ?? 0,
          });
        }
      }
      const needs = new Map<string, { sum: Amounts; tasks: string[] }>();
      for (const task of world.history.living()) {
        const { nodeName } = task.spec;
        if (!nodeName) continue;
        if (!occupiesNode(task)) {
          // Over, and takes nothing: if an edit wakes it, the manager has to look first.
          granted.set(task.metadata.uid, { nodeName, amounts: noAmounts });
          continue;
        }
        const need = needs.get(nodeName) ?? { sum: noAmounts, tasks: [] };
        needs.set(nodeName, { sum: addAmounts(need.sum, needOf(task)), tasks: [...need.tasks, task.metadata.name] });
      }
      for (const [name, { sum, tasks }] of needs) {
        if (name === hostileWorker) continue;
        const has = allocatable.get(name);
        for (const amount of names) {
          if (has === undefined || sum[amount] <= has[amount]) continue;
          const what = `${name} has ${has[amount]} ${amount}, its tasks ${tasks.join(', ')} need ${sum[amount]}`;
          world.violated('allocations fit', what);
        }
      }
    },
  };
}

function least(a: Amounts, b: Amounts): Amounts {
  return {
    cpuMillicores: Math.min(a.cpuMillicores, b.cpuMillicores),
    memoryBytes: Math.min(a.memoryBytes, b.memoryBytes),
    diskBytes: Math.min(a.diskBytes, b.diskBytes),
  };
}
