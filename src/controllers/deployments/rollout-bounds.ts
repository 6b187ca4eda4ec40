import type { DeploymentSpec } from '../../model/deployment.js';

/** Between which numbers of tasks a Deployment stays while it changes. */
export interface RolloutBounds {
  desired: number;
  /** No task is made beyond this many. */
  maxTotal: number;
  /** No task is taken away that would leave fewer available ones. */
  minAvailable: number;
}

/** Kubernetes' rounding: a surge up, what may be unavailable down, and never both to nothing. Pure. */
export function boundsOf({ replicas: desired = 1, strategy = {} }: DeploymentSpec): RolloutBounds {
  if (strategy.type === 'Recreate') return { desired, maxTotal: desired, minAvailable: 0 };
  const { maxSurge = '25%', maxUnavailable = '25%' } = strategy.rollingUpdate ?? {};
  const surge = amountOf(maxSurge, desired, Math.ceil);
  const unavailable = amountOf(maxUnavailable, desired, Math.floor);
  const tolerated = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { desired, maxTotal: desired + surge, minAvailable: Math.max(0, desired - tolerated) };
}

function amountOf(bound: number | string, desired: number, round: (amount: number) => number): number {
  return typeof bound === 'number' ? bound : round((Number.parseInt(bound, 10) * desired) / 100);
}
