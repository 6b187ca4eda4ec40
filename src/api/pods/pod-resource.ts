import type { Stored } from '../../model/api-object.js';
import { podKind } from '../../model/pod.js';
import { asCauseOfPod } from '../../model/pod-task-spec.js';
import { taskKind, type StoredTask } from '../../model/task.js';
import type { ServedResource, Subresource } from '../served-resource.js';
import { podUidOf } from '../../model/pod-identity.js';
import { podStatusToTask } from './others-conditions.js';
import { podToTask } from './pod-to-task.js';
import { taskToPod } from './task-to-pod.js';
import { updateTask } from './update-task.js';
import { withPortsOf } from './with-ports-of.js';
import { own } from '../../support/own.js';

/**
 * core/v1 `pods`: every Task as a Pod, for reading and for writing. Pods arrive and Tasks are stored; Tasks are read and
 * Pods leave. Nothing of a Pod is kept anywhere but in its Task.
 */
export const podResource: ServedResource = {
  kind: podKind,
  stored: taskKind,
  convert: (object: Stored) => taskToPod(object as StoredTask),
  asCauseOf: (cause) => asCauseOfPod(cause),
  uidOf: (object) => podUidOf(object as StoredTask),
  subresources: [
    { name: 'log', verbs: ['get'] },
    { name: 'eviction', verbs: ['create'], kind: { group: 'policy', version: 'v1', kind: 'Eviction' } },
    ...['attach', 'exec', 'portforward'].map((name) => ({ name, verbs: ['create', 'get'], kind: optionsKind(name) })),
  ],
  writer: { toStored: podToTask, inWordsOf: withPortsOf, update: updateTask, statusToStored: podStatusToTask },
};

function optionsKind(subresource: string): Subresource['kind'] & object {
  const kind = own({ attach: 'PodAttachOptions', exec: 'PodExecOptions' }, subresource) ?? 'PodPortForwardOptions';
  return { group: '', version: 'v1', kind };
}
