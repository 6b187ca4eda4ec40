/**
 * The decision of a worker, for one task: what is wanted, which containers there are and what is remembered come in; the
 * next steps, the record to remember and the status to report go out. Pure. Always holds: a converged task has no steps;
 * no container is started while another of the same task lives; attempts only rise; nothing stops a container but the
 * task's own wish, its deletion, its failed probe, or a tombstone that the manager gave when asked; no wish that is
 * older than the container does. One that somebody paused stays as it is, and its probes count for nothing meanwhile.
 */
import { isMadeFrom, specHash } from '../model/spec-hash.js';
import type { StoredTask } from '../model/task.js';
import type { ContainerDetails, PullPolicy } from '../runtime/container-runtime.js';
import { own } from '../support/own.js';
import type { FileHashes } from './config/container-inputs.js';
import { isAlive, newestOf } from './container-phase.js';
import type { Readiness } from './probes/probe-runner.js';
import { rebaseWait } from './restart-policy.js';
import { again, isProbeFailure, settleRecord, startedAgain } from './settle-record.js';
import type { StopReason, TaskRecord } from './task-record.js';
import { resetForSpec } from './task-record.js';
import type { StatusReport } from './task-status.js';
import {
  backOffReport,
  baseReport,
  endIsNewsUntil,
  finishedReport,
  runningReport,
  startingReport,
  stuckReport,
} from './task-status.js';
import { needsFilling, withUsedVolumes } from './used-volumes.js';

export type Step =
  /** The task left the assignments: ask the manager for this very one before anything is stopped. */
  | { type: 'askTombstone' }
  | { type: 'ensureImage'; image: string; policy: PullPolicy }
  | { type: 'createContainer'; attempt: number }
  | { type: 'startContainer'; attempt: number }
  | {
      type: 'stopContainer';
      id: string;
      attempt: number;
      graceSeconds: number;
      preStop?: readonly string[];
      because: StopReason;
      message: string;
    }
  | { type: 'removeContainer'; id: string }
  /** Its files at these places are others now. */
  | { type: 'updateFiles'; id: string; attempt: number; targets: readonly string[] }
  /** Its containers are gone: the object may go. */
  | { type: 'confirmDeletion' }
  /** Nothing of it is left here. */
  | { type: 'forget' };

