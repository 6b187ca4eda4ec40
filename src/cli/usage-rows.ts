import type { Node } from '../model/node.js';
import { parseBytes, parseMillicores } from '../model/quantities.js';
import type { Task } from '../model/task.js';

/** One line of `orch top`; the amounts are for sorting. */
export interface UsageRow {
  cells: string[];
  cpuMillicores: number;
  memoryBytes: number;
}

const unknown = '-';

/** What the machine uses, and which share of what it has for tasks. Pure. */
export function nodeUsage(node: Node): UsageRow {
  const { usage, allocatable } = node.status ?? {};
  const { cpuMillicores, memoryBytes } = usage ?? {};
  return {
    cells: [
      node.metadata.name ?? '',
      formatCpu(cpuMillicores),
      formatShare(cpuMillicores, parseMillicores(allocatable?.cpu ?? 0)),
      formatMemory(memoryBytes),
      formatShare(memoryBytes, parseBytes(allocatable?.memory ?? 0)),
    ],
    cpuMillicores: cpuMillicores ?? 0,
    memoryBytes: memoryBytes ?? 0,
  };
}

/** What a running task uses; undefined for one that does not run. Pure. */
export function taskUsage({ metadata, spec, status }: Task, withNamespace: boolean): UsageRow | undefined {
  if (status?.state !== 'Running') return undefined;
  const { cpuMillicores, memoryBytes } = status.usage ?? {};
  return {
    cells: [
      ...(withNamespace ? [metadata.namespace ?? ''] : []),
      metadata.name ?? '',
      formatCpu(cpuMillicores),
      formatMemory(memoryBytes),
      spec.nodeName ?? unknown,
    ],
    cpuMillicores: cpuMillicores ?? 0,
    memoryBytes: memoryBytes ?? 0,
  };
}

/** The largest first; as they came without an order. Pure. */
export function sortUsage(rows: readonly UsageRow[], by: 'cpu' | 'memory' | undefined): UsageRow[] {
  if (by === undefined) return [...rows];
  const amount = (row: UsageRow): number => (by === 'cpu' ? row.cpuMillicores : row.memoryBytes);
  return [...rows].sort((a, b) => amount(b) - amount(a));
}

/** Always in thousandths, so that a column can be compared at a glance. */
function formatCpu(millicores: number | undefined): string {
  return millicores === undefined ? unknown : `${Math.round(millicores)}m`;
}

function formatMemory(bytes: number | undefined): string {
  return bytes === undefined ? unknown : `${Math.round(bytes / 2 ** 20)}Mi`;
}

function formatShare(used: number | undefined, whole: number | undefined): string {
  return used === undefined || !whole ? unknown : `${Math.round((100 * used) / whole)}%`;
}
