import type { Condition } from './generated/task.js';

export type { Condition } from './generated/task.js';

/** The condition of this type, if there is one. */
export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/**
 * The list with this condition set. lastTransitionTime moves only when the status changes, so an unchanged condition
 * gives an equal list and causes no write.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  next: Omit<Condition, 'lastTransitionTime'>,
  timestamp: string,
): Condition[] {
  const old = findCondition(conditions, next.type);
  const lastTransitionTime = old?.status === next.status ? (old.lastTransitionTime ?? timestamp) : timestamp;
  const updated: Condition = { ...next, lastTransitionTime };
  return old
    ? (conditions ?? []).map((condition) => (condition.type === next.type ? updated : condition))
    : [...(conditions ?? []), updated];
}
