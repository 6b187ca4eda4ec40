import type { Taint } from '../model/node.js';
import type { Toleration } from '../model/task.js';

/** Whether one toleration matches one taint, by Kubernetes' rules (absent effect: every effect; Exists without key: all). */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false;
  const operator = toleration.operator ?? 'Equal';
  if (toleration.key === undefined || toleration.key === '') return operator === 'Exists';
  if (toleration.key !== taint.key) return false;
  return operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '');
}

export function isTolerated(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint));
}

/**
 * How long a task puts up with a taint that evicts: 0 not at all, undefined for ever, else seconds (the shortest of the
 * tolerations that match).
 */
export function tolerationSecondsFor(tolerations: readonly Toleration[], taint: Taint): number | undefined {
  const matching = tolerations.filter((toleration) => tolerates(toleration, taint));
  if (matching.length === 0) return 0;
  const limits = matching.flatMap(({ tolerationSeconds }) =>
    tolerationSeconds === undefined ? [] : [tolerationSeconds],
  );
  return limits.length === 0 ? undefined : Math.max(0, Math.min(...limits));
}

/**
 * Whether a task may be placed where the taint is. A new one may where it puts up with a NoExecute taint for a while, as in Kubernetes;
 * one that a taint took from a node (`forGood`) may not: it would be driven away again and again.
 */
export function toleratesPlacement(tolerations: readonly Toleration[], taint: Taint, forGood: boolean): boolean {
  if (taint.effect === 'PreferNoSchedule') return true;
  if (taint.effect !== 'NoExecute') return isTolerated(tolerations, taint);
  return forGood && tolerationSecondsFor(tolerations, taint) !== undefined ? false : isTolerated(tolerations, taint);
}

/** `key=value:NoSchedule`, as kubectl writes it. */
export function formatTaint(taint: Taint): string {
  return `${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`;
}
