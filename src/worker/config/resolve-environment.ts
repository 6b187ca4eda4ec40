import type { ConfigReference } from '../../model/config-references.js';
import type { StoredTask } from '../../model/task.js';
import type { TaskSurroundings } from '../../model/task-field.js';
import { taskField } from '../../model/task-field.js';
import { ConfigProblem } from './config-problem.js';
import type { ConfigObjects } from './config-objects.js';
import { valuesOf } from './config-objects.js';
import { ReferenceExpansion } from './reference-expansion.js';

export interface ResolvedEnvironment {
  /** Each name once. */
  env: { name: string; value: string }[];
  /** Keys of whole objects (envFrom) whose values no environment can hold, as `Secret "login": a, b`. */
  skipped: string[];
}

/**
 * The environment of a task's next container: envFrom in its order, then env, later ones winning. Every name is taken that
 * env takes itself, as newer Kubernetes does; a plain value may refer to those before it. Throws a ConfigProblem for an
 * object, a key or a value that is needed and cannot be had. Pure.
 */
export function resolveEnvironment(
  task: StoredTask,
  objects: ConfigObjects,
  surroundings: TaskSurroundings,
): ResolvedEnvironment {
  const { env = [], envFrom = [] } = task.spec;
  const variables = new Map<string, string>();
  const expansion = new ReferenceExpansion(variables);
  const skipped: string[] = [];
  for (const [index, { prefix = '', configMapRef, secretRef }] of envFrom.entries()) {
    const named = secretRef ?? configMapRef;
    if (!named) continue;
    const reference: ConfigReference = { kind: secretRef ? 'Secret' : 'ConfigMap', name: named.name };
    const values = valuesOf(objects, reference, 'environment');
    if (!values) {
      if (named.optional) continue;
      throw missingObject(task, reference, `spec.envFrom[${index}]`);
    }
    const unfit: string[] = [];
    for (const [key, bytes] of values) {
      const text = textOf(bytes);
      if (text === undefined) unfit.push(key);
      else variables.set(`${prefix}${key}`, text);
    }
    if (unfit.length > 0) skipped.push(`${reference.kind} "${reference.name}": ${unfit.sort().join(', ')}`);
  }
  for (const [index, { name, value = '', valueFrom }] of env.entries()) {
    const { configMapKeyRef, secretKeyRef, fieldRef } = valueFrom ?? {};
    const selector = secretKeyRef ?? configMapKeyRef;
    const found = selector
      ? keyValue(task, objects, { kind: secretKeyRef ? 'Secret' : 'ConfigMap', name: selector.name }, selector, index)
      : fieldRef
        ? taskField(fieldRef.fieldPath)?.(task, surroundings)
        : expansion.expand(value, `spec.env[${index}].value`);
    if (found !== undefined) variables.set(name, found);
  }
  return { env: [...variables].map(([name, value]) => ({ name, value })), skipped };
}

function keyValue(
  task: StoredTask,
  objects: ConfigObjects,
  reference: ConfigReference,
  { key, optional = false }: { key: string; optional?: boolean },
  index: number,
): string | undefined {
  const field = `spec.env[${index}]`;
  const values = valuesOf(objects, reference, 'environment');
  const bytes = values?.get(key);
  if (bytes === undefined) {
    if (optional) return undefined;
    throw values ? missingKey(task, reference, key, field) : missingObject(task, reference, field);
  }
  const text = textOf(bytes);
  if (text !== undefined) return text;
  throw new ConfigProblem(
    `${reference.kind} "${reference.name}": the value of the key "${key}" is no text, so no environment variable can ` +
      `hold it (${field}): mount it as a file`,
  );
}

/** An object that a task needs and that is not there. `field`: where the task names it. */
export function missingObject(task: StoredTask, { kind, name }: ConfigReference, field: string): ConfigProblem {
  return new ConfigProblem(
    `there is no ${kind} "${name}" in the namespace "${task.metadata.namespace ?? 'default'}" (${field}): create it, ` +
      'or set optional: true',
  );
}

/** A key that a task needs and that the object does not have. */
export function missingKey(
  task: StoredTask,
  { kind, name }: ConfigReference,
  key: string,
  field: string,
): ConfigProblem {
  return new ConfigProblem(
    `${kind} "${name}" in the namespace "${task.metadata.namespace ?? 'default'}" has no key "${key}" (${field}): add it, ` +
      'or set optional: true',
  );
}

/** What an environment can hold: UTF-8 without NUL. */
function textOf(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
