import schema from '../../../schemas/event-v1.schema.json' with { type: 'json' };
import type { ApiObject, Stored } from '../../model/api-object.js';
import type { Event } from '../../model/generated/event.js';
import type { EventV1 } from '../../model/generated/event-v1.js';
import type { Kind } from '../../model/kind.js';
import type { ObjectReference } from '../../model/task-event.js';
import type { CoreEvent } from './core-event.js';
import { eventColumns } from './event-columns.js';

/** The same Event as the group events.k8s.io names its fields. Times are Kubernetes' MicroTime, so clients can parse them. Pure. */
export function toEventV1(event: Stored<CoreEvent>): Stored<EventV1> {
  const { count, firstTimestamp, lastTimestamp, reportingComponent, reportingInstance, eventTime, related } = event;
  const repeated = count > 1 ? { count, lastObservedTime: microTime(lastTimestamp) } : undefined;
  const series = event.series ?? repeated;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: event.metadata,
    eventTime: eventTime ?? microTime(firstTimestamp),
    ...(series ? { series } : {}),
    reportingController: reportingComponent,
    reportingInstance,
    // What was done when it happened: orch records only that.
    action: event.action ?? event.reason,
    reason: event.reason,
    regarding: event.involvedObject,
    ...(related === undefined ? {} : { related }),
    note: event.message,
    type: event.type,
    deprecatedSource: event.source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
  };
}

/** The reverse, of what somebody sent. Pure. */
export function fromEventV1(event: EventV1): Event {
  const { metadata, eventTime, series, action, reason, regarding, related, note, type, reportingInstance } = event;
  const said = {
    eventTime,
    series,
    action,
    reason,
    related,
    type,
    reportingInstance,
    involvedObject: regarding,
    message: note,
    reportingComponent: event.reportingController,
    source: event.deprecatedSource,
    firstTimestamp: event.deprecatedFirstTimestamp,
    lastTimestamp: event.deprecatedLastTimestamp,
    count: event.deprecatedCount,
  };
  const present = Object.entries(said).filter(([, value]) => value !== undefined);
  return { apiVersion: 'v1', kind: 'Event', metadata, ...Object.fromEntries(present) };
}

/** RFC 3339 with microseconds, as Go's MicroTime wants it. What is no time is left as it was reported. */
function microTime(timestamp: string): string {
  const milliseconds = Date.parse(timestamp);
  return Number.isNaN(milliseconds) ? timestamp : new Date(milliseconds).toISOString().replace(/Z$/, '000Z');
}

const asEvent = (object: ApiObject): EventV1 => object as EventV1;
const regarding =
  (field: keyof ObjectReference) =>
  (object: ApiObject): string =>
    asEvent(object).regarding?.[field] ?? '';

export const eventsV1Kind: Kind = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  categories: [],
  namespaced: true,
  hasStatus: false,
  schema,
  columns: eventColumns((object) => {
    const {
      deprecatedLastTimestamp = '',
      type = 'Normal',
      reason = '',
      regarding: about = {},
      note = '',
    } = asEvent(object);
    return { lastSeen: deprecatedLastTimestamp, type, reason, about, message: note };
  }),
  selectableFields: {
    'regarding.apiVersion': regarding('apiVersion'),
    'regarding.kind': regarding('kind'),
    'regarding.name': regarding('name'),
    'regarding.namespace': regarding('namespace'),
    'regarding.uid': regarding('uid'),
    'regarding.fieldPath': regarding('fieldPath'),
    'regarding.resourceVersion': regarding('resourceVersion'),
    reason: (object) => asEvent(object).reason,
    type: (object) => asEvent(object).type,
    reportingController: (object) => asEvent(object).reportingController,
  },
  listKeys: {},
  validate: () => [],
};
