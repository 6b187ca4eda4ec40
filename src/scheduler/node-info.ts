import { isReady, type Node, type StoredNode, type Taint } from '../model/node.js';
import { parseBytes, parseMillicores, parseQuantity } from '../model/quantities.js';
import { extendedAmounts, type Amounts } from '../model/resources.js';
import { parseRestricted, type RestrictedFeature } from '../model/restricted-features.js';
import type { PortClaim } from './host-ports.js';

/** What the Node object says. Amounts that the worker has not told are absent: unknown is never taken for free. */
export interface NodeFacts {
  name: string;
  ready: boolean;
  unschedulable: boolean;
  labels: Readonly<Record<string, string>>;
  taints: readonly Taint[];
  allocatable: Readonly<Partial<Amounts>>;
  /** The most tasks it takes; absent: no limit. */
  maxTasks: number | undefined;
  /** What its worker lets no task have. */
  forbids: readonly RestrictedFeature[];
}

export interface OwnedPort extends PortClaim {
  /** Key of the task that has it. */
  owner: string;
}

/** A node at one moment: its facts and what the tasks placed there take. Never changes. */
export interface NodeInfo extends NodeFacts {
  allocated: Amounts;
  taskCount: number;
  ports: ReadonlyMap<string, readonly OwnedPort[]>;
}

export const resourceNames = ['cpuMillicores', 'memoryBytes', 'diskBytes'] as const;

export type ResourceName = (typeof resourceNames)[number];

export function nodeFactsOf(node: Node | StoredNode): NodeFacts {
  const { allocatable = {}, capacity = {} } = node.status ?? {};
  const amounts: Partial<Amounts> = {};
  set(amounts, 'cpuMillicores', allocatable['cpu'], parseMillicores);
  set(amounts, 'memoryBytes', allocatable['memory'], parseBytes);
  set(amounts, 'diskBytes', allocatable['disk'] ?? allocatable['ephemeral-storage'], parseBytes);
  // Who says what a node has besides (by a patch of its status) need say it once: all of it can be had then.
  const extended = extendedAmounts({ ...capacity, ...allocatable });
  if (extended) amounts.extended = extended;
  const maxTasks = parseQuantity(allocatable['tasks'] ?? allocatable['pods'] ?? '');
  return {
    name: node.metadata.name ?? '',
    ready: isReady(node) && node.metadata.deletionTimestamp === undefined,
    unschedulable: node.spec?.unschedulable ?? false,
    labels: node.metadata.labels ?? {},
    taints: (node.spec?.taints ?? []).map(({ key, value, effect }) => ({ key, effect, ...(value ? { value } : {}) })),
    allocatable: amounts,
    maxTasks,
    forbids: parseRestricted(node.status?.nodeInfo?.['forbids']),
  };
}

/**
 * The largest share that is taken of any one resource, 0 to 1, when the node also takes `more`. A resource of which the
 * node has told nothing counts as full.
 */
export function dominantShare(node: NodeInfo, more?: Amounts): number {
  let share = 0;
  for (const name of resourceNames) {
    const taken = node.allocated[name] + (more?.[name] ?? 0);
    if (taken === 0) continue;
    const allocatable = node.allocatable[name];
    share = Math.max(share, allocatable === undefined || allocatable <= 0 ? 1 : taken / allocatable);
  }
  return share;
}

function set(
  amounts: Partial<Amounts>,
  name: ResourceName,
  quantity: string | undefined,
  parse: (quantity: string) => number | undefined,
): void {
  const value = quantity === undefined ? undefined : parse(quantity);
  if (value !== undefined && value >= 0) amounts[name] = value;
}
