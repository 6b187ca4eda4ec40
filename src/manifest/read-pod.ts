import type { JsonObject, JsonValue } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import { podKind } from '../model/pod.js';
import { refusalOf, treatmentOf } from '../model/pod-fields.js';
import { addPodOnlyFields, type PodOnlyFields } from '../model/pod-only-fields.js';
import { firstContainer, taskSpecOfPod, withContainerName } from '../model/pod-task-spec.js';
import { refusedAnnotations } from '../model/pod-security.js';
import { withoutUnset } from '../model/unset-fields.js';
import { own } from '../support/own.js';
import { formatPointer, parseFieldPath } from './field-path.js';
import { independentCauses } from './independent-causes.js';
import type { RawTextOf, SchemaIssue } from './schema-issue.js';
import { validateSchema } from './validate-schema.js';

/** A Pod as somebody sent it, and what of it a Task cannot take. */
export interface ReadPod {
  /** The Task that it stands for, without what was refused or is unknown. */
  task: JsonObject;
  /** Fields of Kubernetes that orch keeps without acting on them. */
  kept: string[];
  /** What may not be there: fields that would change what runs, and wrong values. */
  refused: SchemaIssue[];
  /** What no Pod has. */
  unknown: SchemaIssue[];
}

/**
 * Reads a Pod, whole or a part of one (server-side apply), so nothing is added that was not sent and what is missing is not told:
 * that is for the Task's schema. Pure.
 */
export function readPod(pod: JsonObject, rawTextOf?: RawTextOf): ReadPod {
  const { status: _status, ...sent } = withoutUnset(podKind.schema, pod);
  const known = structuredClone(sent);
  const fields: PodOnlyFields = {};
  const kept: string[] = [];
  const refused: SchemaIssue[] = [];
  const unknown: SchemaIssue[] = [];
  // Not all issues are told at once, so those that were dealt with are taken out and the rest is looked at again.
  for (let issues = validateSchema(podKind, known, rawTextOf); ; issues = validateSchema(podKind, known, rawTextOf)) {
    const unknownFields = issues.filter(({ unknownField }) => unknownField);
    if (unknownFields.length === 0) {
      refused.push(...issues.filter(({ reason }) => reason !== 'FieldValueRequired'));
      break;
    }
    for (const issue of unknownFields) {
      const { field } = issue;
      const value = valueOf(known, parseFieldPath(field));
      const treatment = treatmentOf(field, value);
      if (treatment === 'keep') {
        kept.push(field.replace(/\[0\]/, ''));
        keep(fields, field, value as JsonValue);
      } else if (treatment === 'default') {
        if (ownerOf(field) !== undefined) keep(fields, field, value as JsonValue);
      } else if (treatment === 'refuse') {
        const message = refusalOf(field, value);
        refused.push({ ...issue, reason: 'FieldValueNotSupported', message, unknownField: false });
      } else if (treatment === 'unknown') unknown.push(issue);
      removeAt(known, field);
    }
  }
  const containers = valueOf(known, ['spec', 'containers']);
  if (Array.isArray(containers) && containers.length > 1) {
    refused.push({
      reason: 'FieldValueTooMany',
      field: 'spec.containers',
      pointer: '/spec/containers',
      message: `orch runs one container in a pod, not ${containers.length}: make a pod of each`,
      unknownField: false,
    });
  }
  const annotations = valueOf(known, ['metadata', 'annotations']);
  for (const { name, message } of refusedAnnotations(annotations)) {
    const reason = 'FieldValueNotSupported';
    const path = ['metadata', 'annotations', name];
    refused.push({
      reason,
      message,
      field: `metadata.annotations.${name}`,
      pointer: formatPointer(path),
      unknownField: false,
    });
  }
  const task = taskOf(known, fields);
  const wrong = [...refused, ...unknown].map(({ field }) => field);
  if (wrong.length > 0) refused.push(...independentCauses(task, wrong));
  return { task, kept, refused, unknown };
}

function taskOf(pod: JsonObject, fields: PodOnlyFields): JsonObject {
  const metadata = isJsonObject(pod['metadata']) ? pod['metadata'] : {};
  const spec = isJsonObject(pod['spec']) ? pod['spec'] : {};
  const container = firstContainer(spec);
  const annotations = addPodOnlyFields(metadata['annotations'], withContainerName(fields, container, metadata));
  return {
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: annotations === undefined ? metadata : { ...metadata, annotations },
    spec: taskSpecOfPod(spec, container),
  };
}

function keep(fields: PodOnlyFields, field: string, value: JsonValue): void {
  const owner = ownerOf(field) ?? 'spec';
  fields[owner] = { ...fields[owner], [field.slice(field.lastIndexOf('.') + 1)]: value };
}

/** Whose field it is, if it is of the pod or of its container themselves. */
function ownerOf(field: string): 'spec' | 'container' | undefined {
  if (/^spec\.\w+$/.test(field)) return 'spec';
  return /^spec\.containers\[0\]\.\w+$/.test(field) ? 'container' : undefined;
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
