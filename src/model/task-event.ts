import schema from '../../schemas/task-event.schema.json' with { type: 'json' };
import { ageOf } from './age.js';
import type { ApiObject, Stored } from './api-object.js';
import type { ObjectReference, TaskEvent } from './generated/task-event.js';
import type { Kind } from './kind.js';

export type { ObjectReference, TaskEvent } from './generated/task-event.js';
/** Of a task, as a worker reports it. */
export type TaskReport = TaskEvent & Required<Pick<TaskEvent, 'task' | 'state'>>;
export type StoredTaskEvent = Stored<TaskEvent>;

/** What an event is about: its task, or whatever else it names. Pure. */
export function subjectOf({ task, regarding, metadata }: TaskEvent): ObjectReference {
  if (regarding) return regarding;
  const { name = '', namespace = metadata.namespace ?? 'default', uid = '' } = task ?? {};
  return { apiVersion: 'orch.dev/v1', kind: 'Task', name, namespace, uid };
}

/** When it happened first; who reports need not say it. Pure. */
export function firstSeenOf({ timestamp, eventTime, metadata }: TaskEvent): string {
  return timestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}

/** When it happened last. Pure. */
export function lastSeenOf(event: TaskEvent): string {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeenOf(event);
}

/** How often it happened. Pure. */
export function timesOf({ count, series }: TaskEvent): number {
  return Math.max(count ?? 1, series?.count ?? 1);
}

const asEvent = (object: ApiObject): TaskEvent => object as TaskEvent;

export const taskEventKind: Kind = {
  group: 'orch.dev',
  version: 'v1',
  kind: 'TaskEvent',
  plural: 'taskevents',
  singular: 'taskevent',
  shortNames: ['te'],
  categories: ['orch'],
  namespaced: true,
  hasStatus: false,
  keptAsReported:
    'TaskEvents are records, and nobody changes one: report another, delete it, or change an Event (v1) that you wrote yourself',
  schema: schema,
  columns: [
    {
      name: 'LAST SEEN',
      type: 'string',
      description: 'How long ago.',
      value: (object, now) => ageOf(lastSeenOf(asEvent(object)), now),
    },
    {
      name: 'TYPE',
      type: 'string',
      description: 'Normal or Warning.',
      value: (object) => asEvent(object).type ?? 'Normal',
    },
    { name: 'REASON', type: 'string', description: 'One word why.', value: (object) => asEvent(object).reason },
    {
      name: 'TASK',
      type: 'string',
      description: 'The task, or KIND/NAME of what else it is about.',
      value: (object) => subjectText(asEvent(object)),
    },
    {
      name: 'STATE',
      type: 'string',
      description: 'The state it moved to or is in.',
      value: (object) => asEvent(object).state ?? '',
    },
    { name: 'MESSAGE', type: 'string', description: 'A sentence.', value: (object) => asEvent(object).message ?? '' },
  ],
  selectableFields: {
    'task.name': (object) => asEvent(object).task?.name,
    // Of whatever it is about: a uid is nobody else's.
    'task.uid': (object) => subjectOf(asEvent(object)).uid,
    'regarding.kind': (object) => subjectOf(asEvent(object)).kind,
    'regarding.name': (object) => subjectOf(asEvent(object)).name,
    type: (object) => asEvent(object).type,
    reason: (object) => asEvent(object).reason,
  },
  listKeys: {},
  validate: () => [],
};

function subjectText(event: TaskEvent): string {
  const { kind = '', name = '' } = subjectOf(event);
  return event.regarding ? `${kind.toLowerCase()}/${name}` : name;
}
