import { findCondition, type Condition } from './conditions.js';
import type { ReadinessGate, Task } from './generated/task.js';

/** Whether a task can do its work: what its worker says of its container, and what others say of its readiness gates. */
export interface TaskReadiness {
  isContainerReady: boolean;
  isReady: boolean;
  /** What is missing at its gates, in words for people. */
  unmet: string[];
  /** When one of the conditions that it depends on changed last, as far as they tell. */
  since?: string;
}

/** Pure. */
export function readinessOfTask({ spec, status }: Pick<Task, 'spec' | 'status'>): TaskReadiness {
  const { readinessGates = [] } = spec;
  const { conditions } = status ?? {};
  const ready = findCondition(conditions, 'Ready');
  const isContainerReady = ready?.status === 'True';
  const unmet = unmetGates(readinessGates, conditions);
  const since = [ready, ...readinessGates.map(({ conditionType }) => findCondition(conditions, conditionType))]
    .flatMap((condition) => condition?.lastTransitionTime ?? [])
    .sort((a, b) => (Date.parse(a) || 0) - (Date.parse(b) || 0))
    .at(-1);
  return {
    isContainerReady,
    isReady: isContainerReady && unmet.length === 0,
    unmet,
    ...(since === undefined ? {} : { since }),
  };
}

/** A sentence for each gate whose condition is not True. Pure. */
export function unmetGates(gates: readonly ReadinessGate[], conditions: readonly Condition[] | undefined): string[] {
  return gates.flatMap(({ conditionType }) => {
    const condition = findCondition(conditions, conditionType);
    if (condition?.status === 'True') return [];
    return condition
      ? `readiness gate "${conditionType}" is ${condition.status}`
      : `readiness gate "${conditionType}" has no condition yet`;
  });
}

/** Whether it runs, and nothing but its gates keeps it from being ready. Pure. */
export function waitsForGates(task: Pick<Task, 'spec' | 'status'>): boolean {
  const { isContainerReady, unmet } = readinessOfTask(task);
  return isContainerReady && unmet.length > 0;
}
