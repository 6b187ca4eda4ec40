import { ageOf } from '../../model/age.js';
import type { ApiObject } from '../../model/api-object.js';
import type { Kind } from '../../model/kind.js';

/** What a table says of an event, whichever names its group has for it. */
interface ToldEvent {
  lastSeen: string;
  type: string;
  reason: string;
  about: { kind?: string; name?: string };
  message: string;
}

/** The columns of both groups of events. TYPE is the second one: some clients look for it there. Pure. */
export function eventColumns(told: (object: ApiObject) => ToldEvent): Kind['columns'] {
  return [
    {
      name: 'LAST SEEN',
      type: 'string',
      description: 'How long ago.',
      value: (object, now) => ageOf(told(object).lastSeen, now),
    },
    { name: 'TYPE', type: 'string', description: 'Normal or Warning.', value: (object) => told(object).type },
    { name: 'REASON', type: 'string', description: 'One word why.', value: (object) => told(object).reason },
    {
      name: 'OBJECT',
      type: 'string',
      description: 'What it is about.',
      value: (object) => `${(told(object).about.kind ?? '').toLowerCase()}/${told(object).about.name ?? ''}`,
    },
    { name: 'MESSAGE', type: 'string', description: 'A sentence.', value: (object) => told(object).message },
  ];
}
