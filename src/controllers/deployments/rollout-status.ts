import type {
  DeploymentCondition,
  DeploymentSpec,
  DeploymentStatus,
  StoredDeployment,
} from '../../model/deployment.js';
import { templateHash } from '../../model/pod-template.js';
import { displayState } from '../../model/task.js';
import { toTimestamp } from '../../support/clock.js';
import type { Replica, Replicas } from './replicas.js';
import { boundsOf } from './rollout-bounds.js';

const defaultDeadlineSeconds = 600;
/** Kubernetes' reasons, which kubectl and other tools look for. */
const complete = 'NewReplicaSetAvailable';
const progressing = 'ReplicaSetUpdated';
const timedOut = 'ProgressDeadlineExceeded';
const paused = 'DeploymentPaused';

type Counts = Required<Pick<DeploymentStatus, 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'>>;

/**
 * What a Deployment's status is to say, and after how long it may be something else. `refusal`: why tasks could not be made
 * just now. Pure.
 */
export function rolloutStatus(
  deployment: StoredDeployment,
  replicas: Replicas,
  nowMilliseconds: number,
  refusal?: string,
): { status: DeploymentStatus; againAfterMilliseconds?: number } {
  const all = [...replicas.updated, ...replicas.old];
  const counts: Counts = {
    replicas: all.length,
    updatedReplicas: replicas.updated.length,
    readyReplicas: all.filter(({ isReady }) => isReady).length,
    availableReplicas: all.filter(({ isAvailable }) => isAvailable).length,
  };
  const unavailableReplicas = Math.max(
    0,
    Math.max(all.length, boundsOf(deployment.spec).desired) - counts.availableReplicas,
  );
  const progress = progressOf(deployment, counts, replicas.updated, nowMilliseconds);
  const others = (deployment.status?.conditions ?? []).filter(
    ({ type }) => type !== 'Available' && type !== 'Progressing' && type !== 'ReplicaFailure',
  );
  const status: DeploymentStatus = {
    observedGeneration: deployment.metadata.generation,
    ...withoutZeros({ ...counts, unavailableReplicas }),
    conditions: [
      availabilityOf(deployment, counts, nowMilliseconds),
      progress,
      ...(refusal === undefined ? [] : [failureOf(deployment, refusal, nowMilliseconds)]),
      ...others,
    ],
  };
  const waits = all.flatMap(({ availableAfterMilliseconds }) => availableAfterMilliseconds ?? []);
  if (progress.reason === progressing) waits.push(deadlineOf(deployment, progress) - nowMilliseconds);
  return waits.length === 0 ? { status } : { status, againAfterMilliseconds: Math.max(1, Math.min(...waits)) };
}

function availabilityOf(deployment: StoredDeployment, counts: Counts, now: number): DeploymentCondition {
  const { desired, minAvailable } = boundsOf(deployment.spec);
  // Recreate may take all away, and is not available without them for that.
  const needed = deployment.spec.strategy?.type === 'Recreate' ? desired : minAvailable;
  const isEnough = counts.availableReplicas >= needed;
  return condition(deployment, now, {
    type: 'Available',
    status: isEnough ? 'True' : 'False',
    reason: isEnough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: isEnough
      ? 'Deployment has minimum availability.'
      : `Deployment does not have minimum availability: ${needed} are to be available.`,
  });
}

/** Only there while tasks cannot be made, as in Kubernetes. */
function failureOf(deployment: StoredDeployment, message: string, now: number): DeploymentCondition {
  return condition(deployment, now, { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message });
}

function progressOf(
  deployment: StoredDeployment,
  counts: Counts,
  updated: readonly Replica[],
  now: number,
): DeploymentCondition {
  const { metadata, spec, status = {} } = deployment;
  const desired = spec.replicas ?? 1;
  const old = status.conditions?.find(({ type }) => type === 'Progressing');
  const say = (verdict: DeploymentCondition['status'], reason: string, message: string): DeploymentCondition =>
    condition(deployment, now, { type: 'Progressing', status: verdict, reason, message });
  const name = `Deployment "${metadata.name}"`;
  if (spec.paused) return say('Unknown', paused, `${name} is paused.`);
  const isSettled = counts.updatedReplicas === desired && counts.replicas === desired;
  if (isSettled && counts.availableReplicas >= desired)
    return say('True', complete, `${name} has progressed to ${templateName(spec)}: it is complete.`);
  const isNewSpec = status.observedGeneration !== metadata.generation;
  const isComplete = old?.reason === complete && counts.replicas === counts.updatedReplicas;
  // What breaks after a rollout is no failed rollout, and another number of tasks is no new one: Available tells of both.
  if (isComplete && (!isNewSpec || old.message?.includes(templateName(spec)))) return old;
  if (!old || isNewSpec || old.reason === complete || old.reason === paused || hasProgressed(status, counts)) {
    return { ...say('True', progressing, `${name} is progressing.`), lastUpdateTime: toTimestamp(now) };
  }
  if (old.reason === timedOut || now < deadlineOf(deployment, old)) return old;
  return say('False', timedOut, `${name} has timed out progressing${whatHoldsUp(updated)}.`);
}

/** The condition remembers of which template it speaks: where there are no tasks, nothing else would. */
function templateName({ template }: DeploymentSpec): string {
  return `template ${templateHash(template)}`;
}

function hasProgressed(before: DeploymentStatus, now: Counts): boolean {
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = before;
  return (
    now.updatedReplicas > updatedReplicas ||
    now.replicas - now.updatedReplicas < replicas - updatedReplicas ||
    now.readyReplicas > readyReplicas ||
    now.availableReplicas > availableReplicas
  );
}

function deadlineOf({ spec }: StoredDeployment, { lastUpdateTime }: DeploymentCondition): number {
  return Date.parse(lastUpdateTime ?? '') + (spec.progressDeadlineSeconds ?? defaultDeadlineSeconds) * 1000;
}

/** The first task that stands in the way, in its own words. */
function whatHoldsUp(updated: readonly Replica[]): string {
  const task = updated.find(({ isAvailable }) => !isAvailable)?.task;
  if (!task) return '';
  const why = task.status?.message;
  return `: task "${task.metadata.name}" is ${displayState(task)}${why ? ` (${why})` : ''}`;
}

/** lastTransitionTime moves with the status, lastUpdateTime with the reason; else the condition stays as it was. */
function condition(
  { status }: StoredDeployment,
  now: number,
  next: Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>,
): DeploymentCondition {
  const old = status?.conditions?.find(({ type }) => type === next.type);
  const at = toTimestamp(now);
  return {
    ...next,
    lastUpdateTime: old?.reason === next.reason ? (old?.lastUpdateTime ?? at) : at,
    lastTransitionTime: old?.status === next.status ? (old.lastTransitionTime ?? at) : at,
  };
}

/** As Kubernetes leaves them out. */
function withoutZeros<T extends Record<string, number>>(counts: T): Partial<T> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)) as Partial<T>;
}
