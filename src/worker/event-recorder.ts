import type { Client } from '../client/client.js';
import type { StoredTask } from '../model/task.js';
import type { TaskEvent } from '../model/task-event.js';
import { taskEventKind } from '../model/task-event.js';
import type { Clock } from '../support/clock.js';
import { toTimestamp } from '../support/clock.js';
import { errorMessage, isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import { WorkQueue } from '../support/work-queue.js';

export interface EventRecorderOptions {
  client: Client;
  nodeName: string;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** The message without what nobody may be told. */
  mask(taskUid: string, message: string): string;
}

const maxPending = 256;

/**
 * Tells the manager what happened to a task besides its moves (Pulling, Created, Killing ...). In order; at most 256 wait,
 * then the oldest is dropped: events explain, nothing depends on them.
 */
export class EventRecorder {
  private readonly pending: TaskEvent[] = [];
  private readonly queue: WorkQueue;

  constructor(private readonly options: EventRecorderOptions) {
    this.queue = new WorkQueue({
      clock: options.clock,
      random: () => options.random.next(),
      concurrency: 1,
      process: () => this.send(),
      onError: (_key, error) => options.logger.debug('task event not sent yet', { error: errorMessage(error) }),
    });
  }

  record(task: StoredTask, type: 'Normal' | 'Warning', reason: string, message: string, attempt?: number): void {
    const { nodeName, clock } = this.options;
    const { name, namespace = 'default', uid } = task.metadata;
    this.pending.push({
      apiVersion: 'orch.dev/v1',
      kind: 'TaskEvent',
      metadata: { namespace, generateName: `${name}.` },
      task: { name, namespace, uid },
      state: task.status?.state ?? 'Scheduled',
      timestamp: toTimestamp(clock.now()),
      type,
      reason,
      message: this.options.mask(uid, message).slice(0, 1024),
      nodeName,
      source: `worker/${nodeName}`,
      ...(attempt === undefined ? {} : { attempt }),
    });
    if (this.pending.length > maxPending) this.pending.shift();
    this.queue.add('events');
  }

  stop(): Promise<void> {
    return this.queue.stop();
  }

  private async send(): Promise<undefined> {
    for (;;) {
      const event = this.pending[0];
      if (!event) return undefined;
      try {
        await this.options.client.create<TaskEvent>(taskEventKind, event);
      } catch (error) {
        const isPassing = ['ServiceUnavailable', 'Timeout', 'TooManyRequests', 'InternalError'] as const;
        if (isPassing.some((code) => isOrchError(error, code))) throw error;
        this.options.logger.debug('task event refused', { reason: event.reason, error: errorMessage(error) });
      }
      if (this.pending[0] === event) this.pending.shift();
    }
  }
}
