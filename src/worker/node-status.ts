import { setCondition, findCondition } from '../model/conditions.js';
import type { Condition } from '../model/conditions.js';
import type { JsonObject, JsonValue } from '../model/json.js';
import { canonicalJson, isJsonObject } from '../model/json.js';
import { kubernetesVersion } from '../model/kubernetes-version.js';
import type { Node, NodeStatus } from '../model/node.js';
import { formatBytes, formatMillicores } from '../model/quantities.js';
import type { Amounts } from '../model/resources.js';
import type { RestrictedFeature } from '../model/restricted-features.js';
import type { RuntimeInfo } from '../runtime/container-runtime.js';
import { own } from '../support/own.js';

export type NodeCondition = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

export interface NodeFacts {
  name: string;
  sessionId: string;
  version: string;
  labels: Readonly<Record<string, string>>;
  addresses: readonly { type: string; address: string }[];
  /** Kept back for the machine itself. */
  reserved: Amounts;
  maxTasks: number;
  /** What no task gets here. */
  forbidden: readonly RestrictedFeature[];
  /** What the machine has besides, as the worker was told: `nvidia.com/gpu`. */
  extendedResources: Readonly<Record<string, number>>;
}

/** In nodeInfo: the names of the resources that the worker itself was told of, so that it can take them back. */
const toldResources = 'extendedResources';

/** What the worker tells of its machine in labels. */
export function nodeLabels(name: string, info: RuntimeInfo | undefined): Record<string, string> {
  return {
    ...(info ? { 'kubernetes.io/arch': info.architecture, 'kubernetes.io/os': info.operatingSystem } : {}),
    // Older manifests select by these, and kubelets still set them.
    ...(info ? { 'beta.kubernetes.io/arch': info.architecture, 'beta.kubernetes.io/os': info.operatingSystem } : {}),
    'kubernetes.io/hostname': name,
  };
}

/** What the worker says of its machine: its part of the Node's status, without conditions. */
export function nodeStatus(facts: NodeFacts, info: RuntimeInfo | undefined): NodeStatus {
  if (!info) return { addresses: [...facts.addresses] };
  const { capacity } = info;
  const extended = Object.fromEntries(
    Object.entries(facts.extendedResources).map(([name, amount]) => [name, formatBytes(amount)]),
  );
  const allocatable: Amounts = {
    cpuMillicores: Math.max(0, capacity.cpuMillicores - facts.reserved.cpuMillicores),
    memoryBytes: Math.max(0, capacity.memoryBytes - facts.reserved.memoryBytes),
    diskBytes: Math.max(0, capacity.diskBytes - facts.reserved.diskBytes),
  };
  return {
    addresses: [...facts.addresses],
    capacity: { ...quantities(capacity, facts.maxTasks), ...extended },
    allocatable: { ...quantities(allocatable, facts.maxTasks), ...extended },
    nodeInfo: {
      bootID: info.bootId,
      operatingSystem: info.operatingSystem,
      architecture: info.architecture,
      kernelVersion: info.kernelVersion,
      containerRuntimeVersion: info.version,
      osImage: info.osImage ?? '',
      kubeletVersion: kubernetesVersion(facts.version),
      // Nobody knows them here, but the models of Kubernetes' clients refuse a node without them.
      kubeProxyVersion: '',
      machineID: '',
      systemUUID: '',
      orchVersion: facts.version,
      sessionID: facts.sessionId,
      // Always there: what a worker forbade in another life must not stay.
      forbids: facts.forbidden.join(','),
      // The same of what it was told to have.
      [toldResources]: Object.keys(extended).join(','),
    },
  };
}

/** The merge patch of /status that makes the stored Node say this; undefined when it does. */
export function nodeStatusPatch(
  node: Node,
  wanted: NodeStatus,
  conditions: readonly NodeCondition[],
  timestamp: string,
): JsonObject | undefined {
  const current = (node.status ?? {}) as Record<string, unknown>;
  const changes: JsonObject = {};
  const withdrawn = (node.status?.nodeInfo?.[toldResources] ?? '').split(',').filter((name) => name !== '');
  for (const [field, told] of Object.entries(wanted)) {
    const before = own(current, field);
    // What others say that the machine has (example.com/gpu) is theirs to take back.
    const isAmounts = (field === 'capacity' || field === 'allocatable') && isJsonObject(before) && isJsonObject(told);
    const value: unknown = isAmounts ? { ...before, ...told } : told;
    const gone = isAmounts
      ? withdrawn.filter((name) => own(before, name) !== undefined && own(told, name) === undefined)
      : [];
    const nulls = Object.fromEntries(gone.map((name) => [name, null]));
    if (gone.length > 0) changes[field] = { ...(value as JsonObject), ...nulls };
    else if (canonicalJson(value) !== canonicalJson(before)) changes[field] = value as JsonValue;
  }
  if (conditions.some((condition) => !says(node, condition))) {
    const all = conditions.reduce(
      (list, condition) => setCondition(list, condition, timestamp),
      node.status?.conditions ?? [],
    );
    changes['conditions'] = all as unknown as JsonValue;
  }
  return Object.keys(changes).length === 0 ? undefined : changes;
}

/** Whether the Node carries the condition just so. */
export function says(node: Node, wanted: NodeCondition): boolean {
  const found = findCondition(node.status?.conditions, wanted.type);
  return found?.status === wanted.status && found.reason === wanted.reason && found.message === wanted.message;
}

function quantities(amounts: Amounts, tasks: number): Record<string, string> {
  return {
    cpu: formatMillicores(amounts.cpuMillicores),
    memory: formatBytes(amounts.memoryBytes),
    disk: formatBytes(amounts.diskBytes),
    tasks: String(tasks),
    // The same in Kubernetes' words, which its clients look for.
    'ephemeral-storage': formatBytes(amounts.diskBytes),
    pods: String(tasks),
  };
}
