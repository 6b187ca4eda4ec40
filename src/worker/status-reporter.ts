/**
 * Tells the manager how tasks are. In: the newest report of each task; out: merge patches of /status. Always holds: per
 * task the latest report wins and only one is kept, whether the manager is away for a second or a day; nothing is
 * written when nothing changed; each write is conditional on the very task (uid, resourceVersion).
 */
import type { JsonObject } from '../model/json.js';
import { keyOf } from '../model/api-object.js';
import type { StoredTask, Task } from '../model/task.js';
import { taskKind } from '../model/task.js';
import type { Client } from '../client/client.js';
import type { Clock } from '../support/clock.js';
import { toTimestamp } from '../support/clock.js';
import { errorMessage, isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import { WorkQueue } from '../support/work-queue.js';
import { revisionOf } from './task-key.js';
import type { StatusReport } from './task-status.js';
import { statusPatch } from './task-status.js';

export interface Usage {
  cpuMillicores: number;
  memoryBytes: number;
}

export interface StatusReporterOptions {
  client: Client;
  nodeName: string;
  /** The machine's address, if it has one that others could reach. */
  hostIP?: string;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** The task as last known, if it is assigned to this worker. */
  task(uid: string): StoredTask | undefined;
  /** A newer version of a task came back. */
  onTask(task: StoredTask): void;
  /** The manager has this report, as of this revision. */
  onReported(uid: string, report: StatusReport, revision: number): void;
  /** The message without what nobody may be told. */
  mask(taskUid: string, message: string): string;
  /** False: hold everything back for now. */
  mayReport(): boolean;
}

const heldBackMilliseconds = 500;
const concurrency = 8;
/** Longer than any that orch writes: what the engine or a program adds is cut. */
const maxMessageLength = 4096;

export class StatusReporter {
  private readonly reports = new Map<string, StatusReport>();
  private readonly usages = new Map<string, Usage>();
  private readonly queue: WorkQueue;

  constructor(private readonly options: StatusReporterOptions) {
    this.queue = new WorkQueue({
      clock: options.clock,
      random: () => options.random.next(),
      concurrency,
      process: (uid) => this.send(uid),
      onError: (uid, error, retryMilliseconds) =>
        options.logger.debug('status not reported yet', {
          taskUid: uid,
          error: errorMessage(error),
          retryMilliseconds,
        }),
      backoff: { initialMilliseconds: 200, maxMilliseconds: 8_000, jitterFraction: 0.5 },
    });
  }

  /** Tasks with something to tell. */
  get pending(): number {
    return new Set([...this.reports.keys(), ...this.usages.keys()]).size;
  }

  report(uid: string, report: StatusReport): void {
    const tell = (message: string): string => this.options.mask(uid, message).slice(0, maxMessageLength);
    const { message, lastTermination: last } = report;
    this.reports.set(uid, {
      ...report,
      ...(message === undefined ? {} : { message: tell(message) }),
      ...(last?.message === undefined ? {} : { lastTermination: { ...last, message: tell(last.message) } }),
    });
    this.queue.add(uid);
  }

  reportUsage(uid: string, usage: Usage): void {
    this.usages.set(uid, usage);
    this.queue.add(uid);
  }

  forget(uid: string): void {
    this.reports.delete(uid);
    this.usages.delete(uid);
  }

  /** The manager is back, or reports are not held back any more: tries everything at once. */
  retry(): void {
    for (const uid of [...this.reports.keys(), ...this.usages.keys()]) this.queue.add(uid);
  }

  stop(): Promise<void> {
    return this.queue.stop();
  }

  private async send(uid: string): Promise<number | undefined> {
    const { client, nodeName, hostIP, clock, logger } = this.options;
    const task = this.options.task(uid);
    const report = this.reports.get(uid);
    const usage = this.usages.get(uid);
    if (!task || (!report && !usage)) {
      this.forget(uid);
      return undefined;
    }
    if (!this.options.mayReport()) return heldBackMilliseconds;
    const patch =
      report && statusPatch(task, report, { nodeName, ...(hostIP === undefined ? {} : { hostIP }) }, clock.now());
    if (!patch && !usage) {
      this.done(uid, report, revisionOf(task));
      return undefined;
    }
    const status: JsonObject = {
      ...patch?.body,
      ...(usage ? { usage: { ...usage, time: toTimestamp(clock.now()) } } : {}),
    };
    const { resourceVersion } = task.metadata;
    try {
      const { object } = await client.patch<Task>(
        taskKind,
        keyOf(task),
        { metadata: { uid, resourceVersion }, status },
        { subresource: 'status' },
      );
      this.options.onTask(object);
      if (usage === this.usages.get(uid)) this.usages.delete(uid);
      if (patch && !patch.isLast) return 0;
      this.done(uid, report, revisionOf(object));
      return undefined;
    } catch (error) {
      if (isOrchError(error, 'Conflict')) return this.readAgain(uid, task);
      if (isOrchError(error, 'NotFound') || isOrchError(error, 'Invalid') || isOrchError(error, 'BadRequest')) {
        // Not ours any more, or refused for good: the watch says what is true.
        logger.warn('status refused', { taskUid: uid, error: errorMessage(error) });
        this.forget(uid);
        return undefined;
      }
      throw error;
    }
  }

  private async readAgain(uid: string, task: StoredTask): Promise<number | undefined> {
    const fresh = await this.options.client.get<Task>(taskKind, keyOf(task));
    if (fresh.metadata.uid !== uid || fresh.spec.nodeName !== this.options.nodeName) {
      this.forget(uid);
      return undefined;
    }
    this.options.onTask(fresh);
    return 0;
  }

  private done(uid: string, report: StatusReport | undefined, revision: number): void {
    if (!report) return;
    if (this.reports.get(uid) === report) this.reports.delete(uid);
    this.options.onReported(uid, report, revision);
  }
}
