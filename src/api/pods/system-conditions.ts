import type { Condition } from '../../model/conditions.js';
import { disruptionTarget } from '../../model/task.js';

/** Conditions that orch itself sets, of a Pod and of its Task; all others are for programs outside, as readiness gates need them. */
export const systemTypes: readonly string[] = [
  ...['PodScheduled', 'Initialized', 'ContainersReady', 'Ready', 'PodReadyToStartContainers', disruptionTarget],
  'Scheduled',
];

/** What others say of a pod. Pure. */
export function conditionsOfOthers(conditions: readonly Condition[] = []): Condition[] {
  return conditions.filter(({ type }) => !systemTypes.includes(type));
}
