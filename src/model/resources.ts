import type { TaskSpec } from './generated/task.js';
import { parseBytes, parseMillicores } from './quantities.js';

/** Amounts that add up: what a task asks for, what a node has. */
export interface Amounts {
  cpuMillicores: number;
  memoryBytes: number;
  diskBytes: number;
  /** Of what an admin says that machines have (`example.com/gpu`), and huge pages in bytes; absent when nothing of it. */
  extended?: Readonly<Record<string, number>>;
}

const basicNames: readonly string[] = ['cpu', 'memory', 'disk', 'ephemeral-storage', 'tasks', 'pods'];

/** Whether it is a resource that orch only counts, by its name: a domain and a name, or huge pages. Pure. */
export function isExtendedResource(name: string): boolean {
  if (basicNames.includes(name) || name.length > 317) return false;
  if (/^hugepages-[1-9]\d{0,8}[KMGT]i$/.test(name)) return true;
  const match = /^([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)\/[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.exec(name);
  return match !== null && !/(^|\.)kubernetes\.io$/.test(match[1] ?? '') && !name.startsWith('requests.');
}

/** The extended ones of a list of quantities, as numbers; undefined when there are none. Pure. */
export function extendedAmounts(list: Readonly<Record<string, unknown>> | undefined): Amounts['extended'] {
  const found = Object.entries(list ?? {}).flatMap(([name, quantity]): [string, number][] => {
    if (!isExtendedResource(name) || (typeof quantity !== 'string' && typeof quantity !== 'number')) return [];
    const amount = parseBytes(quantity) ?? 0;
    return amount > 0 ? [[name, amount]] : [];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

export const noAmounts: Amounts = { cpuMillicores: 0, memoryBytes: 0, diskBytes: 0 };

/** What the task needs for placement: requests, else the flat fields, else limits, else nothing. */
export function requestsOf(spec: Pick<TaskSpec, 'resources'>): Amounts {
  const { resources } = spec;
  const basic = amounts((name) => resources?.requests?.[name] ?? resources?.[name] ?? resources?.limits?.[name]);
  const extended = resources && extendedAmounts({ ...resources.limits, ...resources.requests });
  return extended ? { ...basic, extended } : basic;
}

/** What the container may use at most: limits, else the flat fields; 0 means no limit. */
export function limitsOf(spec: Pick<TaskSpec, 'resources'>): Amounts {
  return amounts((name) => spec.resources?.limits?.[name] ?? spec.resources?.[name]);
}

export function addAmounts(a: Amounts, b: Amounts): Amounts {
  return combine(a, b, 1);
}

export function subtractAmounts(a: Amounts, b: Amounts): Amounts {
  return combine(a, b, -1);
}

function combine(a: Amounts, b: Amounts, sign: 1 | -1): Amounts {
  const sum: Amounts = {
    cpuMillicores: a.cpuMillicores + sign * b.cpuMillicores,
    memoryBytes: a.memoryBytes + sign * b.memoryBytes,
    diskBytes: a.diskBytes + sign * b.diskBytes,
  };
  if (a.extended === undefined && b.extended === undefined) return sum;
  const totals = new Map(Object.entries(a.extended ?? {}));
  for (const [name, amount] of Object.entries(b.extended ?? {}))
    totals.set(name, (totals.get(name) ?? 0) + sign * amount);
  const left = [...totals].filter(([, amount]) => amount !== 0);
  return left.length === 0 ? sum : { ...sum, extended: Object.fromEntries(left) };
}

function amounts(pick: (name: 'cpu' | 'memory' | 'disk') => string | number | undefined): Amounts {
  return {
    cpuMillicores: parseMillicores(pick('cpu') ?? 0) ?? 0,
    memoryBytes: parseBytes(pick('memory') ?? 0) ?? 0,
    diskBytes: parseBytes(pick('disk') ?? 0) ?? 0,
  };
}
