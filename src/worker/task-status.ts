import type { JsonObject } from '../model/json.js';
import { canonicalJson } from '../model/json.js';
import { findCondition, setCondition } from '../model/conditions.js';
import { specHash } from '../model/spec-hash.js';
import type { StoredTask, TaskStatus } from '../model/task.js';
import type { State } from '../model/task-state.js';
import { canMove, movesFrom, taskStates } from '../model/task-state.js';
import type { ContainerDetails } from '../runtime/container-runtime.js';
import { toTimestamp } from '../support/clock.js';
import type { Readiness } from './probes/probe-runner.js';
import { describeEnd, endReason } from './restart-policy.js';
import type { ContainerEnd, TaskRecord } from './task-record.js';
import { own } from '../support/own.js';

/** What a worker says about a task: the whole of its part of the status; an absent field is a field to clear. */
export type StatusReport = Pick<
  TaskStatus,
  | 'reason'
  | 'message'
  | 'containerID'
  | 'attempt'
  | 'restartCount'
  | 'startTime'
  | 'finishTime'
  | 'exitCode'
  | 'oomKilled'
  | 'nextStartTime'
  | 'started'
  | 'lastTermination'
  | 'observedGeneration'
  | 'specHash'
  | 'ports'
  | 'podIP'
> & { state: State };

const clearedWhenAbsent = [
  'reason',
  'message',
  'containerID',
  'startTime',
  'finishTime',
  'exitCode',
  'oomKilled',
  'nextStartTime',
  'started',
  'lastTermination',
  'ports',
  'podIP',
] as const;

/** Facts that every report carries, then what is particular. */
export function baseReport(
  task: StoredTask,
  record: TaskRecord,
  particular: Partial<StatusReport> & { state: State },
): StatusReport {
  const { end } = record;
  return {
    attempt: record.attempt,
    restartCount: record.restarts,
    observedGeneration: task.metadata.generation,
    specHash: specHash(task.spec),
    ...(end?.containerId === undefined ? {} : { containerID: end.containerId }),
    ...(end === undefined ? {} : { finishTime: seconds(end.finishedAt), oomKilled: end.oomKilled }),
    ...(end?.exitCode === undefined ? {} : { exitCode: end.exitCode }),
    ...(end === undefined ? {} : { lastTermination: terminationOf(end) }),
    ...particular,
  };
}

function terminationOf(end: ContainerEnd): NonNullable<StatusReport['lastTermination']> {
  const message = end.message ?? end.failure?.message;
  return {
    ...(end.containerId === undefined ? {} : { containerID: end.containerId }),
    ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
    reason: endReason(end),
    ...(message === undefined ? {} : { message }),
    ...(end.startedAt === undefined ? {} : { startTime: seconds(end.startedAt) }),
    finishTime: seconds(end.finishedAt),
  };
}

/** `readiness`: what its probes found; undefined while they have found nothing. */
export function runningReport(
  task: StoredTask,
  record: TaskRecord,
  container: ContainerDetails,
  readiness: Readiness | undefined,
): StatusReport {
  const presumed = presumedReadiness(task, container);
  const ready =
    readiness?.isReady === undefined ? presumed : { isReady: readiness.isReady, message: readiness.message };
  const ports = container.ports.map(({ containerPort, hostPort, hostIP, protocol }) => ({
    containerPort,
    hostPort,
    ...(hostIP === undefined ? {} : { hostIP }),
    protocol: protocol.toUpperCase(),
  }));
  return baseReport(task, record, {
    state: 'Running',
    attempt: container.identity.attempt,
    containerID: container.id,
    started: readiness?.hasStarted ?? hasStarted(task, container),
    ...(container.startedAt === undefined ? {} : { startTime: seconds(container.startedAt) }),
    ...(ports.length === 0 ? {} : { ports }),
    ...(container.ipAddress === undefined ? {} : { podIP: container.ipAddress }),
    ...(container.phase === 'paused'
      ? { reason: 'Paused', message: pausedMessage(container.id) }
      : ready.isReady
        ? {}
        : { reason: 'NotReady', message: ready.message }),
  });
}

/** The engine does not end a container that it was asked to stop; undefined while nothing of the kind is known. */
export function stuckReport(
  task: StoredTask,
  record: TaskRecord,
  container: ContainerDetails | undefined,
): StatusReport | undefined {
  const { attempt, message, stuck } = record.stopping ?? {};
  if (stuck === undefined || attempt === undefined || !container || container.identity.attempt !== attempt)
    return undefined;
  return baseReport(task, record, {
    state: 'Running',
    attempt,
    containerID: container.id,
    ...(container.startedAt === undefined ? {} : { startTime: seconds(container.startedAt) }),
    reason: 'StopFailed',
    message: message === undefined ? stuck : `${message}: ${stuck}`,
  });
}

export function pausedMessage(containerId: string): string {
  return `somebody paused the container (docker commit does, too): docker unpause ${containerId.slice(0, 12)}`;
}

/** Without a word of the probes: ready if it has none, or if it was ready before this worker was started again. */
function presumedReadiness(task: StoredTask, container: ContainerDetails): { isReady: boolean; message: string } {
  const { startupProbe, readinessProbe } = task.spec;
  const wasReady =
    task.status?.containerID === container.id && findCondition(task.status.conditions, 'Ready')?.status === 'True';
  if (wasReady || !(startupProbe ?? readinessProbe)) return { isReady: true, message: '' };
  return { isReady: false, message: `its ${startupProbe ? 'startup' : 'readiness'} probe has not succeeded yet` };
}

