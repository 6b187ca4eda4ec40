import type { ErrorCause } from '../support/errors.js';
import { configReferences } from './config-references.js';
import type { EnvFromSource, EnvVar, TaskSpec } from './generated/task.js';
import { taskField, taskFieldPaths } from './task-field.js';

const valueSources = ['configMapKeyRef', 'secretKeyRef', 'fieldRef'] as const;
const objectSources = ['configMapRef', 'secretRef'] as const;

/** So many objects are read for one container at most. */
const maxReferences = 64;

/** What the schema cannot say of a container's environment: one source each, fields that there are. Pure. */
export function validateEnvironment(spec: TaskSpec): ErrorCause[] {
  const { env = [], envFrom = [] } = spec;
  const named = configReferences(spec).length;
  return [
    ...env.flatMap((variable, index) => validateVariable(variable, `spec.env[${index}]`)),
    ...envFrom.flatMap((source, index) => validateSource(source, `spec.envFrom[${index}]`)),
    ...(named > maxReferences
      ? [invalid('spec', `names ${named} ConfigMaps and Secrets: at most ${maxReferences} can be read for a container`)]
      : []),
  ];
}

function validateVariable({ value, valueFrom }: EnvVar, field: string): ErrorCause[] {
  if (valueFrom === undefined) return [];
  // Clients in Go may send an empty value along.
  if (value) return [invalid(`${field}.valueFrom`, 'may not be set beside value: keep one of them')];
  const given = valueSources.filter((source) => valueFrom[source] !== undefined);
  if (given.length !== 1) {
    return [invalid(`${field}.valueFrom`, `needs exactly one of ${valueSources.join(', ')}, not ${given.length}`)];
  }
  const path = valueFrom.fieldRef?.fieldPath;
  if (path === undefined || taskField(path)) return [];
  const message = `"${path.slice(0, 80)}" is no field that a container can be told: use one of ${taskFieldPaths.join(', ')}`;
  return [invalid(`${field}.valueFrom.fieldRef.fieldPath`, message)];
}

function validateSource(source: EnvFromSource, field: string): ErrorCause[] {
  const given = objectSources.filter((name) => source[name] !== undefined);
  return given.length === 1
    ? []
    : [invalid(field, `needs exactly one of ${objectSources.join(' and ')}, not ${given.length}`)];
}

function invalid(field: string, message: string): ErrorCause {
  return { reason: 'FieldValueInvalid', field, message };
}
