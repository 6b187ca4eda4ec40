/**
 * Plans and acts for one task key until nothing is to be done: looks (containers, assignment, record), lets
 * planConvergence decide, remembers and reports what it says, executes its steps, and looks again.
 */
import type { StoredTask } from '../model/task.js';
import type { ContainerDetails } from '../runtime/container-runtime.js';
import type { Clock } from '../support/clock.js';
import type { Assignments } from './assignments.js';
import type { CheckpointFile } from './checkpoint-file.js';
import type { InputFiles } from './config/container-inputs.js';
import { fileHashesOf } from './config/container-inputs.js';
import { isAlive } from './container-phase.js';
import { newEnd } from './settle-record.js';
import type { ContainerView } from './container-view.js';
import type { EventRecorder } from './event-recorder.js';
import type { Plan, Step } from './plan-convergence.js';
import { planConvergence } from './plan-convergence.js';
import type { ProbeRunner } from './probes/probe-runner.js';
import type { StatusReporter } from './status-reporter.js';
import { taskKeyOf } from './task-key.js';
import { backOffMessage, baseReport, pausedMessage } from './task-status.js';
import type { TaskRecord } from './task-record.js';
import { initialRecord, recordOfReturned } from './task-record.js';
import type { StartStep, StopStep, Target, UpdateStep } from './step-target.js';
import type { TaskVolumes } from './task-volumes.js';

export interface ConvergerOptions {
  view: ContainerView;
  assignments: Assignments;
  reporter: StatusReporter;
  events: EventRecorder;
  probes: ProbeRunner;
  checkpoint: CheckpointFile;
  clock: Clock;
  startTask: (target: Target & { task: StoredTask }, steps: readonly StartStep[]) => Promise<void>;
  stopTask: (target: Target, step: StopStep) => Promise<void>;
  removeContainer: (id: string) => Promise<void>;
  volumes: TaskVolumes;
  /** The files that the task's container should have. */
  filesOf: (task: StoredTask) => InputFiles[] | undefined;
  /** What the program that has ended left for people; undefined where there is nothing. Never rejects. */
  lastWordsOf: (task: StoredTask, container: ContainerDetails) => Promise<string | undefined>;
  updateFiles: (target: Target, step: UpdateStep, files: readonly InputFiles[]) => Promise<void>;
}

/** Plans made in one go for one task; a task that needs more waits for its next turn. */
const maxRounds = 12;
const nextTurnMilliseconds = 1_000;

/** Whether the container that lives goes on as it is. What is removed does not live. */
function leavesAlive({ type }: Step): boolean {
  return type === 'updateFiles' || type === 'removeContainer';
}

export class Converger {
  /** Told that they wait for the container of another task of their name. */
  private readonly waiting = new Set<string>();

  constructor(private readonly options: ConvergerOptions) {}

  /** Everything that has this key. Resolves with the time of the next look (epoch), Infinity when none is due. */
  async converge(key: string, signal: AbortSignal): Promise<number> {
    let wakeAt = Infinity;
    this.tellWait(key);
    for (const uid of this.uidsOf(key)) wakeAt = Math.min(wakeAt, await this.convergeTask(key, uid, signal));
    return wakeAt;
  }

  /** Of the newest task with this key, which is not looked at before the containers of the others are gone. Also while they are stopped. */
  tellWait(key: string): void {
    const { assignments, checkpoint, events, reporter, view } = this.options;
    const uids = this.uidsOf(key);
    const uid = uids.at(-1) ?? '';
    const task = assignments.task(uid);
    const [old] = uids.slice(0, -1).flatMap((other) => view.known(other).filter(isAlive));
    const isWaiting = task && !task.metadata.deletionTimestamp && view.known(uid).length === 0;
    if (!old || !isWaiting) return void this.waiting.delete(uid);
    const reason = 'WaitingForContainer';
    const message = `the container ${old.name} of an earlier task of this name is being stopped`;
    const record = checkpoint.record(uid) ?? initialRecord(task);
    reporter.report(uid, baseReport(task, record, { state: 'Scheduled', reason, message }));
    if (this.waiting.has(uid)) return;
    this.waiting.add(uid);
    events.record(task, 'Normal', reason, message);
  }

