import { formatKey, keyOf, type Stored } from '../../model/api-object.js';
import type { TaskBlueprint } from '../../model/pod-template.js';
import { taskKind, type StoredTask, type Task } from '../../model/task.js';
import type { Registry } from '../../registry/registry.js';
import { isOrchError } from '../../support/errors.js';
import { eventSource } from '../write-task.js';
import { ownerReferenceTo } from './owner-reference.js';

/** What a step came to: the task as it is now, gone, or a name that somebody else has. */
export type StepOutcome =
  { type: 'written'; task: StoredTask } | { type: 'gone'; task: StoredTask } | { type: 'nameTaken'; name: string };

/** A task to make, or to take away. */
export type ReplicaStep =
  { type: 'create'; name: string; blueprint: TaskBlueprint } | { type: 'delete'; task: StoredTask };

/** Takes one step for an owner of tasks. What it finds done already is no error. */
export async function takeStep(registry: Registry, owner: Stored, step: ReplicaStep): Promise<StepOutcome> {
  return step.type === 'create' ? createTask(registry, owner, step) : deleteTask(registry, step.task);
}

/** Makes it the owner of a task that nobody owns, or takes it from those that it owns. */
export async function changeOwner(
  registry: Registry,
  owner: Stored,
  task: StoredTask,
  change: 'adopt' | 'disown',
): Promise<StoredTask | undefined> {
  const { uid } = task.metadata;
  try {
    const { object } = await registry.mutate<StoredTask>(
      taskKind,
      keyOf(task),
      (current) => {
        const { ownerReferences: owners = [], ...rest } = current.metadata;
        if (rest.uid !== uid || rest.deletionTimestamp !== undefined) return undefined;
        if (change === 'adopt' && owners.some(({ controller }) => controller === true)) return undefined;
        const others = owners.filter((other) => other.uid !== owner.metadata.uid);
        const next = change === 'adopt' ? [...others, ownerReferenceTo(owner)] : others;
        return { ...current, metadata: { ...rest, ...(next.length === 0 ? {} : { ownerReferences: next }) } };
      },
      { source: eventSource },
    );
    return object;
  } catch (error) {
    if (isOrchError(error, 'NotFound')) return undefined;
    throw error;
  }
}

async function createTask(
  registry: Registry,
  owner: Stored,
  { name, blueprint }: ReplicaStep & { type: 'create' },
): Promise<StepOutcome> {
  const { metadata } = owner;
  const { labels, annotations, spec } = blueprint;
  const key = { namespace: metadata.namespace ?? 'default', name };
  const task: Task = {
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: { ...key, labels, annotations, ownerReferences: [ownerReferenceTo(owner)] },
    spec,
  };
  try {
    const { object } = await registry.create<StoredTask>(taskKind, task, { source: eventSource });
    return { type: 'written', task: object };
  } catch (error) {
    if (!isOrchError(error, 'AlreadyExists')) throw error;
  }
  // Our own view may be behind, or the name be somebody else's.
  const found = await registry.get<StoredTask>(taskKind, key);
  const isOwn = found.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) ?? false;
  return isOwn ? { type: 'written', task: found } : { type: 'nameTaken', name };
}

async function deleteTask(registry: Registry, task: StoredTask): Promise<StepOutcome> {
  const { uid } = task.metadata;
  try {
    const { object, gone } = await registry.delete<StoredTask>(taskKind, keyOf(task), { preconditions: { uid } });
    return gone ? { type: 'gone', task } : { type: 'written', task: object };
  } catch (error) {
    // Another one has its name by now, or none.
    if (isOrchError(error, 'NotFound') || isOrchError(error, 'Conflict')) return { type: 'gone', task };
    throw error;
  }
}

/** How logs and maps name a task. */
export function taskKeyOf(task: StoredTask): string {
  return formatKey(keyOf(task));
}
