import type { Condition } from '../model/conditions.js';
import { findCondition, setCondition } from '../model/conditions.js';
import type { ObjectMeta } from '../model/api-object.js';

/** An object of a namespace that is being deleted, and cannot go yet. */
export interface RemainingObject {
  /** In Kubernetes' way: `configmaps.`, `tasks.orch.dev`. */
  resource: string;
  metadata: Pick<ObjectMeta, 'name' | 'finalizers'>;
}

const maxNamed = 3;

/**
 * What keeps a namespace from going, as two conditions of the types, reasons and meaning that Kubernetes' namespace controller uses.
 * undefined when the conditions say so already, or nothing remains and nothing was said. Pure; `at` is the timestamp to write.
 */
export function planNamespaceConditions(
  conditions: readonly Condition[] | undefined,
  remaining: readonly RemainingObject[],
  at: string,
): Condition[] | undefined {
  if (remaining.length === 0 && !findCondition(conditions, 'NamespaceContentRemaining')) return undefined;
  const finalizers = remaining.flatMap((object) =>
    (object.metadata.finalizers ?? []).map((name) => ({ name, object })),
  );
  const byResource = groupBy(remaining, ({ resource }) => resource);
  const byFinalizer = groupBy(finalizers, ({ name }) => name);
  const next = [
    conditionOf('NamespaceContentRemaining', 'SomeResourcesRemain', 'ContentRemoved', [
      ...[...byResource].map(([resource, objects]) => `${resource} has ${objects.length}: ${names(objects)}`),
    ]),
    conditionOf('NamespaceFinalizersRemaining', 'SomeFinalizersRemain', 'ContentHasNoFinalizers', [
      ...[...byFinalizer].map(([finalizer, found]) => {
        const objects = found.map(({ object }) => object);
        return `${finalizer} in ${objects.length}: ${names(objects, true)}`;
      }),
    ]),
  ];
  const isSaid = next.every(({ type, status, message }) => {
    const said = findCondition(conditions, type);
    return said?.status === status && said.message === message;
  });
  if (isSaid) return undefined;
  return next.reduce<Condition[]>((all, condition) => setCondition(all, condition, at), [...(conditions ?? [])]);
}

function conditionOf(
  type: string,
  someReason: string,
  noneReason: string,
  found: readonly string[],
): Omit<Condition, 'lastTransitionTime'> {
  if (found.length === 0)
    return { type, status: 'False', reason: noneReason, message: 'Nothing is left that holds it' };
  return { type, status: 'True', reason: someReason, message: [...found].sort().join('; ').slice(0, 1024) };
}

function names(objects: readonly RemainingObject[], withResource = false): string {
  const sorted = objects
    .map(({ resource, metadata }) => (withResource ? `${resource}/${metadata.name}` : metadata.name))
    .sort();
  const rest = sorted.length - maxNamed;
  return `${sorted.slice(0, maxNamed).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function groupBy<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(nameOf(item), [...(groups.get(nameOf(item)) ?? []), item]);
  return groups;
}
