import type { ApiObject, Stored } from '../../model/api-object.js';
import type { Kind } from '../../model/kind.js';
import { nodeKind, type StoredNode } from '../../model/node.js';
import { formatMillicores } from '../../model/quantities.js';
import { taskKind, type StoredTask } from '../../model/task.js';
import { containerNameOf } from '../pods/task-to-pod.js';
import type { ServedResource } from '../served-resource.js';
import { own } from '../../support/own.js';

/**
 * metrics.k8s.io: what `kubectl top` asks for. Read-only views of the statistics that workers report in the status of Nodes
 * and Tasks, once a minute; a node's is the sum over its containers. What was not measured yet is not there.
 */
interface Usage {
  cpuMillicores?: number;
  memoryBytes?: number;
  time?: string;
}

interface Metrics extends ApiObject {
  timestamp: string;
  window: string;
  usage?: Record<string, string>;
  containers?: { name: string; usage: Record<string, string> }[];
}

/** Over how long a worker measures, as Go writes durations. */
const window = '1m0s';
const verbs = ['get', 'list'];

export const nodeMetricsResource: ServedResource = {
  kind: metricsKind('NodeMetrics', 'nodes', false),
  stored: nodeKind,
  verbs,
  shows: (object) => (object as StoredNode).status?.usage !== undefined,
  convert: (object) => {
    const usage = (object as StoredNode).status?.usage ?? {};
    return metrics(object, 'NodeMetrics', usage, { usage: quantities(usage) });
  },
};

export const podMetricsResource: ServedResource = {
  kind: metricsKind('PodMetrics', 'pods', true),
  stored: taskKind,
  verbs,
  shows: (object) => isRunning(object as StoredTask) && (object as StoredTask).status?.usage !== undefined,
  convert: (object) => {
    const task = object as StoredTask;
    const usage = task.status?.usage ?? {};
    return metrics(object, 'PodMetrics', usage, {
      containers: [{ name: containerNameOf(task), usage: quantities(usage) }],
    });
  },
};

function isRunning({ status }: StoredTask): boolean {
  return status?.state === 'Running';
}

function metrics(
  object: Stored,
  kind: string,
  usage: Usage,
  more: Pick<Metrics, 'usage' | 'containers'>,
): Stored<Metrics> {
  const { name, namespace, uid, resourceVersion, creationTimestamp, generation, labels } = object.metadata;
  return {
    apiVersion: 'metrics.k8s.io/v1beta1',
    kind,
    metadata: {
      name,
      uid,
      resourceVersion,
      creationTimestamp,
      generation,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
    },
    timestamp: usage.time ?? creationTimestamp,
    window,
    ...more,
  };
}

function quantities({ cpuMillicores = 0, memoryBytes = 0 }: Usage): Record<string, string> {
  return { cpu: formatMillicores(Math.round(cpuMillicores)), memory: `${Math.round(memoryBytes / 1024)}Ki` };
}

function metricsKind(kind: string, plural: string, namespaced: boolean): Kind {
  const usageOf = (object: ApiObject): Record<string, string> => {
    const { usage, containers } = object as Metrics;
    return usage ?? containers?.[0]?.usage ?? {};
  };
  return {
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    kind,
    plural,
    singular: '',
    shortNames: [],
    categories: [],
    namespaced,
    hasStatus: false,
    schema: { title: kind, type: 'object' },
    columns: ['cpu', 'memory'].map((name) => ({
      name: name.toUpperCase(),
      type: 'string',
      description: 'In use.',
      value: (object) => own(usageOf(object), name) ?? '',
    })),
    selectableFields: {},
    listKeys: {},
    validate: () => [],
  };
}
