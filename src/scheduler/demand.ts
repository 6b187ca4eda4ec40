import { formatKey, keyOf } from '../model/api-object.js';
import { canonicalJson } from '../model/json.js';
import { type Amounts, requestsOf } from '../model/resources.js';
import { type RestrictedFeature, restrictedFeaturesOf } from '../model/restricted-features.js';
import type { StoredTask, Task, Toleration } from '../model/task.js';
import { holdsResources } from '../model/task-state.js';
import { claimedPorts, heldPorts, type PortClaim } from './host-ports.js';

/** What placement needs to know of a task, parsed once. */
export interface TaskDemand {
  /** `namespace/name`. */
  key: string;
  amounts: Amounts;
  ports: readonly PortClaim[];
  /** Only this node will do. */
  nodeName?: string;
  nodeSelector: readonly (readonly [string, string])[];
  tolerations: readonly Toleration[];
  /** What of the machine it asks for. */
  features: readonly RestrictedFeature[];
  /** A taint took it from a node: it goes only where no taint will. */
  wasDrivenAway: boolean;
}

export function demandOf(task: Task | StoredTask): TaskDemand {
  const { spec } = task;
  return {
    key: formatKey(keyOf(task)),
    amounts: requestsOf(spec),
    ports: claimedPorts(spec),
    ...(spec.nodeName === undefined || spec.nodeName === '' ? {} : { nodeName: spec.nodeName }),
    nodeSelector: Object.entries(spec.nodeSelector ?? {}),
    tolerations: spec.tolerations ?? [],
    features: restrictedFeaturesOf(spec),
    wasDrivenAway: task.status?.drivenAway === true,
  };
}

/** As demandOf, with the ports that the engine chose: what a placed task takes of its node. */
export function occupancyOf(task: Task | StoredTask): TaskDemand {
  return { ...demandOf(task), ports: heldPorts(task) };
}

/** Equal for tasks that fit on exactly the same nodes, so one answer "nothing fits" serves them all. */
export function demandSignature(demand: TaskDemand): string {
  const { key: _key, ...rest } = demand;
  return canonicalJson(rest);
}

/**
 * Whether a task takes its share of the node that it names: from the binding until its container is done for good.
 * One that failed for good (restartPolicy Never) or was only named by hand to a node and has ended takes nothing.
 */
export function occupiesNode(task: Task | StoredTask): boolean {
  if (!task.spec.nodeName) return false;
  const state = task.status?.state ?? 'Pending';
  if (failedForGood(task)) return false;
  if (task.metadata.deletionTimestamp !== undefined) return state !== 'Completed';
  return state === 'Pending' || holdsResources(state);
}

/** Nothing will start this task again but the user. */
export function failedForGood(task: Task | StoredTask): boolean {
  return task.status?.state === 'Failed' && task.spec.restartPolicy === 'Never';
}
