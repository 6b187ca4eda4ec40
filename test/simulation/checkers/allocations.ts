import { findCondition } from '../../../src/model/conditions.js';
import type { StoredNode } from '../../../src/model/node.js';
import { nodeKind } from '../../../src/model/node.js';
import { parseMillicores } from '../../../src/model/quantities.js';
import { requestsOf } from '../../../src/model/resources.js';
import type { StoredTask } from '../../../src/model/task.js';
import { storePrefix } from '../../../src/registry/store-keys.js';
import { occupiesNode } from '../../../src/scheduler/demand.js';
import type { Checker, World } from './checker.js';

const nodePrefix = storePrefix(nodeKind);

/**
 * What is placed on a node never needs more CPU than it has. A user may raise what a placed task asks for at any time: until
 * the manager has looked at that (observedGeneration of the condition Scheduled) it counts as it was.
 */
export function allocations(world: World): Checker {
  const allocatable = new Map<string, number>();
  /** By uid: what the manager last said yes to. */
  const granted = new Map<string, { nodeName: string; millicores: number }>();

  const needOf = (task: StoredTask): number => {
    const millicores = requestsOf(task.spec).cpuMillicores;
    const { uid, generation } = task.metadata;
    const nodeName = task.spec.nodeName ?? '';
    const known = granted.get(uid);
    const verified = findCondition(task.status?.conditions, 'Scheduled')?.observedGeneration === generation;
    if (!verified && known?.nodeName === nodeName) return Math.min(known.millicores, millicores);
    granted.set(uid, { nodeName, millicores });
    return millicores;
  };

  return {
    onTransaction(events) {
      for (const { key, type, value } of events) {
        if (!key.startsWith(nodePrefix)) continue;
        const { metadata, status } = value as unknown as StoredNode;
        const cpu = type === 'put' ? status?.allocatable?.['cpu'] : undefined;
        if (cpu === undefined) allocatable.delete(metadata.name);
        else allocatable.set(metadata.name, parseMillicores(cpu) ?? 0);
      }
      const needs = new Map<string, { sum: number; tasks: string[] }>();
      for (const task of world.history.living()) {
        const { nodeName } = task.spec;
        if (!nodeName) continue;
        if (!occupiesNode(task)) {
          // Over, and takes nothing: if an edit wakes it, the manager has to look first.
          granted.set(task.metadata.uid, { nodeName, millicores: 0 });
          continue;
        }
        const need = needs.get(nodeName) ?? { sum: 0, tasks: [] };
        need.sum += needOf(task);
        need.tasks.push(task.metadata.name);
        needs.set(nodeName, need);
      }
      for (const [name, { sum, tasks }] of needs) {
        const has = allocatable.get(name);
        if (has === undefined || sum <= has) continue;
        world.violated('allocations fit', `${name} has ${has}m, its tasks ${tasks.join(', ')} need ${sum}m`);
      }
    },
  };
}
