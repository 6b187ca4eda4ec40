import type { TaskSpec } from './generated/task.js';
import { parseBytes, parseMillicores } from './quantities.js';

/** Amounts that add up: what a task asks for, what a node has. */
export interface Amounts {
  cpuMillicores: number;
  memoryBytes: number;
  diskBytes: number;
}

export const noAmounts: Amounts = { cpuMillicores: 0, memoryBytes: 0, diskBytes: 0 };

/** What the task needs for placement: requests, else the flat fields, else limits, else nothing. */
export function requestsOf(spec: Pick<TaskSpec, 'resources'>): Amounts {
  return amounts((name) => {
    const { resources } = spec;
    return resources?.requests?.[name] ?? resources?.[name] ?? resources?.limits?.[name];
  });
}

/** What the container may use at most: limits, else the flat fields; 0 means no limit. */
export function limitsOf(spec: Pick<TaskSpec, 'resources'>): Amounts {
  return amounts((name) => spec.resources?.limits?.[name] ?? spec.resources?.[name]);
}

export function addAmounts(a: Amounts, b: Amounts): Amounts {
  return {
    cpuMillicores: a.cpuMillicores + b.cpuMillicores,
    memoryBytes: a.memoryBytes + b.memoryBytes,
    diskBytes: a.diskBytes + b.diskBytes,
  };
}

function amounts(pick: (name: 'cpu' | 'memory' | 'disk') => string | number | undefined): Amounts {
  return {
    cpuMillicores: parseMillicores(pick('cpu') ?? 0) ?? 0,
    memoryBytes: parseBytes(pick('memory') ?? 0) ?? 0,
    diskBytes: parseBytes(pick('disk') ?? 0) ?? 0,
  };
}
