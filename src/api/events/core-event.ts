import schema from '../../../schemas/event.schema.json' with { type: 'json' };
import type { ApiObject, Stored } from '../../model/api-object.js';
import type { Event } from '../../model/generated/event.js';
import type { Kind } from '../../model/kind.js';
import {
  firstSeenOf,
  lastSeenOf,
  subjectOf,
  type ObjectReference,
  type StoredTaskEvent,
  type TaskEvent,
} from '../../model/task-event.js';
import { eventColumns } from './event-columns.js';

/** A core/v1 Event as Kubernetes' clients know it: a view of a TaskEvent, with all that they look into. */
export type CoreEvent = Event &
  Required<
    Pick<Event, 'involvedObject' | 'reason' | 'message' | 'type' | 'count' | 'source' | 'reportingComponent'> &
      Pick<Event, 'firstTimestamp' | 'lastTimestamp' | 'reportingInstance'>
  >;

/** Pure: the same TaskEvent always gives the same Event, with its name, uid and version. */
export function toCoreEvent(object: Stored): Stored<CoreEvent> {
  const event = object as StoredTaskEvent;
  const { component, host = event.nodeName } = reporterOf(event);
  const { action, related, series, eventTime } = event;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: event.metadata,
    involvedObject: subjectOf(event),
    reason: event.reason,
    message: event.message ?? moveText(event),
    type: event.type ?? 'Normal',
    count: event.count ?? 1,
    firstTimestamp: firstSeenOf(event),
    lastTimestamp: lastSeenOf(event),
    source: { component, ...(host === undefined ? {} : { host }) },
    reportingComponent: component,
    reportingInstance: event.reportingInstance ?? host ?? '',
    ...(eventTime === undefined ? {} : { eventTime }),
    ...(series === undefined ? {} : { series }),
    ...(action === undefined ? {} : { action }),
    ...(related === undefined ? {} : { related }),
  };
}

/** What is stored of an Event that somebody reports. Pure. */
export function fromCoreEvent(event: Event): TaskEvent {
  const {
    metadata,
    involvedObject = {},
    reason = '',
    message,
    type,
    count,
    eventTime,
    series,
    action,
    related,
  } = event;
  const first = event.firstTimestamp ?? eventTime;
  const component = event.reportingComponent || event.source?.component;
  const said = {
    message,
    type,
    count,
    eventTime,
    series,
    action,
    related,
    timestamp: first,
    lastTimestamp: event.lastTimestamp === first ? undefined : event.lastTimestamp,
    nodeName: event.source?.host,
    source: component || undefined,
    reportingInstance: event.reportingInstance || undefined,
  };
  const present = Object.entries(said).filter(([, value]) => value !== undefined);
  return {
    apiVersion: 'orch.dev/v1',
    kind: 'TaskEvent',
    metadata,
    regarding: involvedObject,
    reason,
    ...Object.fromEntries(present),
  };
}

/** Every worker is one component, as every kubelet is in Kubernetes; which of them is told by the host. */
function reporterOf({ source = 'orch' }: StoredTaskEvent): { component: string; host?: string } {
  const [, host] = /^worker\/(.+)$/.exec(source) ?? [];
  return host === undefined ? { component: source } : { component: 'worker', host };
}

function moveText(event: StoredTaskEvent): string {
  if (event.regarding) return '';
  return event.previousState === undefined ? (event.state ?? '') : `${event.previousState} -> ${event.state}`;
}

const asEvent = (object: ApiObject): CoreEvent => object as CoreEvent;
const involved =
  (field: keyof ObjectReference) =>
  (object: ApiObject): string =>
    asEvent(object).involvedObject[field] ?? '';

export const eventKind: Kind = {
  group: '',
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
    const { lastTimestamp, type, reason, involvedObject, message } = asEvent(object);
    return { lastSeen: lastTimestamp, type, reason, about: involvedObject, message };
  }),
  selectableFields: {
    'involvedObject.apiVersion': involved('apiVersion'),
    'involvedObject.kind': involved('kind'),
    'involvedObject.name': involved('name'),
    'involvedObject.namespace': involved('namespace'),
    'involvedObject.uid': involved('uid'),
    'involvedObject.fieldPath': involved('fieldPath'),
    'involvedObject.resourceVersion': involved('resourceVersion'),
    reason: (object) => asEvent(object).reason,
    type: (object) => asEvent(object).type,
    reportingComponent: (object) => asEvent(object).reportingComponent,
    source: (object) => asEvent(object).source.component,
  },
  listKeys: {},
  validate: () => [],
};
