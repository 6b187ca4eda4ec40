import type { ObjectKey, Stored } from '../model/api-object.js';
import { configMapKind } from '../model/config-map.js';
import { configReferences } from '../model/config-references.js';
import type { JsonObject } from '../model/json.js';
import { resourceName, type Kind } from '../model/kind.js';
import { nodeKind } from '../model/node.js';
import { secretKind } from '../model/secret.js';
import { taskKind, type StoredTask } from '../model/task.js';
import { notFound } from '../registry/registry-errors.js';
import type { DeleteOptions, ListOptions } from '../registry/registry.js';
import { OrchError } from '../support/errors.js';
import { foreignNodeChange } from './access/node-write-rule.js';
import { foreignTaskReport } from './access/task-report-rule.js';
import type { Identity } from './identity.js';

/**
 * What a worker may see and change: its own Node, and the tasks that are placed on it. All pure; the routes ask here
 * after authorization.ts let the verb through. For other identities everything passes.
 */

/** Narrows LIST and WATCH to what the worker may see. */
export function scopeList(identity: Identity, kind: Kind, options: ListOptions): ListOptions {
  if (identity.role !== 'node') return options;
  const own = kind === nodeKind ? `metadata.name=${identity.nodeName}` : `spec.nodeName=${identity.nodeName}`;
  return { ...options, fieldSelector: options.fieldSelector ? `${options.fieldSelector},${own}` : own };
}

/** Another worker's task does not exist for this one: throws NotFound. */
export function checkVisible(identity: Identity, kind: Kind, object: Stored): void {
  if (identity.role !== 'node' || kind !== taskKind) return;
  if ((object as StoredTask).spec.nodeName !== identity.nodeName) throw notFound(kind, object.metadata.name);
}

/** Whether a worker must say for which of its tasks it reads an object of this kind. */
export function isReadForTasks(identity: Identity, kind: Kind): boolean {
  return identity.role === 'node' && (kind === configMapKind || kind === secretKind);
}

/**
 * A worker reads a ConfigMap or Secret only for a task that is placed on it and names that very object. `task`: what it
 * said it reads for, in the object's namespace; undefined when there is no such task. Throws Forbidden, in the same words
 * whatever is missing: whether a task or an object exists is not told.
 */
export function checkReadFor(identity: Identity, kind: Kind, name: string, task: StoredTask | undefined): void {
  if (!isReadForTasks(identity, kind) || identity.role !== 'node') return;
  const names =
    task?.spec.nodeName === identity.nodeName &&
    configReferences(task.spec).some((reference) => reference.kind === kind.kind && reference.name === name);
  if (names) return;
  throw new OrchError(
    'Forbidden',
    `${resourceName(kind)} "${name.slice(0, 80)}" is forbidden: user "${identity.name}" may get it only with ` +
      '?forTask=NAME, for a task that is placed on this worker and names it',
  );
}

/** A worker says of its Node what node-write-rule.ts lets it: throws Forbidden. `next` is the object as it would be written. */
export function checkNodeWrite(identity: Identity, kind: Kind, current: Stored, next: JsonObject): void {
  if (identity.role !== 'node' || kind !== nodeKind) return;
  const change = foreignNodeChange(identity.nodeName, current, next);
  if (change !== undefined) throw forbidden(identity, `change ${change}`);
}

/** A worker says in a task's status what task-report-rule.ts lets it: throws Forbidden. `next` is the object as it would be written. */
export function checkReport(identity: Identity, kind: Kind, current: Stored, next: JsonObject): void {
  if (identity.role !== 'node' || kind !== taskKind) return;
  const change = foreignTaskReport(identity.nodeName, current, next);
  if (change !== undefined) throw forbidden(identity, `change ${change}`);
}

/** A worker only confirms deletions that somebody else asked for, of exactly the object that it knows. */
export function checkDelete(identity: Identity, kind: Kind, object: Stored, options: DeleteOptions): void {
  if (identity.role !== 'node' || kind !== taskKind) return;
  if (options.gracePeriodSeconds !== 0 || options.preconditions?.uid === undefined) {
    throw forbidden(identity, 'delete tasks: it confirms a deletion with gracePeriodSeconds 0 and preconditions.uid');
  }
  if (object.metadata.deletionTimestamp === undefined && object.metadata.uid === options.preconditions.uid) {
    throw forbidden(identity, 'delete a task whose deletion nobody asked for');
  }
}

/** The key of the task that a TaskEvent is about. */
export function taskKeyOf(event: { task: { name: string; namespace: string } }): ObjectKey {
  return { namespace: event.task.namespace, name: event.task.name };
}

function forbidden(identity: Identity, what: string): OrchError {
  return new OrchError('Forbidden', `user "${identity.name}" cannot ${what}`);
}
