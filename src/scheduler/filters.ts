import { formatBytes } from '../model/quantities.js';
import type { TaskDemand } from './demand.js';
import { formatPort, portKey, portsConflict } from './host-ports.js';
import type { NodeInfo, ResourceName } from './node-info.js';
import { formatTaint, isTolerated, tolerationSecondsFor, toleratesPlacement } from './taints.js';
import { own } from '../support/own.js';

/** One rule that a node must pass to take a task. `passes` is on the hot path; the words are only made when asked for. */
export interface Filter {
  name: string;
  passes(task: TaskDemand, node: NodeInfo): boolean;
  /** Why this node does not pass, read after "NODE: ". */
  reason(task: TaskDemand, node: NodeInfo): string;
  /** The same without numbers that differ from node to node, read after "12 workers ": nodes are grouped by it. */
  summary(task: TaskDemand, node: NodeInfo): string;
}

/** All rules, in the order in which they are tried and told. */
export const filters: readonly Filter[] = [
  {
    name: 'ready',
    passes: (_task, node) => node.ready,
    reason: () => 'is not ready',
    summary: () => 'not ready',
  },
  {
    name: 'nodeName',
    passes: (task, node) => task.nodeName === undefined || task.nodeName === node.name,
    reason: (task) => `is not ${task.nodeName}, which the task names`,
    summary: (task) => `not ${task.nodeName}, which the task names`,
  },
  {
    name: 'schedulable',
    passes: (_task, node) => !node.unschedulable,
    reason: () => 'is cordoned',
    summary: () => 'cordoned',
  },
  {
    name: 'nodeSelector',
    passes: (task, node) => hasLabels(node, task.nodeSelector),
    reason: (task, node) => missingLabels(task, node),
    summary: () => 'without the labels that nodeSelector asks for',
  },
  {
    name: 'taints',
    passes: (task, node) => node.taints.length === 0 || untolerated(task, node).length === 0,
    reason: (task, node) =>
      untolerated(task, node)
        .map((taint) => `has the taint ${formatTaint(taint)}, ${howFarTolerated(task, taint)}`)
        .join(' and '),
    summary: (task, node) => `with the taint ${untolerated(task, node).map(formatTaint).join(', ')}`,
  },
  {
    name: 'forbidden',
    passes: (task, node) => node.forbids.length === 0 || forbiddenTo(task, node).length === 0,
    reason: (task, node) => `forbids ${forbiddenTo(task, node).join(', ')}, which the task asks for`,
    summary: (task, node) => `that forbid ${forbiddenTo(task, node).join(', ')}`,
  },
  {
    // A node that has told nothing must not look like an empty one.
    name: 'reported',
    passes: (_task, node) => node.allocatable.cpuMillicores !== undefined && node.allocatable.memoryBytes !== undefined,
    reason: () => 'has not reported its CPU and memory',
    summary: () => 'that have not reported their CPU and memory',
  },
  resourceFilter('cpu', 'cpuMillicores', (amount) => `${amount / 1000} ${amount === 1000 ? 'CPU' : 'CPUs'}`, cores),
  resourceFilter('memory', 'memoryBytes', (amount) => `${readable(amount)} of memory`, readable),
  resourceFilter('disk', 'diskBytes', (amount) => `${readable(amount)} of disk`, readable),
  {
    name: 'extended',
    passes: (task, node) => task.amounts.extended === undefined || missingExtended(task, node).length === 0,
    reason: (task, node) => missingExtended(task, node).join(', '),
    summary: (task) => `without enough free ${Object.keys(task.amounts.extended ?? {}).join(' or ')}`,
  },
  {
    name: 'taskCount',
    passes: (_task, node) => node.maxTasks === undefined || node.taskCount < node.maxTasks,
    reason: (_task, node) => `already has ${node.taskCount} tasks, its limit is ${node.maxTasks}`,
    summary: () => 'at their limit of tasks',
  },
  {
    name: 'hostPorts',
    passes: (task, node) => task.ports.length === 0 || portConflicts(task, node).length === 0,
    reason: (task, node) => portConflicts(task, node).join(', '),
    summary: (task) => `with host port ${task.ports.map(formatPort).join(' or ')} in use`,
  },
];

export function passesAll(task: TaskDemand, node: NodeInfo): boolean {
  for (let index = 0; index < filters.length; index++) {
    if (filters[index]?.passes(task, node) === false) return false;
  }
  return true;
}

/** The rules that the node breaks; only the first while it is not ready or not the named one: the rest would not matter. */
export function brokenRules(task: TaskDemand, node: NodeInfo): Filter[] {
  const broken = filters.filter((filter) => !filter.passes(task, node));
  const decisive = broken.find(({ name }) => name === 'ready' || name === 'nodeName');
  return decisive === undefined ? broken : [decisive];
}

