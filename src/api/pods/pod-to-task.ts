import { parseFieldPath } from '../../manifest/field-path.js';
import { validateSchema } from '../../manifest/validate-schema.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.js';
import { podKind } from '../../model/pod.js';
import { treatmentOf } from '../../model/pod-fields.js';
import { addPodOnlyFields, type PodOnlyFields } from '../../model/pod-only-fields.js';
import { firstContainer, taskSpecOfPod, withContainerName } from '../../model/pod-task-spec.js';
import { invalid, strictDecoding } from '../../registry/registry-errors.js';
import type { WriteOptions } from '../../registry/registry.js';
import type { ErrorCause } from '../../support/errors.js';
import { own } from '../../support/own.js';

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
      spec: taskSpecOfPod(spec, container),
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
    return isJsonObject(value) ? own(value, String(segment)) : undefined;
  }, root);
}

function nameOf(pod: JsonObject): string {
  const metadata = pod['metadata'];
  const name = isJsonObject(metadata) ? (metadata['name'] ?? metadata['generateName']) : undefined;
  return typeof name === 'string' ? name.slice(0, 253) : '';
}
