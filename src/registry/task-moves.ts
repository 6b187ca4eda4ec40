import { assignedByHand, taskKind, type StoredTask } from '../model/task.js';
import { canMove, movesFrom, type State } from '../model/task-state.js';
import { invalid } from './registry-errors.js';
import type { EventInput, TaskEventInput } from './registry.js';

/** What happened to a task, ready to be written down. */
export type TaskEventDraft = EventInput & { previousState?: State };

/** Throws Invalid unless the life of a task knows this move. `old` undefined: the task is new. */
export function checkTaskMove(old: StoredTask | undefined, next: StoredTask): void {
  const from = old?.status?.state;
  const to = next.status?.state;
  if (to === undefined) {
    throw invalid(taskKind, next.metadata.name, [
      { reason: 'FieldValueRequired', field: 'status.state', message: 'may not be removed: every task has a state' },
    ]);
  }
  if (canMove(from, to)) return;
  const choices = from === undefined ? 'Pending, Scheduled' : movesFrom(from).join(', ');
  throw invalid(taskKind, next.metadata.name, [
    {
      reason: 'FieldValueInvalid',
      field: 'status.state',
      message: `a task may not go from ${from ?? 'nothing'} to ${to}: from ${from ?? 'nothing'} it goes to ${choices}`,
    },
  ]);
}

/** The record of the move between two states of one task; undefined when the state is the same. */
export function describeTaskMove(
  old: StoredTask | undefined,
  next: StoredTask,
  source: string,
): TaskEventDraft | undefined {
  const from = old?.status?.state;
  const to = next.status?.state ?? 'Pending';
  if (old !== undefined && from === to) return undefined;
  const nodeName = next.status?.nodeName ?? next.spec.nodeName ?? old?.spec.nodeName;
  return {
    task: taskReference(next),
    state: to,
    ...(from === undefined ? {} : { previousState: from }),
    type: to === 'Failed' || (from === 'Running' && to === 'Pending') ? 'Warning' : 'Normal',
    ...wordsOf(from, next),
    source,
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(next.status?.attempt === undefined ? {} : { attempt: next.status.attempt }),
  };
}

/** A placement is told as Kubernetes' scheduler tells it: tools look for these words. */
function wordsOf(from: State | undefined, next: StoredTask): { reason: string; message: string } {
  const { metadata, spec, status = {} } = next;
  const { state: to = 'Pending', reason = '', message } = status;
  if (to === 'Scheduled' && ['Placed', assignedByHand].includes(reason)) {
    const task = `${metadata.namespace ?? 'default'}/${metadata.name}`;
    return { reason: 'Scheduled', message: `Successfully assigned ${task} to ${spec.nodeName}` };
  }
  const words = from === undefined ? 'The task was created.' : `The task went from ${from} to ${to}.`;
  return { reason: reason || (from === undefined ? 'Created' : to), message: message ?? words };
}

/** The record of a deletion: asked for, or done. */
export function describeTaskDeletion(task: StoredTask, gone: boolean, source: string): TaskEventDraft {
  const seconds = task.metadata.deletionGracePeriodSeconds ?? 0;
  return {
    task: taskReference(task),
    state: task.status?.state ?? 'Pending',
    type: 'Normal',
    reason: gone ? 'Deleted' : 'Deleting',
    message: gone ? 'The task is gone.' : `The task is being deleted and has ${seconds} s to end.`,
    source,
    ...(task.spec.nodeName === undefined ? {} : { nodeName: task.spec.nodeName }),
  };
}

function taskReference(task: StoredTask): TaskEventInput['task'] {
  return { name: task.metadata.name, namespace: task.metadata.namespace ?? 'default', uid: task.metadata.uid };
}