export interface PlanInput {
  /** As last known; undefined when it is not, or no longer, assigned to this worker. */
  task: StoredTask | undefined;
  /** The task is as the checkpoint has it: since it started, this worker has not heard of it from the manager. */
  isRemembered?: boolean;
  /** Without a task: whether the manager said so when asked for it. False: its answer is not enough, all stays. */
  release?: { confirmed: boolean; graceSeconds?: number };
  /** Every container of this task on this worker. */
  containers: readonly ContainerDetails[];
  record: TaskRecord;
  /** What the probes found of a container; undefined while they have found nothing. Absent: nothing is probed. */
  readiness?: (containerId: string) => Readiness | undefined;
  /** The files that its container should have; undefined while nothing newer is known than what it was made with. */
  files?: FileHashes | undefined;
  /** What the program of the container whose end is not recorded yet left for people. */
  lastWords?: string | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface Plan {
  /** To do in this order; when one fails the rest is dropped and the plan is made again. */
  steps: Step[];
  record: TaskRecord;
  report?: StatusReport;
  /** Plan again at this time, milliseconds since the epoch. */
  wakeAt?: number;
}

const defaultGraceSeconds = 30;
const removalPollMilliseconds = 2_000;

export function planConvergence(input: PlanInput): Plan {
  const { task } = input;
  if (!task) return planRelease(input);
  if (task.metadata.deletionTimestamp) return planDeletion(task, input);
  const settled = settleRecord(task, { ...input, record: rebaseWait(input.record, input.now) });
  const current = withUsedVolumes(task, input.containers, settled);
  if (task.spec.desiredState === 'Completed') return planStop(task, input, current);
  return planRun(task, input, startedAgain(task, current) ? again(current) : current);
}

function planRelease({ release, containers, record }: PlanInput): Plan {
  // Also where nothing runs: a wrong list would have its attempts and its backoff forgotten.
  if (!release) return { steps: [{ type: 'askTombstone' }], record };
  if (!release.confirmed) return { steps: [], record };
  const graceSeconds = release.graceSeconds ?? defaultGraceSeconds;
  const stops = stopAll(containers, {
    graceSeconds,
    because: 'Released',
    message: 'the task is not on this worker any more',
  });
  return { steps: [...stops, ...removeAll(containers), { type: 'forget' }], record };
}

function planDeletion(task: StoredTask, { containers, record }: PlanInput): Plan {
  const graceSeconds = task.metadata.deletionGracePeriodSeconds ?? graceOf(task);
  const stops = stopAll(containers, { ...stopping(task, 'Deleted', 'the task is being deleted'), graceSeconds });
  const steps: Step[] = [...stops, ...removeAll(containers), { type: 'confirmDeletion' }];
  return { steps, record, ...stuck(task, containers, record) };
}

function planStop(task: StoredTask, input: PlanInput, record: TaskRecord): Plan {
  const { containers, now } = input;
  const live = containers.filter(isAlive);
  if (live.length > 0) {
    if (isBehind(input, newestOf(live))) return { steps: [], record: input.record };
    return {
      steps: stopAll(live, stopping(task, 'Stopped', 'stopped by the user')),
      record,
      ...stuck(task, live, record),
      ...wake(containers, now),
    };
  }
  const unused = containers.filter((container) => container.phase === 'created');
  const used = containers.filter((container) => container.phase !== 'created');
  const finished =
    record.finished?.state === 'Completed'
      ? record.finished
      : { state: 'Completed' as const, reason: 'Stopped', message: 'stopped by the user' };
  const next = withAttemptsOf(unused, { ...resetForSpec(record, specHash(task.spec)), finished });
  return {
    steps: [...removeAll(unused), ...removeOlder(used, newestOf(used))],
    record: next,
    report: finishedReport(task, next),
  };
}

function planRun(task: StoredTask, input: PlanInput, record: TaskRecord): Plan {
  const { containers, now } = input;
  const hash = specHash(task.spec);
  const newest = newestOf(containers);
  const superseded = containers.filter((container) => container !== newest && isAlive(container));
  if (superseded.length > 0) {
    return { steps: stopAll(superseded, stopping(task, 'Superseded', 'a newer container took over')), record };
  }
  if (newest && isAlive(newest)) return planAlive(task, newest, input, record, hash);
  if (newest?.phase === 'removing') return { steps: [], record, wakeAt: now + removalPollMilliseconds };
  if (newest?.phase === 'created') {
    const { attempt, specHash: madeFrom } = newest.identity;
    // The worker may have died before it had put the files in and opened the folders, or before it could note that it had.
    const isFilled = record.filled === attempt || !needsFilling(task.spec);
    const unfit = !isMadeFrom(madeFrom, task.spec) || record.problem?.attempt === attempt || !isFilled;
    if (unfit || record.finished) {
      return { steps: [{ type: 'removeContainer', id: newest.id }], record: withAttemptsOf(containers, record) };
    }
    return {
      steps: [{ type: 'startContainer', attempt }],
      record,
      report: startingReport(task, record),
    };
  }
  if (record.finished) {
    return { steps: removeOlder(containers, newest), record, report: finishedReport(task, record) };
  }
  if (record.nextStartAt !== undefined && record.nextStartAt > now) {
    return {
      steps: removeOlder(containers, newest),
      record,
      report: backOffReport(task, record, now),
      wakeAt: nextLook(record.nextStartAt, endIsNewsUntil(record), now),
    };
  }
  // Also beyond what another worker reported: here may be an older record, from before the task was there.
  const attempt = Math.max(record.attempt, newest?.identity.attempt ?? 0, task.status?.attempt ?? 0) + 1;
  return {
    steps: [
      { type: 'ensureImage', image: task.spec.image, policy: task.spec.imagePullPolicy ?? 'IfNotPresent' },
      { type: 'createContainer', attempt },
      { type: 'startContainer', attempt },
    ],
    record,
    report: startingReport(task, record),
  };
}

function planAlive(
  task: StoredTask,
  newest: ContainerDetails,
  input: PlanInput,
  record: TaskRecord,
  hash: string,
): Plan {
  const { containers, readiness } = input;
  const stop = (because: StopReason, message: string): Plan => ({
    steps: stopAll([newest], stopping(task, because, message)),
    record,
    report: baseReport(task, record, { state: 'Scheduled', reason: because, message }),
    ...stuck(task, [newest], record),
  });
  if (!isMadeFrom(newest.identity.specHash, task.spec)) {
    if (isBehind(input, newest)) return { steps: [], record: input.record };
    return stop('SpecChanged', 'the spec changed: its container is replaced');
  }
  const { attempt } = newest.identity;
  const isPaused = newest.phase === 'paused';
  // Nobody answers in a container that somebody paused: that is no failure of the task.
  if (!isPaused && record.stopping?.attempt === attempt && isProbeFailure(record.stopping.because)) {
    return stop(record.stopping.because, record.stopping.message ?? 'a probe failed');
  }
  const { stopping: _stopping, end, ...kept } = record;
  const next: TaskRecord = {
    ...resetForSpec(kept, hash),
    failures: record.failures,
    // A container that lives again, started by hand, has not ended: its next end counts.
    ...(end && end.attempt !== attempt ? { end } : {}),
    attempt: Math.max(record.attempt, attempt),
    running: {
      containerId: newest.id,
      attempt,
      ...(newest.startedAt === undefined ? {} : { startedAt: newest.startedAt }),
      ...(isPaused ? { isPaused } : {}),
    },
  };
  return {
    steps: [...removeOlder(containers, newest), ...updateFiles(newest, input.files, record)],
    record: next,
    report: runningReport(task, next, newest, readiness?.(newest.id)),
  };
}

/** Of an attempt that nobody remembers, all files are taken as others. */
function updateFiles({ id, phase, identity }: ContainerDetails, files: FileHashes = {}, record: TaskRecord): Step[] {
  const { attempt } = identity;
  const has = (record.filled === attempt ? record.fileHashes : undefined) ?? {};
  const targets = Object.keys(files).filter((target) => own(has, target) !== own(files, target));
  return phase === 'running' && targets.length > 0 ? [{ type: 'updateFiles', id, attempt, targets }] : [];
}

/**
 * Whether what is remembered is older than this container: the worker died before it could write down what the container was
 * made for, or its disk is an older one. Then the manager has to say what is wanted before the container is stopped for it.
 */
function isBehind({ isRemembered, record }: PlanInput, container: ContainerDetails | undefined): boolean {
  return isRemembered === true && (container?.identity.attempt ?? 0) > record.attempt;
}

/** What is removed unused was an attempt too, also when the worker died before it could note it. */
function withAttemptsOf(containers: readonly ContainerDetails[], record: TaskRecord): TaskRecord {
  const attempt = Math.max(record.attempt, newestOf(containers)?.identity.attempt ?? 0);
  return attempt === record.attempt ? record : { ...record, attempt };
}

/** All but the newest and the one before it: that one's output is still wanted (`logs --previous`). */
function removeOlder(containers: readonly ContainerDetails[], newest: ContainerDetails | undefined): Step[] {
  const older = containers
    .filter((container) => container !== newest && !isAlive(container))
    .sort((a, b) => b.identity.attempt - a.identity.attempt);
  const previous = newest && isAlive(newest) ? older.find((container) => container.phase !== 'created') : undefined;
  return removeAll(older.filter((container) => container !== previous));
}

function removeAll(containers: readonly ContainerDetails[]): Step[] {
  return containers.map(({ id }) => ({ type: 'removeContainer', id }));
}

function stuck(task: StoredTask, containers: readonly ContainerDetails[], record: TaskRecord): Pick<Plan, 'report'> {
  const report = stuckReport(task, record, newestOf(containers.filter(isAlive)));
  return report ? { report } : {};
}

type StopOptions = Pick<Extract<Step, { type: 'stopContainer' }>, 'graceSeconds' | 'preStop' | 'because' | 'message'>;

function stopAll(containers: readonly ContainerDetails[], options: StopOptions): Step[] {
  return containers
    .filter(isAlive)
    .map(({ id, identity }) => ({ type: 'stopContainer', id, attempt: identity.attempt, ...options }));
}

function stopping(task: StoredTask, because: StopReason, message: string): StopOptions {
  const preStop = task.spec.lifecycle?.preStop?.exec.command;
  return { graceSeconds: graceOf(task), because, message, ...(preStop ? { preStop } : {}) };
}

function graceOf(task: StoredTask): number {
  return task.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;
}

function nextLook(nextStartAt: number, newsUntil: number, now: number): number {
  return newsUntil > now ? Math.min(nextStartAt, newsUntil) : nextStartAt;
}

function wake(containers: readonly ContainerDetails[], now: number): { wakeAt?: number } {
  return containers.some((container) => container.phase === 'removing')
    ? { wakeAt: now + removalPollMilliseconds }
    : {};
}