/** The same of its start. */
function hasStarted({ spec, status }: StoredTask, container: ContainerDetails): boolean {
  return !spec.startupProbe || (status?.containerID === container.id && status.started === true);
}

/** A container is about to be made: after another one, or for the first time (then there is nothing to add). */
export function startingReport(task: StoredTask, record: TaskRecord): StatusReport {
  const { end, restarting, problem } = record;
  return baseReport(task, record, {
    state: 'Scheduled',
    ...(problem
      ? { reason: problem.reason, message: problem.message }
      : restarting && end
        ? { reason: 'Restarting', message: `starting again (${describeEnd(end)})` }
        : {}),
  });
}

/** For so long a task is told to have ended before it is told to wait, so that whoever watches sees both. */
const endIsNewsMilliseconds = 1_000;

/** Until when the end of the last container is what is told, instead of the wait that follows it. */
export function endIsNewsUntil({ end, problem }: TaskRecord): number {
  return end?.seenAt === undefined || problem ? -Infinity : end.seenAt + endIsNewsMilliseconds;
}

/** It will be tried again at nextStartAt. */
export function backOffReport(task: StoredTask, record: TaskRecord, now: number): StatusReport {
  const { end, problem, nextStartAt = 0 } = record;
  // A clock that was set back makes no news of it for longer.
  const isNews = now < endIsNewsUntil(record) && now >= (end?.seenAt ?? now);
  return baseReport(task, record, {
    state: 'Scheduled',
    nextStartTime: toTimestamp(nextStartAt),
    ...(problem
      ? { reason: problem.reason, message: `${problem.message}; next try after ${backOffSeconds(record)}s` }
      : end && isNews
        ? { reason: endReason(end), message: describeEnd(end) }
        : { reason: 'BackOff', message: backOffMessage(record) }),
  });
}

export function backOffMessage(record: TaskRecord): string {
  return `back-off ${backOffSeconds(record)}s restarting failed container${record.end ? ` (${describeEnd(record.end)})` : ''}`;
}

export function finishedReport(task: StoredTask, record: TaskRecord): StatusReport {
  const { finished, end } = record;
  return baseReport(task, record, {
    state: finished?.state ?? 'Failed',
    reason: finished?.reason ?? (end ? endReason(end) : 'Error'),
    message: finished?.message ?? '',
    ...(end?.startedAt === undefined ? {} : { startTime: seconds(end.startedAt) }),
  });
}

/** The delay that the record's wait was given: from what it counts, so that the sentence stays the same all along. */
function backOffSeconds({ nextStartAt = 0, waitsFrom }: TaskRecord): number {
  return Math.round(Math.max(0, nextStartAt - (waitsFrom ?? nextStartAt)) / 1000);
}

/**
 * The next merge patch of /status that brings the stored status nearer to the report, or undefined when it says so
 * already. Moves that the table of states does not allow at once are made one by one: `isLast` is false until the last.
 */
export function statusPatch(
  task: StoredTask,
  report: StatusReport,
  reporter: { nodeName: string; hostIP?: string },
  now: number,
): { body: JsonObject; isLast: boolean } | undefined {
  const from = task.status?.state ?? 'Pending';
  const next = nextMove(from, report.state);
  if (next === undefined) return undefined;
  if (next !== report.state) return { body: { state: next, reason: null, message: null }, isLast: false };
  const changes: JsonObject = {};
  const current = (task.status ?? {}) as Record<string, unknown>;
  const wanted: Record<string, unknown> = { ...report, ...reporter };
  for (const field of new Set([...clearedWhenAbsent, ...Object.keys(wanted)])) {
    const value = own(wanted, field);
    if (value === undefined && own(current, field) !== undefined) changes[field] = null;
    else if (value !== undefined && canonicalJson(value) !== canonicalJson(own(current, field))) {
      changes[field] = value as JsonObject;
    }
  }
  const ready = readyCondition(report);
  const old = findCondition(task.status?.conditions, 'Ready');
  if (old?.status !== ready.status || old.reason !== ready.reason) {
    changes['conditions'] = setCondition(task.status?.conditions, ready, toTimestamp(now)) as unknown as JsonObject[];
  }
  return Object.keys(changes).length === 0 ? undefined : { body: changes, isLast: true };
}

function readyCondition(report: StatusReport): { type: string; status: 'True' | 'False'; reason: string } {
  return report.state === 'Running' && report.reason === undefined
    ? { type: 'Ready', status: 'True', reason: 'Running' }
    : { type: 'Ready', status: 'False', reason: report.reason ?? report.state };
}

/** The first step of the shortest allowed way; never through Pending, which hands the task to another worker. */
export function nextMove(from: State, to: State): State | undefined {
  if (canMove(from, to)) return to;
  const firstSteps = new Map<State, State>(
    movesFrom(from)
      .filter((state) => state !== 'Pending')
      .map((state) => [state, state]),
  );
  for (let round = 0; round < taskStates.length; round++) {
    for (const [reached, first] of firstSteps) {
      if (canMove(reached, to)) return first;
      for (const next of movesFrom(reached)) {
        if (next !== 'Pending' && !firstSteps.has(next)) firstSteps.set(next, first);
      }
    }
  }
  return undefined;
}

function seconds(timestamp: string): string {
  const milliseconds = Date.parse(timestamp);
  return Number.isNaN(milliseconds) ? timestamp : toTimestamp(milliseconds);
}
