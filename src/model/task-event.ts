import schema from '../../schemas/task-event.schema.json' with { type: 'json' };
import { ageOf } from './age.js';
import type { ApiObject, Stored } from './api-object.js';
import type { TaskEvent } from './generated/task-event.js';
import type { Kind } from './kind.js';

export type { TaskEvent } from './generated/task-event.js';
export type StoredTaskEvent = Stored<TaskEvent>;

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
  schema: schema,
  columns: [
    {
      name: 'LAST SEEN',
      type: 'string',
      description: 'How long ago.',
      value: (object, now) => ageOf(asEvent(object).lastTimestamp ?? asEvent(object).timestamp, now),
    },
    {
      name: 'TYPE',
      type: 'string',
      description: 'Normal or Warning.',
      value: (object) => asEvent(object).type ?? 'Normal',
    },
    { name: 'REASON', type: 'string', description: 'One word why.', value: (object) => asEvent(object).reason },
    { name: 'TASK', type: 'string', description: 'The task.', value: (object) => asEvent(object).task.name },
    {
      name: 'STATE',
      type: 'string',
      description: 'The state it moved to or is in.',
      value: (object) => asEvent(object).state,
    },
    { name: 'MESSAGE', type: 'string', description: 'A sentence.', value: (object) => asEvent(object).message ?? '' },
  ],
  selectableFields: {
    'task.name': (object) => asEvent(object).task.name,
    'task.uid': (object) => asEvent(object).task.uid,
    type: (object) => asEvent(object).type,
    reason: (object) => asEvent(object).reason,
  },
  listKeys: {},
  validate: () => [],
};
