import type { SimulatedContainer } from '../../src/runtime/simulated/simulated-engine.js';
import type { StoreEvent } from '../../src/store/store.js';
import { isTaskEvent, taskOf } from './checkers/task-history.js';
import type { Trace } from './trace.js';

/** Tells a transaction: of tasks for people, of everything for the hash. */
export function tellTransaction(trace: Trace, events: readonly StoreEvent[]): void {
  for (const event of events) {
    trace.note(`${event.type} ${event.key} ${event.revision} ${JSON.stringify(event.value)}`);
    if (isTaskEvent(event)) tellTask(trace, event);
  }
}

export function tellContainer(trace: Trace, worker: string, container: SimulatedContainer, isGone: boolean): void {
  const { taskKey, taskUid, attempt } = container.spec.identity;
  const phase = isGone ? 'removed' : container.phase;
  const exit = container.phase === 'exited' && !isGone ? ` (${container.exitCode})` : '';
  trace.tell(worker, `container ${taskKey} (${taskUid.slice(0, 4)}) #${attempt} ${phase}${exit}`);
}

function tellTask(trace: Trace, { type, value, previous, revision }: StoreEvent): void {
  const task = taskOf(value);
  const old = previous && taskOf(previous);
  const { name, uid, deletionTimestamp, generation } = task.metadata;
  const words = [
    ...(type === 'delete' ? ['gone'] : []),
    ...(type === 'put' && old?.status?.state !== task.status?.state
      ? [`${old?.status?.state ?? '(new)'} -> ${task.status?.state ?? 'Pending'}`]
      : []),
    ...(old?.spec.nodeName === task.spec.nodeName ? [] : [`on ${task.spec.nodeName ?? 'no node'}`]),
    ...(old?.metadata.deletionTimestamp === deletionTimestamp ? [] : ['deletion asked']),
    ...(old?.metadata.generation === generation ? [] : [`generation ${generation}`]),
    ...(old?.status?.attempt === task.status?.attempt ? [] : [`attempt ${task.status?.attempt ?? 0}`]),
  ];
  if (words.length === 0) return;
  const { reason } = task.status ?? {};
  trace.tell('store', `${name} (${uid.slice(0, 4)}) @${revision}: ${words.join(', ')}${reason ? ` [${reason}]` : ''}`);
}
