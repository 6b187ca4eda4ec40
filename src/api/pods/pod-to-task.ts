import { parseFieldPath } from '../../manifest/field-path.js';
import { validateSchema } from '../../manifest/validate-schema.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.js';
import { podKind } from '../../model/pod.js';
import { invalid, strictDecoding } from '../../registry/registry-errors.js';
import type { WriteOptions } from '../../registry/registry.js';
import type { ErrorCause } from '../../support/errors.js';
import { treatmentOf } from './pod-fields.js';
import { addPodOnlyFields, type PodOnlyFields } from './pod-only-fields.js';
import { containerNameFrom } from './task-to-pod.js';

export interface ConvertedPod {
  object: JsonObject;
  warnings: string[];
}

/**
 * The Task that a Pod, as somebody sent it, stands for: the reverse of taskToPod. Takes partial Pods too (server-side
 * apply), so nothing is added that was not sent. Throws Invalid, naming each field that orch does not act on and that
 * would change what runs, and BadRequest under Strict for fields that no Pod has. Pure.
 */
export function podToTask(pod: JsonObject, fieldValidation: WriteOptions['fieldValidation'] = 'Strict'): ConvertedPod {
  const { status: _status, ...sent } = pod;
  const { known, fields, warnings } = readPod(sent, fieldValidation);
  const metadata = isJsonObject(known['metadata']) ? known['metadata'] : {};
  const spec = isJsonObject(known['spec']) ? known['spec'] : {};
  const container = firstContainer(spec);
  const kept = withContainerName(fields, container, metadata);
  const annotations = addPodOnlyFields(metadata['annotations'], kept);
  return {
    object: {
      apiVersion: 'orch.dev/v1',
      kind: 'Task',
      metadata: annotations === undefined ? metadata : { ...metadata, annotations },
      spec: taskSpecOf(spec, container),
    },
    warnings,
  };
}

