import type { TaskEvent } from '../model/task-event.js';
import { defaultNamespace } from '../model/namespace.js';
import type { EventInput } from './registry.js';
import type { TaskEventDraft } from './task-moves.js';

const maxReasonLength = 128;
const maxMessageLength = 4096;
/** Leaves room for the suffix within the 253 characters of a name. */
const maxNameLength = 200;

/** What an event is about: the uid to find it by, and where it is stored: that of an object without a namespace in `default`. Pure. */
export function subjectOfInput(event: EventInput): { name: string; namespace: string; uid: string } {
  if ('task' in event) return event.task;
  const { name, namespace = defaultNamespace, uid } = event.regarding;
  return { name, namespace, uid };
}

/**
 * The stored form of a TaskEvent. Names sort by time: the name of what it is about, the milliseconds in hexadecimal, a number within
 * this process and a random tail, so that two managers in a row never meet.
 */
export function buildTaskEvent(
  draft: TaskEventDraft,
  facts: { uid: string; timestamp: string; nowMilliseconds: number; sequence: number },
): TaskEvent & { metadata: { name: string; namespace: string } } {
  const { name, namespace } = subjectOfInput(draft);
  const prefix = name.slice(0, maxNameLength).replace(/[-.]+$/, '');
  const time = Math.max(0, facts.nowMilliseconds).toString(16).padStart(11, '0');
  const sequence = (facts.sequence % 0x1000000).toString(16).padStart(6, '0');
  return {
    apiVersion: 'orch.dev/v1',
    kind: 'TaskEvent',
    metadata: {
      name: `${prefix}.${time}${sequence}${facts.uid.slice(0, 4)}`,
      namespace,
      uid: facts.uid,
      creationTimestamp: facts.timestamp,
      generation: 1,
    },
    ...('regarding' in draft ? { regarding: draft.regarding } : { task: draft.task, state: draft.state }),
    ...(draft.previousState === undefined ? {} : { previousState: draft.previousState }),
    timestamp: facts.timestamp,
    count: 1,
    type: draft.type,
    reason: draft.reason.slice(0, maxReasonLength),
    message: draft.message.slice(0, maxMessageLength),
    ...(draft.nodeName === undefined || draft.nodeName === '' ? {} : { nodeName: draft.nodeName }),
    ...('regarding' in draft || draft.attempt === undefined ? {} : { attempt: draft.attempt }),
    source: draft.source,
  };
}
