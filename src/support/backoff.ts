/** How long to wait before try number `failures + 1`: doubling from `initialMilliseconds`, capped. */
export interface BackoffPolicy {
  initialMilliseconds: number;
  maxMilliseconds: number;
  /** 0 means exact delays; 0.1 spreads each delay over +-10 %. */
  jitterFraction?: number;
}

/**
 * Delay after `failures` failures in a row (0 failures: no delay). `random` is only called when the policy has jitter.
 */
export function backoffDelay(policy: BackoffPolicy, failures: number, random: () => number = () => 0.5): number {
  if (failures <= 0) return 0;
  const doublings = Math.min(failures - 1, 40);
  const delay = Math.min(policy.initialMilliseconds * 2 ** doublings, policy.maxMilliseconds);
  const jitter = policy.jitterFraction ?? 0;
  return jitter === 0 ? delay : delay * (1 + jitter * (2 * random() - 1));
}
