/**
 * What a worker remembers of a task, brought up to date with the containers that are there. In: the task, its containers, the
 * record so far; out: the record. Pure. Always holds: each end counts once, and one that orch brought about counts as no failure.
 */
import { isMadeFrom, specHash } from '../model/spec-hash.js';
import type { StoredTask } from '../model/task.js';
import type { ContainerDetails } from '../runtime/container-runtime.js';
import { toTimestamp } from '../support/clock.js';
import { newestOf } from './container-phase.js';
import type { ProbeFailure } from './probes/probe-runner.js';
import { describeEnd, endReason, recordEnd } from './restart-policy.js';
import { revisionOf } from './task-key.js';
import type { ContainerEnd, StopReason, TaskRecord } from './task-record.js';
import { resetForSpec } from './task-record.js';

/** Takes in what became known: a new spec, and the end of the container that was last seen alive. */
export function settleRecord(
  task: StoredTask,
  {
    containers,
    record,
    now,
    lastWords,
  }: { containers: readonly ContainerDetails[]; record: TaskRecord; now: number; lastWords?: string | undefined },
): TaskRecord {
  const hash = specHash(task.spec);
  const known = withLateWord(record, containers);
  const current =
    known.specHash !== undefined && !isMadeFrom(known.specHash, task.spec) ? resetForSpec(known, hash) : known;
  const newest = newestOf(containers);
  const ended = newEnd(containers, current);
  if (ended) {
    const end = { ...endOf(ended, current, now), ...(lastWords ? { message: lastWords } : {}) };
    const next = { ...current, attempt: ended.identity.attempt, specHash: hash };
    return countsAsEnd(isMadeFrom(ended.identity.specHash, task.spec), next, end.attempt)
      ? recordEnd(next, end, task.spec.restartPolicy, now)
      : withoutCounting(next, end);
  }
  const { running } = current;
  if (running && running.attempt > (newest?.identity.attempt ?? 0)) {
    const end: ContainerEnd = {
      attempt: running.attempt,
      containerId: running.containerId,
      finishedAt: toTimestamp(now),
      oomKilled: false,
      seenAt: now,
      ...(running.startedAt === undefined ? {} : { startedAt: running.startedAt }),
    };
    return countsAsEnd(known === current, current, end.attempt)
      ? recordEnd({ ...current, specHash: hash }, end, task.spec.restartPolicy, now)
      : withoutCounting(current, end);
  }
  return current;
}

/** The container whose end is not recorded yet. Pure. */
export function newEnd(containers: readonly ContainerDetails[], record: TaskRecord): ContainerDetails | undefined {
  const newest = newestOf(containers);
  const hasEnded = newest?.phase === 'exited' || newest?.phase === 'dead';
  return hasEnded && newest.identity.attempt >= record.attempt && !isRecorded(newest, record.end) ? newest : undefined;
}

/** The engine may say that memory ran out a moment after it told of the end: the same end, known better; it counts once. */
function withLateWord(record: TaskRecord, containers: readonly ContainerDetails[]): TaskRecord {
  const { end, finished } = record;
  const isLate = containers.some(
    (container) => container.oomKilled && container.id === end?.containerId && isRecorded(container, end),
  );
  if (!end || end.oomKilled || !isLate) return record;
  const better = { ...end, oomKilled: true };
  if (finished?.reason !== endReason(end)) return { ...record, end: better };
  return {
    ...record,
    end: better,
    finished: { ...finished, reason: endReason(better), message: describeEnd(better) },
  };
}

/** A container that somebody started again by hand ends a second time: then at another time than is recorded. */
function isRecorded(container: ContainerDetails, end: ContainerEnd | undefined): boolean {
  if (end?.attempt !== container.identity.attempt) return false;
  if (container.finishedAt === undefined) return true;
  return toTimestamp(Date.parse(container.finishedAt)) === toTimestamp(Date.parse(end.finishedAt));
}

/** An end that orch itself brought about, for a new spec or a stop, is no failure of the task. */
function countsAsEnd(sameSpec: boolean, record: TaskRecord, attempt: number): boolean {
  const because = record.stopping?.attempt === attempt ? record.stopping.because : undefined;
  // A start that failed is told, and waited for, as that problem.
  if (record.problem?.attempt === attempt) return false;
  return sameSpec && because !== 'Stopped' && because !== 'SpecChanged' && because !== 'Superseded';
}

function withoutCounting(record: TaskRecord, end: ContainerEnd): TaskRecord {
  const { running: _running, stopping: _stopping, ...kept } = record;
  return { ...kept, end };
}

function endOf(container: ContainerDetails, record: TaskRecord, now: number): ContainerEnd {
  const { attempt } = container.identity;
  const stopped = record.stopping?.attempt === attempt ? record.stopping : undefined;
  const startedAt = container.startedAt ?? (record.running?.attempt === attempt ? record.running.startedAt : undefined);
  return {
    attempt,
    containerId: container.id,
    finishedAt: container.finishedAt ?? toTimestamp(now),
    oomKilled: container.oomKilled,
    seenAt: now,
    ...(container.exitCode === undefined ? {} : { exitCode: container.exitCode }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(stopped && isProbeFailure(stopped.because)
      ? { failure: { reason: stopped.because, message: stopped.message ?? stopped.because } }
      : {}),
  };
}

/** Whether a task that was over is wanted again: the user started it, or the manager scheduled it anew. */
export function startedAgain(task: StoredTask, { finished }: TaskRecord): boolean {
  if (!finished) return false;
  const state = task.status?.state;
  if (finished.reason === 'Stopped') return state !== 'Completed';
  return finished.revision !== undefined && revisionOf(task) > finished.revision && state === 'Scheduled';
}

/** The record of a task that begins anew, with its spec as it was. */
export function again(record: TaskRecord): TaskRecord {
  return resetForSpec(record, record.specHash ?? '');
}

export function isProbeFailure(because: StopReason): because is ProbeFailure {
  return because === 'LivenessProbeFailed' || because === 'StartupProbeFailed';
}
