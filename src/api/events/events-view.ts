import type { Stored } from '../../model/api-object.js';
import type { Event } from '../../model/generated/event.js';
import type { EventV1 } from '../../model/generated/event-v1.js';
import type { JsonObject } from '../../model/json.js';
import type { Kind } from '../../model/kind.js';
import { podKind } from '../../model/pod.js';
import { parseFieldSelector } from '../../model/selectors.js';
import { taskEventKind, type StoredTaskEvent } from '../../model/task-event.js';
import { taskKind, type StoredTask } from '../../model/task.js';
import type { ListOptions, Registry } from '../../registry/registry.js';
import { isOrchError } from '../../support/errors.js';
import { podUidOf } from '../../model/pod-identity.js';
import type { ServedResource } from '../served-resource.js';
import { eventKind, toCoreEvent, type CoreEvent } from './core-event.js';
import { eventWriter } from './event-writer.js';
import { eventsV1Kind, fromEventV1, toEventV1 } from './event-v1.js';

type Shape = (event: Stored<CoreEvent>) => Stored;

/** `events` in the core group, so that `kubectl describe` and `kubectl events` show what happened to a task. */
export const eventsView: ServedResource = eventsViewOf(
  eventKind,
  (event) => event,
  (sent) => sent as unknown as Event,
);

/** The same events under the names of events.k8s.io, which newer clients (k9s) look for. */
export const eventsV1View: ServedResource = eventsViewOf(eventsV1Kind, toEventV1, (sent) =>
  fromEventV1(sent as unknown as EventV1),
);

/**
 * A view of TaskEvents. Whoever selects events of Pods gets the same ones, told of the Pod that each Task is seen as.
 */
function eventsViewOf(kind: Kind, shape: Shape, toCore: (sent: JsonObject) => Event): ServedResource {
  const view: ServedResource = {
    kind,
    stored: taskEventKind,
    convert: (object) => shape(toCoreEvent(object)),
    writer: eventWriter(kind, toCore),
    nameAndAgeLast: true,
    forSelection: async (options, registry) => {
      const selected = involvedObjectOf(options);
      // kubectl describe names no kind, only the uid: that of a Pod differs from its Task's once it has moved.
      if (selected.kind === undefined && selected.uid === undefined) return view;
      if (selected.kind !== undefined && selected.kind !== podKind.kind) return view;
      const pod = await podOf(selected, registry);
      if (selected.kind === podKind.kind) return podEventsView(view, shape, pod);
      const isPods = pod && selected.uid === pod.podUid && selected.uid !== pod.taskUid;
      return isPods ? podEventsView(view, shape, pod) : view;
    },
  };
  return view;
}

interface PodOfTask {
  taskUid: string;
  podUid: string;
}

/** Names the Pod by the uid that it has now, also where an event is from before its Task moved. */
function podEventsView(view: ServedResource, shape: Shape, pod: PodOfTask | undefined): ServedResource {
  return {
    ...view,
    variant: `of pods ${pod?.podUid ?? ''}`,
    convert: (object) => {
      const event = toCoreEvent(object);
      if ((object as StoredTaskEvent).regarding) return shape(event);
      const { name, namespace, uid } = event.involvedObject;
      const involved = { name, namespace, uid: pod && uid === pod.taskUid ? pod.podUid : uid };
      return shape({ ...event, involvedObject: { apiVersion: 'v1', kind: podKind.kind, ...involved } });
    },
  };
}

type Involved = Partial<Record<'kind' | 'namespace' | 'name' | 'uid', string>>;

/** What a selector demands of the object that an event is about. */
function involvedObjectOf({ namespace, fieldSelector = '' }: ListOptions): Involved {
  const demanded: Involved = namespace === undefined ? {} : { namespace };
  for (const { field, operator, value } of parseFieldSelector(fieldSelector)) {
    const [, of] = /^(?:involvedObject|regarding)\.(kind|namespace|name|uid)$/.exec(field) ?? [];
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
