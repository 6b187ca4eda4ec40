import type { Kind } from '../model/kind.js';
import { defaultNamespace, namespaceKind } from '../model/namespace.js';
import { taskKind, type StoredTask } from '../model/task.js';
import { finalizersFor } from './garbage/plan-collection.js';
import { jsonEqual } from './json-equal.js';
import type { AnyStored } from './object-codec.js';
import { isFinished, type Fate } from './prepare-update.js';
import { badRequest, forbidden, preconditionFailed } from './registry-errors.js';
import type { DeleteOptions } from './registry.js';

interface DeletionFacts {
  timestamp: string;
  /** Whether the node that a bound task names still exists: without it nobody is left who could confirm. */
  nodeExists: boolean;
  /** Whether other objects name this one as their owner. */
  hasDependents: boolean;
}

const defaultGracePeriodSeconds = 30;
const maxGracePeriodSeconds = 86_400;

/**
 * What a DELETE makes of the object: 'gone', 'stored' (marked with deletionTimestamp, waiting for finalizers, for its
 * worker or for a namespace's contents), or 'unchanged' (it was marked before). Throws Conflict (preconditions),
 * Forbidden (namespace default), BadRequest. Pure.
 */
export function planDeletion(
  kind: Kind,
  current: AnyStored,
  options: DeleteOptions,
  facts: DeletionFacts,
): { object: AnyStored; fate: Fate } {
  checkDeletePreconditions(kind, current, options);
  const finalizers = finalizersFor(options.propagationPolicy, current.metadata.finalizers, facts.hasDependents);
  if (kind === namespaceKind) return planNamespaceDeletion(current, facts, finalizers);
  const gracePeriodSeconds =
    kind === taskKind && facts.nodeExists ? graceOfTask(current, options.gracePeriodSeconds) : 0;
  const { deletionTimestamp, deletionGracePeriodSeconds } = current.metadata;
  const marked: AnyStored = {
    ...current,
    metadata: {
      ...current.metadata,
      // Once asked for it stays asked for, since then; asking again can only shorten the time.
      deletionTimestamp: deletionTimestamp ?? facts.timestamp,
      deletionGracePeriodSeconds: Math.min(gracePeriodSeconds, deletionGracePeriodSeconds ?? gracePeriodSeconds),
      ...(finalizers ? { finalizers } : {}),
    },
  };
  if (isFinished(kind, marked)) return { object: marked, fate: 'gone' };
  const isSame =
    deletionTimestamp !== undefined &&
    deletionGracePeriodSeconds === marked.metadata.deletionGracePeriodSeconds &&
    jsonEqual(current.metadata.finalizers ?? [], finalizers ?? []);
  return isSame ? { object: current, fate: 'unchanged' } : { object: marked, fate: 'stored' };
}

/**
 * Whether the object of a task that runs somewhere would go without its worker ever having seen that it is being deleted. It is marked
 * first then: who sees only the end takes it for a move, after which a container has the time that its spec grants.
 */
export function isUntoldForce(kind: Kind, current: AnyStored, fate: Fate): boolean {
  if (kind !== taskKind || fate !== 'gone' || current.metadata.deletionTimestamp !== undefined) return false;
  return Boolean((current as unknown as StoredTask).spec.nodeName);
}

/** Only an explicit 0 is the worker's confirmation (or force): a spec that grants no time still has a container. */
function graceOfTask(current: AnyStored, requested: number | undefined): number {
  if (requested !== undefined) {
    if (!Number.isInteger(requested) || requested < 0) {
      throw badRequest(`gracePeriodSeconds must be a whole number of seconds, 0 or more, not ${requested}`);
    }
    return Math.min(requested, maxGracePeriodSeconds);
  }
  const { metadata, spec } = current as unknown as StoredTask;
  return (
    metadata.deletionGracePeriodSeconds ?? Math.max(1, spec.terminationGracePeriodSeconds ?? defaultGracePeriodSeconds)
  );
}

function planNamespaceDeletion(
  current: AnyStored,
  facts: DeletionFacts,
  finalizers: string[] | undefined,
): { object: AnyStored; fate: Fate } {
  const { name, deletionTimestamp } = current.metadata;
  if (name === defaultNamespace) throw forbidden(namespaceKind, name, 'this namespace may not be deleted');
  if (deletionTimestamp !== undefined) return { object: current, fate: 'unchanged' };
  const metadata = {
    ...current.metadata,
    deletionTimestamp: facts.timestamp,
    deletionGracePeriodSeconds: 0,
    ...(finalizers && { finalizers }),
  };
  const status = { ...(current.status as object | undefined), phase: 'Terminating' };
  return { object: { ...current, metadata, status }, fate: 'stored' };
}

function checkDeletePreconditions(kind: Kind, current: AnyStored, { preconditions = {} }: DeleteOptions): void {
  const { name, uid, resourceVersion } = current.metadata;
  if (preconditions.uid !== undefined && preconditions.uid !== uid) {
    throw preconditionFailed(kind, name, 'UID', preconditions.uid, uid);
  }
  if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    throw preconditionFailed(kind, name, 'ResourceVersion', preconditions.resourceVersion, resourceVersion);
  }
}
