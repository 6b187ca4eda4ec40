import type { ApiObject, Stored } from '../../model/api-object.js';
import type { Kind } from '../../model/kind.js';
import type { CoreEvent } from './core-event.js';
import { eventColumns } from './event-columns.js';

/** The same Event as the group events.k8s.io names its fields. Times are Kubernetes' MicroTime, so clients can parse them. */
interface EventV1 extends ApiObject {
  apiVersion: 'events.k8s.io/v1';
  kind: 'Event';
  eventTime: string;
  series?: { count: number; lastObservedTime: string };
  reportingController: string;
  reportingInstance: string;
  action: string;
  reason: string;
  regarding: CoreEvent['involvedObject'];
  note: string;
  type: string;
  deprecatedSource: CoreEvent['source'];
  deprecatedFirstTimestamp: string;
  deprecatedLastTimestamp: string;
  deprecatedCount: number;
}

/** Pure: the same event, with its name, uid and version. */
export function toEventV1(event: Stored<CoreEvent>): Stored<EventV1> {
  const { count, firstTimestamp, lastTimestamp, reportingComponent, reportingInstance } = event;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: event.metadata,
    eventTime: microTime(firstTimestamp),
    ...(count > 1 ? { series: { count, lastObservedTime: microTime(lastTimestamp) } } : {}),
    reportingController: reportingComponent,
    reportingInstance,
    // What was done when it happened: orch records only that.
    action: event.reason,
    reason: event.reason,
    regarding: event.involvedObject,
    note: event.message,
    type: event.type,
    deprecatedSource: event.source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
  };
}

/** RFC 3339 with microseconds, as Go's MicroTime wants it. */
function microTime(timestamp: string): string {
  return new Date(timestamp).toISOString().replace(/Z$/, '000Z');
}

const asEvent = (object: ApiObject): EventV1 => object as EventV1;
const regarding =
  (field: keyof EventV1['regarding']) =>
  (object: ApiObject): string =>
    asEvent(object).regarding[field];

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
  schema: { title: 'Event', type: 'object' },
  columns: eventColumns((object) => {
    const { deprecatedLastTimestamp, type, reason, regarding: about, note } = asEvent(object);
    return { lastSeen: deprecatedLastTimestamp, type, reason, about, message: note };
  }),
  selectableFields: {
    'regarding.apiVersion': regarding('apiVersion'),
    'regarding.kind': regarding('kind'),
    'regarding.name': regarding('name'),
    'regarding.namespace': regarding('namespace'),
    'regarding.uid': regarding('uid'),
    reason: (object) => asEvent(object).reason,
    type: (object) => asEvent(object).type,
    reportingController: (object) => asEvent(object).reportingController,
  },
  listKeys: {},
  validate: () => [],
};