/** Sorts what the schema does not know; everything else about the schema is left to the Task's own. */
function readPod(
  pod: JsonObject,
  fieldValidation: WriteOptions['fieldValidation'],
): { known: JsonObject; fields: PodOnlyFields; warnings: string[] } {
  const name = nameOf(pod);
  const fields: PodOnlyFields = {};
  const kept: string[] = [];
  const refused: ErrorCause[] = [];
  const unknown: string[] = [];
  const rest = structuredClone(pod);
  // Not all issues are told at once, so those that were dealt with are taken out and the rest is looked at again.
  for (let issues = validateSchema(podKind, rest); ; issues = validateSchema(podKind, rest)) {
    const unknownFields = issues.filter(({ unknownField }) => unknownField);
    if (unknownFields.length === 0 || refused.length > 0) {
      // What is missing is the Task's to say: a partial Pod (server-side apply) is right.
      refused.push(...issues.filter(({ unknownField, reason }) => !unknownField && reason !== 'FieldValueRequired'));
      break;
    }
    for (const { field, message } of unknownFields) {
      const value = valueAt(rest, field);
      switch (treatmentOf(field, value)) {
        case 'keep':
          kept.push(field.replace(/\[0\]/, ''));
          keep(fields, field, value as JsonValue);
          break;
        case 'refuse':
          refused.push({
            reason: 'FieldValueNotSupported',
            field,
            message: 'orch does not act on this field, and what runs would not be what was asked for: remove it',
          });
          break;
        case 'unknown':
          unknown.push(message.replace(/^unknown field "[^"]*"/, () => `unknown field "${field}"`));
          break;
        case 'empty':
      }
      removeAt(rest, field);
    }
  }
  const containers = valueAt(rest, 'spec.containers');
  if (Array.isArray(containers) && containers.length > 1) {
    const message = `orch runs one container in a pod, not ${containers.length}: make a pod of each`;
    refused.push({ reason: 'FieldValueTooMany', field: 'spec.containers', message });
  }
  if (refused.length > 0) {
    throw invalid(
      podKind,
      name,
      refused.map(({ reason, field, message }) => ({ reason, message, ...(field ? { field } : {}) })),
    );
  }
  if (unknown.length > 0 && fieldValidation === 'Strict') throw strictDecoding(podKind, unknown);
  return {
    known: rest,
    fields,
    warnings: [
      ...(kept.length > 0 ? [`orch keeps these fields and does not act on them: ${kept.join(', ')}`] : []),
      ...(fieldValidation === 'Warn' ? unknown : []),
    ],
  };
}

function keep(fields: PodOnlyFields, field: string, value: JsonValue): void {
  const owner = field.startsWith('spec.containers[') ? 'container' : 'spec';
  fields[owner] = { ...fields[owner], [field.slice(field.lastIndexOf('.') + 1)]: value };
}

/** A container that is named as its Task would name it needs no record of it. */
function withContainerName(fields: PodOnlyFields, container: JsonObject, metadata: JsonObject): PodOnlyFields {
  const name = container['name'];
  const own = metadata['name'];
  if (typeof name !== 'string' || (typeof own === 'string' && name === containerNameFrom(own))) return fields;
  return { ...fields, container: { name, ...fields.container } };
}

function firstContainer(spec: JsonObject): JsonObject {
  const containers = spec['containers'];
  const first = Array.isArray(containers) ? containers[0] : undefined;
  return isJsonObject(first) ? first : {};
}

const sameInPodSpec = [
  'restartPolicy',
  'terminationGracePeriodSeconds',
  'hostNetwork',
  'nodeSelector',
  'tolerations',
  'priority',
  'nodeName',
] as const;

const sameInContainer = [
  'image',
  'imagePullPolicy',
  'command',
  'args',
  'workingDir',
  'env',
  'startupProbe',
  'livenessProbe',
  'readinessProbe',
  'stdin',
  'stdinOnce',
  'tty',
] as const;

function taskSpecOf(spec: JsonObject, container: JsonObject): JsonObject {
  const { schedulerName } = spec;
  const { lifecycle, ports, resources } = container;
  const { stopSignal, ...hooks } = isJsonObject(lifecycle) ? lifecycle : {};
  const task: JsonObject = {
    ...present(container, sameInContainer),
    ...present(spec, sameInPodSpec),
    ...(schedulerName === undefined || schedulerName === 'default-scheduler' ? {} : { schedulerName }),
    ...(Object.keys(hooks).length === 0 ? {} : { lifecycle: hooks }),
    ...(stopSignal === undefined ? {} : { stopSignal }),
    ...(Array.isArray(ports) ? { ports: ports.map(withoutHostPortZero) } : {}),
    ...(isJsonObject(resources) ? resourcesOf(resources) : {}),
  };
  return task;
}

/** Nulls and empty texts say nothing. */
function present(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names
      .map((name): [string, JsonValue | undefined] => [name, object[name]])
      .filter((entry): entry is [string, JsonValue] => {
        const [, value] = entry;
        return value !== undefined && value !== null && value !== '';
      }),
  );
}

/** Kubernetes' 0 is no port of the host; a Task's would be any. */
function withoutHostPortZero(port: JsonValue): JsonValue {
  if (!isJsonObject(port) || port['hostPort'] !== 0) return port;
  const { hostPort: _none, ...rest } = port;
  return rest;
}

function resourcesOf(resources: JsonObject): JsonObject {
  const lists = (['requests', 'limits'] as const).flatMap((which): [string, JsonValue][] => {
    const list = resources[which];
    if (!isJsonObject(list) || Object.keys(list).length === 0) return [];
    const { 'ephemeral-storage': disk, ...others } = list;
    return [[which, { ...others, ...(disk === undefined ? {} : { disk }) }]];
  });
  return lists.length === 0 ? {} : { resources: Object.fromEntries(lists) };
}

function valueAt(root: JsonValue, field: string): JsonValue | undefined {
  return valueOf(root, parseFieldPath(field));
}

function removeAt(root: JsonValue, field: string): void {
  const segments = parseFieldPath(field);
  const parent = valueOf(root, segments.slice(0, -1));
  if (isJsonObject(parent)) delete parent[String(segments.at(-1))];
}

function valueOf(root: JsonValue, segments: readonly (string | number)[]): JsonValue | undefined {
  return segments.reduce<JsonValue | undefined>((value, segment) => {
    if (Array.isArray(value)) return value[Number(segment)];
    return isJsonObject(value) ? value[segment] : undefined;
  }, root);
}

function nameOf(pod: JsonObject): string {
  const metadata = pod['metadata'];
  const name = isJsonObject(metadata) ? (metadata['name'] ?? metadata['generateName']) : undefined;
  return typeof name === 'string' ? name.slice(0, 253) : '';
}
