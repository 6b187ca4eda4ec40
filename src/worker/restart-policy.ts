import type { TaskSpec } from '../model/task.js';
import type { BackoffPolicy } from '../support/backoff.js';
import { backoffDelay } from '../support/backoff.js';
import type { ContainerEnd, TaskRecord } from './task-record.js';

/** Restarts wait 0, 10, 20, 40 ... 300 s. */
export const restartBackoff: BackoffPolicy = { initialMilliseconds: 10_000, maxMilliseconds: 300_000 };

/** A container that ran this long is taken as healthy: the next restart waits 0 s again. */
const healthyAfterMilliseconds = 600_000;

/** What the end of a container means: the task is over, or a restart is due at some time. */
export function recordEnd(
  record: TaskRecord,
  end: ContainerEnd,
  restartPolicy: TaskSpec['restartPolicy'],
  now: number,
): TaskRecord {
  const { running, stopping: _stopping, ...kept } = record;
  const failed = end.failure !== undefined || end.exitCode !== 0;
  const ended = { ...kept, end };
  if (restartPolicy === 'Never' || (restartPolicy === 'OnFailure' && !failed)) {
    return {
      ...ended,
      finished: { state: failed ? 'Failed' : 'Completed', reason: endReason(end), message: describeEnd(end) },
    };
  }
  const finishedAt = Date.parse(end.finishedAt);
  const startedAt = Date.parse(end.startedAt ?? running?.startedAt ?? '');
  const ranLong = finishedAt - startedAt >= healthyAfterMilliseconds;
  const failures = ranLong ? 0 : record.failures;
  const delay = backoffDelay(restartBackoff, failures);
  // From the end, so that a wait goes on where it was after a restart of the worker; never longer than the delay,
  // wherever the clocks stand.
  const waitsFrom = Math.min(Number.isNaN(finishedAt) ? now : finishedAt, now);
  return {
    ...ended,
    failures: failures + 1,
    restarting: true,
    waitsFrom,
    nextStartAt: waitsFrom + delay,
  };
}

/**
 * A wait lasts as long as it was meant to, wherever the wall clock is set meanwhile: one that began in the future begins now.
 * (A clock set forward only shortens it.)
 */
export function rebaseWait(record: TaskRecord, now: number): TaskRecord {
  const { waitsFrom, nextStartAt } = record;
  if (waitsFrom === undefined || nextStartAt === undefined || waitsFrom <= now) return record;
  return { ...record, waitsFrom: now, nextStartAt: now + Math.max(0, nextStartAt - waitsFrom) };
}

/** One word for how a container ended. */
export function endReason(end: ContainerEnd): string {
  if (end.failure) return end.failure.reason;
  if (end.exitCode === undefined) return 'ContainerGone';
  if (end.oomKilled && end.exitCode !== 0) return 'OOMKilled';
  return end.exitCode === 0 ? 'Completed' : 'Error';
}

/** The same as a phrase: `exit code 137, out of memory`. */
export function describeEnd(end: ContainerEnd): string {
  if (end.failure) return end.failure.message;
  if (end.exitCode === undefined) return 'the container was removed by somebody else';
  return `exit code ${end.exitCode}${end.oomKilled ? ', out of memory' : ''}`;
}

/** Pulls, creates and starts that fail are tried again after 10, 20, 40 ... 300 s. */
export function recordProblem(
  record: TaskRecord,
  problem: { reason: string; message: string; attempt?: number },
  now: number,
): TaskRecord {
  const failures = (record.problem?.failures ?? 0) + 1;
  return {
    ...record,
    problem: { ...problem, failures },
    waitsFrom: now,
    nextStartAt: now + backoffDelay(restartBackoff, failures),
  };
}
