import { formatKey, keyOf } from '../model/api-object.js';
import { nodeKind } from '../model/node.js';
import type { StoredTask } from '../model/task.js';
import type { Registry } from '../registry/registry.js';
import { demandOf } from '../scheduler/demand.js';
import type { Clock } from '../support/clock.js';
import { isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { ClusterIndex } from './cluster-index.js';
import type { EvictionGate } from './eviction-gate.js';
import type { NodeController } from './node-controller.js';
import { planTask, type TaskPlan, type TaskStep } from './plan-task.js';
import { eventSource, writeTask } from './write-task.js';

export interface TaskControllerOptions {
  registry: Registry;
  clock: Clock;
  index: ClusterIndex;
  gate: EvictionGate;
  nodes: NodeController;
  notReadyTolerationMilliseconds: number;
  /** A task was written. */
  onWritten: (task: StoredTask) => void;
}

/** One task: plans by the index, writes through the registry. */
export class TaskController {
  constructor(private readonly options: TaskControllerOptions) {}

  /** Whether there is something to do for the task, now or later. */
  isDue(task: StoredTask): boolean {
    const { step, againAfterMilliseconds } = this.plan(task);
    return step !== undefined || againAfterMilliseconds !== undefined;
  }

  /** Takes the next step, if there is one. Resolves with the milliseconds after which to look again. */
  async reconcile(key: string, logger: Logger): Promise<number | undefined> {
    const { clock, index, gate, onWritten } = this.options;
    const task = index.tasks.get(key);
    if (task === undefined) return undefined;
    const { step, againAfterMilliseconds } = this.plan(task);
    if (step === undefined) return againAfterMilliseconds;
    if (step.type === 'unbind') {
      if (step.reason === 'NodeDeleted' && (await this.nodeExists(task.spec.nodeName))) return undefined;
      const wait = step.because === 'nodeLost' ? gate.ask(clock.monotonic()) : 0;
      if (wait > 0) return wait;
    }
    const written = await this.write(task, step);
    if (written === undefined) return undefined;
    logger.info('task reconciled', {
      task: key,
      step: step.type,
      ...('reason' in step ? { reason: step.reason } : {}),
      ...(task.spec.nodeName === undefined ? {} : { node: task.spec.nodeName }),
    });
    onWritten(written);
    return undefined;
  }

  /** Tells in the task's status why no worker fits. */
  async explain(task: StoredTask, message: string): Promise<void> {
    const { registry, clock, onWritten } = this.options;
    const { reason, message: before = '' } = task.status ?? {};
    // Numbers move with every task that comes and goes: what is free is no news.
    const isNews = reason !== 'Unschedulable' || withoutNumbers(before) !== withoutNumbers(message);
    const written = await writeTask(registry, clock, task, { type: 'explain', reason: 'Unschedulable', message });
    if (written === undefined) return;
    onWritten(written);
    if (!isNews) return;
    const { name, namespace = 'default', uid } = task.metadata;
    await registry.recordTaskEvent({
      task: { name, namespace, uid },
      state: 'Pending',
      type: 'Warning',
      reason: 'FailedScheduling',
      message,
      source: eventSource,
    });
  }

  /** What is promised to a task that starts again where it was counts before the next one is looked at. */
  private async write(task: StoredTask, step: TaskStep): Promise<StoredTask | undefined> {
    const { registry, clock, index } = this.options;
    const nodeName = step.type === 'startAgain' ? step.nodeName : undefined;
    if (nodeName === undefined) return writeTask(registry, clock, task, step);
    index.state.occupy(demandOf(task), nodeName);
    let written: StoredTask | undefined;
    try {
      written = await writeTask(registry, clock, task, step);
    } finally {
      if (written === undefined) index.forgetAssumption(formatKey(keyOf(task)));
    }
    return written;
  }

  private plan(task: StoredTask): TaskPlan {
    const { index, nodes, notReadyTolerationMilliseconds, clock } = this.options;
    const { nodeName = '' } = task.spec;
    const facts = {
      node: index.state.nodeWithout(nodeName, formatKey(keyOf(task))),
      nodeLostSince: nodes.lostSince(nodeName),
      evictingTaints: index.evictingTaints(nodeName),
      onNodeSince: index.arrivalOf(formatKey(keyOf(task))) ?? clock.monotonic(),
      notReadyTolerationMilliseconds,
    };
    return planTask(task, facts, clock.monotonic());
  }

  /** Asks the store itself before tasks are taken from a node: absence from an index is no proof. */
  private async nodeExists(name: string | undefined): Promise<boolean> {
    try {
      await this.options.registry.get(nodeKind, { name: name ?? '' });
      return true;
    } catch (error) {
      if (isOrchError(error, 'NotFound')) return false;
      throw error;
    }
  }
}

function withoutNumbers(text: string): string {
  return text.replaceAll(/[\d.]+/g, '');
}
