import type { ApiObject, Stored } from '../../model/api-object.js';
import type { Kind } from '../../model/kind.js';
import type { StoredTaskEvent } from '../../model/task-event.js';
import { eventColumns } from './event-columns.js';

/** A core/v1 Event as Kubernetes' clients know it: a read-only view of a TaskEvent. */
export interface CoreEvent extends ApiObject {
  apiVersion: 'v1';
  kind: 'Event';
  involvedObject: { apiVersion: string; kind: string; name: string; namespace: string; uid: string };
  reason: string;
  message: string;
  type: string;
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
  source: { component: string; host?: string };
  reportingComponent: string;
  reportingInstance: string;
}

/** Pure: the same TaskEvent always gives the same Event, with its name, uid and version. */
export function toCoreEvent(object: Stored): Stored<CoreEvent> {
  const event = object as StoredTaskEvent;
  const { component, host = event.nodeName } = reporterOf(event);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: event.metadata,
    involvedObject: {
      apiVersion: 'orch.dev/v1',
      kind: 'Task',
      name: event.task.name,
      namespace: event.task.namespace,
      uid: event.task.uid,
    },
    reason: event.reason,
    message: event.message ?? moveText(event),
    type: event.type ?? 'Normal',
    count: event.count ?? 1,
    firstTimestamp: event.timestamp,
    lastTimestamp: event.lastTimestamp ?? event.timestamp,
    source: { component, ...(host === undefined ? {} : { host }) },
    reportingComponent: component,
    reportingInstance: host ?? '',
  };
}

/** Every worker is one component, as every kubelet is in Kubernetes; which of them is told by the host. */
function reporterOf({ source = 'orch' }: StoredTaskEvent): { component: string; host?: string } {
  const [, host] = /^worker\/(.+)$/.exec(source) ?? [];
  return host === undefined ? { component: source } : { component: 'worker', host };
}

function moveText(event: StoredTaskEvent): string {
  return event.previousState === undefined ? event.state : `${event.previousState} -> ${event.state}`;
}

const asEvent = (object: ApiObject): CoreEvent => object as CoreEvent;

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
  schema: { title: 'Event', type: 'object' },
  columns: eventColumns((object) => {
    const { lastTimestamp, type, reason, involvedObject, message } = asEvent(object);
    return { lastSeen: lastTimestamp, type, reason, about: involvedObject, message };
  }),
  selectableFields: {
    'involvedObject.apiVersion': (object) => asEvent(object).involvedObject.apiVersion,
    'involvedObject.kind': (object) => asEvent(object).involvedObject.kind,
    'involvedObject.name': (object) => asEvent(object).involvedObject.name,
    'involvedObject.namespace': (object) => asEvent(object).involvedObject.namespace,
    'involvedObject.uid': (object) => asEvent(object).involvedObject.uid,
    reason: (object) => asEvent(object).reason,
    type: (object) => asEvent(object).type,
    reportingComponent: (object) => asEvent(object).reportingComponent,
    source: (object) => asEvent(object).source.component,
  },
  listKeys: {},
  validate: () => [],
};