const rulesToStay = new Set(['nodeSelector', 'forbidden', 'cpu', 'memory', 'disk', 'extended', 'hostPorts']);

/**
 * The rules that a task which is on the node already breaks after a change of its spec. `node` must be without the task.
 * Readiness, cordon and new taints are not among them: they do not drive away what is there.
 */
export function brokenRulesToStay(task: TaskDemand, node: NodeInfo): Filter[] {
  return filters.filter((filter) => rulesToStay.has(filter.name) && !filter.passes(task, node));
}

function resourceFilter(
  name: string,
  resource: ResourceName,
  needs: (amount: number) => string,
  bare: (amount: number) => string,
): Filter {
  return {
    name,
    passes: (task, node) => {
      const needed = task.amounts[resource];
      if (needed === 0) return true;
      const allocatable = node.allocatable[resource];
      return allocatable !== undefined && node.allocated[resource] + needed <= allocatable;
    },
    reason: (task, node) => {
      const needed = task.amounts[resource];
      const allocatable = node.allocatable[resource];
      if (allocatable === undefined) return `needs ${needs(needed)}, the worker has not reported any`;
      if (needed > allocatable) return `needs ${needs(needed)}, has ${bare(allocatable)} in all`;
      return `needs ${needs(needed)}, ${bare(Math.max(0, allocatable - node.allocated[resource]))} free`;
    },
    summary: () => `without enough free ${name === 'cpu' ? 'CPU' : name}`,
  };
}

// No closures or destructuring here: it runs for every node that is looked at.
function hasLabels(node: NodeInfo, wanted: TaskDemand['nodeSelector']): boolean {
  for (let index = 0; index < wanted.length; index++) {
    const pair = wanted[index];
    if (pair !== undefined && own(node.labels, pair[0]) !== pair[1]) return false;
  }
  return true;
}

function untolerated(task: TaskDemand, node: NodeInfo): NodeInfo['taints'] {
  return node.taints.filter((taint) => !toleratesPlacement(task.tolerations, taint, task.wasDrivenAway));
}

function howFarTolerated({ tolerations }: TaskDemand, taint: NodeInfo['taints'][number]): string {
  const seconds = isTolerated(tolerations, taint) ? tolerationSecondsFor(tolerations, taint) : undefined;
  return seconds === undefined ? 'not tolerated' : `tolerated for ${seconds} s only`;
}

function forbiddenTo(task: TaskDemand, node: NodeInfo): NodeInfo['forbids'] {
  return node.forbids.filter((feature) => task.features.includes(feature));
}

function missingLabels(task: TaskDemand, node: NodeInfo): string {
  const wrong = task.nodeSelector.filter(([key, value]) => own(node.labels, key) !== value);
  return `lacks the label ${wrong
    .map(
      ([key, value]) =>
        `${key}=${value}${own(node.labels, key) === undefined ? '' : ` (has ${own(node.labels, key)})`}`,
    )
    .join(', ')}`;
}

function portConflicts(task: TaskDemand, node: NodeInfo): string[] {
  return task.ports.flatMap((claim) => {
    const other = node.ports
      .get(portKey(claim))
      ?.find((owned) => owned.owner !== task.key && portsConflict(owned, claim));
    return other === undefined ? [] : [`host port ${formatPort(claim)} is taken by ${other.owner}`];
  });
}

function missingExtended(task: TaskDemand, node: NodeInfo): string[] {
  return Object.entries(task.amounts.extended ?? {}).flatMap(([name, needed]) => {
    const all = own(node.allocatable.extended, name) ?? 0;
    const free = all - (own(node.allocated.extended, name) ?? 0);
    if (needed <= free) return [];
    const text = name.startsWith('hugepages-') ? readable : String;
    if (all === 0) return [`needs ${text(needed)} ${name}, the worker has none`];
    return [
      `needs ${text(needed)} ${name}, ${needed > all ? `has ${text(all)} in all` : `${text(Math.max(0, free))} free`}`,
    ];
  });
}

function cores(millicores: number): string {
  return String(millicores / 1000);
}

/** 1073741824 -> 1Gi, 8341204992 -> 7.7Gi: short enough to read, rounded down. */
function readable(bytes: number): string {
  for (const [suffix, factor] of [
    ['Ti', 2 ** 40],
    ['Gi', 2 ** 30],
    ['Mi', 2 ** 20],
    ['Ki', 2 ** 10],
  ] as const) {
    if (bytes >= factor) return `${Math.floor((bytes / factor) * 10) / 10}${suffix}`;
  }
  return formatBytes(bytes);
}