  private async convergeTask(key: string, uid: string, signal: AbortSignal): Promise<number> {
    const { clock, view, assignments, checkpoint, probes } = this.options;
    for (let round = 0; round < maxRounds; round++) {
      if (signal.aborted) return clock.now();
      const containers = await view.refresh(uid);
      const task = assignments.task(uid);
      const release = assignments.release(uid);
      const files = task && this.options.filesOf(task);
      const before = checkpoint.record(uid) ?? initialRecord(checkpoint.task(uid));
      const ended = newEnd(containers, before);
      const lastWords = task && ended && (await this.options.lastWordsOf(task, ended));
      const plan = planConvergence({
        task,
        isRemembered: !assignments.isTold(uid),
        ...(release ? { release } : {}),
        containers,
        record: checkpoint.record(uid) ?? before,
        lastWords,
        readiness: (id) => probes.readiness(uid, id),
        files: files && fileHashesOf(files),
        now: clock.now(),
      });
      if (task) {
        const before = checkpoint.record(uid);
        checkpoint.setRecord(uid, plan.record);
        this.report(task, plan, before?.nextStartAt);
        this.tellPause(task, before?.running, plan.record.running);
      }
      // Also before steps that go on failing: nothing but the end of its container holds probes up.
      if (task && plan.steps.every(leavesAlive)) probes.follow(task, containers.find(isAlive));
      if (plan.steps.length === 0) return plan.wakeAt ?? Infinity;
      const isLast = await this.execute(key, plan.steps, {
        uid,
        ...(task ? { task } : {}),
        record: () => checkpoint.record(uid) ?? plan.record,
        setRecord: (record) => checkpoint.setRecord(uid, record),
        settled: () => checkpoint.settled(),
        signal,
      });
      if (isLast) return Infinity;
    }
    return clock.now() + nextTurnMilliseconds;
  }

  /** True when nothing of the task is left here afterwards. */
  private async execute(key: string, steps: readonly Step[], target: Target): Promise<boolean> {
    const { assignments, checkpoint, volumes, filesOf, stopTask, removeContainer, startTask } = this.options;
    const starting: StartStep[] = [];
    for (const step of steps) {
      if (target.signal.aborted) return false;
      switch (step.type) {
        case 'ensureImage':
        case 'createContainer':
        case 'startContainer':
          starting.push(step);
          break;
        case 'stopContainer':
          await stopTask(target, step);
          break;
        case 'removeContainer':
          // With it goes the last trace of its attempt, if the worker dies before that was written.
          await checkpoint.settled();
          await removeContainer(step.id);
          break;
        case 'updateFiles':
          await this.options.updateFiles(target, step, (target.task && filesOf(target.task)) ?? []);
          break;
        case 'askTombstone':
          await assignments.askTombstone(target.uid, key);
          break;
        case 'confirmDeletion':
          await volumes.remove(target.uid);
          if (target.task) await assignments.confirmDeletion(target.task);
          this.forget(target.uid);
          return true;
        case 'forget':
          if (this.cameBack(target.uid)) return false;
          await volumes.remove(target.uid);
          this.forget(target.uid);
          return true;
      }
    }
    if (starting.length > 0 && target.task) await startTask({ ...target, task: target.task }, starting);
    return false;
  }

  private report(task: StoredTask, { report, record }: Plan, waitedUntil: number | undefined): void {
    if (!report) return;
    const waits = report.nextStartTime !== undefined && !record.problem;
    if (waits && record.nextStartAt !== waitedUntil) {
      this.options.events.record(task, 'Warning', 'BackOff', backOffMessage(record), record.attempt);
    }
    this.options.reporter.report(task.metadata.uid, report);
  }

  private tellPause(task: StoredTask, before: TaskRecord['running'], now: TaskRecord['running']): void {
    if (!now || (before?.isPaused ?? false) === (now.isPaused ?? false)) return;
    const { containerId, attempt } = now;
    const { events } = this.options;
    if (now.isPaused) events.record(task, 'Warning', 'Paused', pausedMessage(containerId), attempt);
    else if (before?.containerId === containerId) {
      events.record(task, 'Normal', 'Unpaused', 'the container goes on', attempt);
    }
  }

  /** A task that was assigned anew while its container was being stopped begins anew. */
  private cameBack(uid: string): boolean {
    const { assignments, checkpoint } = this.options;
    const task = assignments.task(uid);
    if (!task) return false;
    checkpoint.setRecord(uid, recordOfReturned(task, checkpoint.record(uid)));
    return true;
  }

  private forget(uid: string): void {
    this.waiting.delete(uid);
    this.options.probes.stop(uid);
    this.options.reporter.forget(uid);
    this.options.assignments.forget(uid);
  }

  /** Uids with this key: what left goes first, so that its ports are free for what comes. */
  private uidsOf(key: string): string[] {
    const { view, volumes, checkpoint, assignments } = this.options;
    const uids = new Set([...view.uidsOf(key), ...volumes.uidsOf(key)]);
    for (const task of checkpoint.tasks()) if (taskKeyOf(task) === key) uids.add(task.metadata.uid);
    const rank = (uid: string): number => {
      const task = assignments.task(uid);
      return task ? (task.metadata.deletionTimestamp ? 1 : 2) : 0;
    };
    return [...uids].sort((a, b) => rank(a) - rank(b));
  }
}
