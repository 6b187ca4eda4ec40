import { isMadeFrom, specHash } from '../model/spec-hash.js';
import type { StoredTask, TaskStatus } from '../model/task.js';
import type { FileHashes } from './config/container-inputs.js';
import type { ProbeFailure } from './probes/probe-runner.js';
import { revisionOf } from './task-key.js';

/**
 * What a worker remembers of one task beyond its object and its containers: how often it failed, what was reported,
 * when it may start again. Plain data; lives in the checkpoint, so that restarts and backoff go on after any crash.
 */
export interface TaskRecord {
  /** The highest attempt that a container was made for. */
  attempt: number;
  /** The last attempt whose container got all the files and folders that it needs: another one that was created must not start. */
  filled?: number;
  /** Names of the emptyDirs that a program has had: their permissions are its own. */
  usedVolumes?: readonly string[];
  /** Volumes of the engine that a container of the task was made with. */
  dockerVolumes?: readonly string[];
  /** What that container has as files. */
  fileHashes?: FileHashes;
  /** The spec that failures, finished and problem are about. */
  specHash?: string;
  /** Ends in a row, each after less than the time that resets the backoff. */
  failures: number;
  /** Containers started because another one had ended. */
  restarts: number;
  /** The container as last seen alive; absent once its end was recorded. */
  running?: { containerId: string; attempt: number; startedAt?: string; isPaused?: boolean };
  /** The last container that ended. */
  end?: ContainerEnd;
  /** The next container counts as a restart. */
  restarting?: boolean;
  /** Not before this time, milliseconds since the epoch: wall clock, as it must survive a restart of the machine. */
  nextStartAt?: number;
  /** When that wait began. */
  waitsFrom?: number;
  /** What holds the start up, and how often it did in a row. */
  problem?: { reason: string; message: string; failures: number; attempt?: number };
  /** The task is over for this spec. `revision`: of the write that told the manager so. */
  finished?: { state: 'Completed' | 'Failed'; reason: string; message: string; revision?: number };
  /** Why orch itself stopped the container of an attempt. `stuck`: what keeps the engine from ending it. */
  stopping?: { attempt: number; because: StopReason; message?: string; stuck?: string };
}

export type StopReason = 'SpecChanged' | 'Stopped' | 'Deleted' | 'Released' | 'Superseded' | ProbeFailure;

export interface ContainerEnd {
  attempt: number;
  containerId?: string;
  startedAt?: string;
  /** RFC 3339, by the engine's clock. */
  finishedAt: string;
  /** Absent when nobody can say: the container was removed by hand. */
  exitCode?: number;
  oomKilled: boolean;
  /** When this worker first saw that it had ended, milliseconds since the epoch. */
  seenAt?: number;
  /** What the program left for people. */
  message?: string;
  /** Set when orch ended it for this reason: a failure whatever the exit code is. */
  failure?: { reason: string; message: string };
}

/**
 * The record to begin with when the checkpoint has none: from what was reported about the task before, so that a lost
 * checkpoint starts no finished task again and attempts keep rising.
 */
export function initialRecord(task: StoredTask | undefined): TaskRecord {
  const status = task?.status;
  if (!task || !status) return { attempt: 0, failures: 0, restarts: 0 };
  const { attempt = 0 } = status;
  const hash = status.specHash ?? specHash(task.spec);
  const nextStartAt = status.nextStartTime === undefined ? NaN : Date.parse(status.nextStartTime);
  const isFinished = (status.state === 'Completed' || status.state === 'Failed') && isMadeFrom(hash, task.spec);
  return {
    attempt,
    specHash: hash,
    failures: 0,
    restarts: status.restartCount ?? 0,
    ...(status.state === 'Running' && status.containerID !== undefined
      ? { running: { containerId: status.containerID, attempt } }
      : {}),
    ...(status.finishTime === undefined
      ? {}
      : {
          end: {
            // While it runs, the end that is told is that of the container before.
            attempt: status.state === 'Running' ? attempt - 1 : attempt,
            ...whole(status.lastTermination),
            finishedAt: status.finishTime,
            oomKilled: status.oomKilled ?? false,
            ...(status.exitCode === undefined ? {} : { exitCode: status.exitCode }),
          },
        }),
    ...(Number.isNaN(nextStartAt)
      ? {}
      : { nextStartAt, waitsFrom: Date.parse(status.finishTime ?? '') || nextStartAt, restarting: true }),
    ...(isFinished
      ? {
          finished: {
            state: status.state === 'Failed' ? 'Failed' : 'Completed',
            reason: status.reason ?? '',
            message: status.message ?? '',
            revision: revisionOf(task),
          },
        }
      : {}),
  };
}

/** What only the last termination tells of an end. */
function whole({
  containerID,
  startTime,
  message,
}: NonNullable<TaskStatus['lastTermination']> = {}): Partial<ContainerEnd> {
  return {
    ...(containerID === undefined ? {} : { containerId: containerID }),
    ...(startTime === undefined ? {} : { startedAt: startTime }),
    ...(message === undefined ? {} : { message }),
  };
}

/** For a task that left and comes back: of its earlier time here only the attempts count, and what became of its volumes. */
export function recordOfReturned(task: StoredTask, earlier: TaskRecord | undefined): TaskRecord {
  const record = initialRecord(task);
  const { attempt = 0, usedVolumes, dockerVolumes } = earlier ?? {};
  return {
    ...record,
    attempt: Math.max(record.attempt, attempt),
    ...(usedVolumes ? { usedVolumes } : {}),
    ...(dockerVolumes ? { dockerVolumes } : {}),
  };
}

/** Forgets what a new spec makes void: failures, backoff, the end state. */
export function resetForSpec(record: TaskRecord, hash: string): TaskRecord {
  const {
    problem: _problem,
    finished: _finished,
    nextStartAt: _nextStartAt,
    waitsFrom: _waitsFrom,
    restarting: _restarting,
    ...kept
  } = record;
  return { ...kept, specHash: hash, failures: 0 };
}
