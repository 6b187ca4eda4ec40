import schema from '../../schemas/pod.schema.json' with { type: 'json' };
import type { ApiObject } from './api-object.js';
import type { Pod } from './generated/pod.js';
import type { Kind } from './kind.js';
import { podSpecListKeys, podSpecRetainKeys } from './pod-list-keys.js';
import { unmetGates } from './readiness.js';

export type { Container, ContainerState, ContainerStatus, Pod, PodSpec, PodStatus } from './generated/pod.js';

const asPod = (object: ApiObject): Pod => object as Pod;

/** Kubernetes' Pod. It is never stored: the API makes it from a Task, and writes it through to one (api/pods/). */
export const podKind: Kind = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  schema: schema,
  columns: [
    {
      name: 'READY',
      type: 'string',
      description: 'Ready containers of all.',
      value: (object) => readyText(asPod(object)),
    },
    {
      name: 'STATUS',
      type: 'string',
      description: 'Where the pod is in its life, or why it is held up.',
      value: (object) => displayPhase(asPod(object)),
    },
    {
      name: 'RESTARTS',
      type: 'integer',
      description: 'How often its container was started again.',
      value: (object) => asPod(object).status?.containerStatuses?.[0]?.restartCount ?? 0,
    },
    {
      name: 'IP',
      type: 'string',
      description: 'Its own address.',
      wide: true,
      value: (object) => asPod(object).status?.podIP ?? '<none>',
    },
    {
      name: 'NODE',
      type: 'string',
      description: 'The worker that runs it.',
      wide: true,
      value: (object) => asPod(object).spec.nodeName ?? '<none>',
    },
    {
      name: 'NOMINATED NODE',
      type: 'string',
      description: 'Always none: orch keeps no place free in advance.',
      wide: true,
      value: () => '<none>',
    },
    {
      name: 'READINESS GATES',
      type: 'string',
      description: 'Conditions that others set and it waits for: how many of them are True.',
      wide: true,
      value: (object) => gatesText(asPod(object)),
    },
  ],
  selectableFields: {
    'spec.nodeName': (object) => asPod(object).spec.nodeName ?? '',
    'spec.restartPolicy': (object) => asPod(object).spec.restartPolicy ?? 'Always',
    'spec.schedulerName': (object) => asPod(object).spec.schedulerName ?? 'default-scheduler',
    'spec.hostNetwork': (object) => String(asPod(object).spec.hostNetwork ?? false),
    'status.phase': (object) => asPod(object).status?.phase ?? 'Pending',
    'status.podIP': (object) => asPod(object).status?.podIP ?? '',
  },
  listKeys: {
    ...podSpecListKeys('spec'),
    'status.conditions': ['type'],
    'status.hostIPs': ['ip'],
    'status.podIPs': ['ip'],
  },
  retainKeys: podSpecRetainKeys('spec'),
  validate: () => [],
};

function readyText({ status }: Pod): string {
  return status?.containerStatuses?.[0]?.ready ? '1/1' : '0/1';
}

function gatesText({ spec: { readinessGates = [] }, status }: Pod): string {
  if (readinessGates.length === 0) return '<none>';
  return `${readinessGates.length - unmetGates(readinessGates, status?.conditions).length}/${readinessGates.length}`;
}

/** As kubectl shows it: Terminating, what the container waits for or ended with, else the phase. */
function displayPhase({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp) return 'Terminating';
  const { waiting, terminated } = status?.containerStatuses?.[0]?.state ?? {};
  return waiting?.reason ?? terminated?.reason ?? status?.reason ?? status?.phase ?? 'Pending';
}
