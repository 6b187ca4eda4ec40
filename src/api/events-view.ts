import { ageOf } from '../model/age.js';
import type { ApiObject, Stored } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import { podKind } from '../model/pod.js';
import { parseFieldSelector } from '../model/selectors.js';
import { taskEventKind, type StoredTaskEvent } from '../model/task-event.js';
import { taskKind, type StoredTask } from '../model/task.js';
import type { ListOptions, Registry } from '../registry/registry.js';
import { isOrchError } from '../support/errors.js';
import { podUidOf } from './pods/pod-identity.js';
import type { ServedResource } from './served-resource.js';

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

const eventKind: Kind = {
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
  columns: [
    {
      name: 'LAST SEEN',
      type: 'string',
      description: 'How long ago.',
      value: (object, now) => ageOf(asEvent(object).lastTimestamp, now),
    },
    { name: 'TYPE', type: 'string', description: 'Normal or Warning.', value: (object) => asEvent(object).type },
    { name: 'REASON', type: 'string', description: 'One word why.', value: (object) => asEvent(object).reason },
    {
      name: 'OBJECT',
      type: 'string',
      description: 'What it is about.',
      value: (object) => {
        const { kind, name } = asEvent(object).involvedObject;
        return `${kind.toLowerCase()}/${name}`;
      },
    },
    { name: 'MESSAGE', type: 'string', description: 'A sentence.', value: (object) => asEvent(object).message },
  ],
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

/**
 * `events` in the core group, so that `kubectl describe` and `kubectl events` show what happened to a task. Whoever selects
 * events of Pods gets the same ones, told of the Pod that each Task is seen as.
 */
export const eventsView: ServedResource = {
  kind: eventKind,
  stored: taskEventKind,
  convert: toCoreEvent,
  narrowNameAndAge: true,
  forSelection: async (options, registry) => {
    const selected = involvedObjectOf(options);
    // kubectl describe names no kind, only the uid: that of a Pod differs from its Task's once it has moved.
    if (selected.kind === undefined && selected.uid === undefined) return eventsView;
    if (selected.kind !== undefined && selected.kind !== podKind.kind) return eventsView;
    const pod = await podOf(selected, registry);
    if (selected.kind === podKind.kind) return podEventsView(pod);
    return pod && selected.uid === pod.podUid && selected.uid !== pod.taskUid ? podEventsView(pod) : eventsView;
  },
};

interface PodOfTask {
  taskUid: string;
  podUid: string;
}

/** Names the Pod by the uid that it has now, also where an event is from before its Task moved. */
function podEventsView(pod: PodOfTask | undefined): ServedResource {
  return {
    ...eventsView,
    variant: `of pods ${pod?.podUid ?? ''}`,
    convert: (object) => {
      const event = toCoreEvent(object);
      const { name, namespace, uid } = event.involvedObject;
      const involved = { name, namespace, uid: uid === pod?.taskUid ? pod.podUid : uid };
      return { ...event, involvedObject: { apiVersion: 'v1', kind: podKind.kind, ...involved } };
    },
  };
}

type Involved = Partial<Record<'kind' | 'namespace' | 'name' | 'uid', string>>;

/** What a selector demands of involvedObject. */
function involvedObjectOf({ namespace, fieldSelector = '' }: ListOptions): Involved {
  const demanded: Involved = namespace === undefined ? {} : { namespace };
  for (const { field, operator, value } of parseFieldSelector(fieldSelector)) {
    const [, of] = /^involvedObject\.(kind|namespace|name|uid)$/.exec(field) ?? [];
    if (of !== undefined && operator === '=') demanded[of as keyof Involved] = value;
  }
  return demanded;
}

async function podOf(selected: Involved, registry: Registry): Promise<PodOfTask | undefined> {
  const { name, namespace } = selected;
  if (name === undefined || namespace === undefined) return undefined;
  try {
    const task: StoredTask = await registry.get(taskKind, { namespace, name });
    return { taskUid: task.metadata.uid, podUid: podUidOf(task) };
  } catch (error) {
    if (isOrchError(error, 'NotFound')) return undefined;
    throw error;
  }
}
