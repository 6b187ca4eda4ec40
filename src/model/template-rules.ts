import type { ErrorCause } from '../support/errors.js';
import type { LabelSelector } from './generated/deployment.js';
import { isJsonObject, type JsonObject, type JsonValue } from './json.js';
import type { FieldTreatment } from './kind.js';
import { compileLabelSelector } from './label-selector.js';
import { refusalOf, treatmentOf } from './pod-fields.js';
import { refusedAnnotations } from './pod-security.js';
import { asCauseOfPod } from './pod-task-spec.js';
import { blueprintOf, type PodTemplate } from './pod-template.js';
import { taskKind } from './task.js';
import { volumeWarnings } from './volumes.js';

/** What kinds that make tasks of a pod template (Deployments, ReplicaSets, ReplicationControllers) have in common. */

const templateMetadata = 'spec.template.metadata.';
const metadataWithoutEffect = ['name', 'generateName', 'namespace', 'creationTimestamp', 'uid', 'resourceVersion'];

/** As Kind.treatField, of kinds with a pod template at `spec.template`. Pure. */
export function treatTemplateField(field: string, value: JsonValue | undefined): FieldTreatment {
  if (field.startsWith(templateMetadata)) {
    if (!metadataWithoutEffect.includes(field.slice(templateMetadata.length))) return 'unknown';
    return value === null || value === '' ? 'empty' : 'keep';
  }
  const prefix = 'spec.template.';
  return field.startsWith(`${prefix}spec.`) ? treatmentOf(field.slice(prefix.length), value) : 'unknown';
}

/** As Kind.explainRefusal. Pure. */
export function refusalInTemplate(field: string, value: JsonValue | undefined): string {
  return refusalOf(field.replace(/^spec\.template\./, ''), value);
}

/** Kubernetes' server writes it too, and kubectl cannot describe without it. Pure. */
export function withReplicas(sent: JsonObject): JsonObject {
  const { spec } = sent;
  if (!isJsonObject(spec) || spec['replicas'] !== undefined) return sent;
  return { ...sent, spec: { ...spec, replicas: 1 } };
}

/** The selector must match what the template makes. Pure. */
export function templateLabelCauses(selector: LabelSelector, template: PodTemplate): ErrorCause[] {
  if (compileLabelSelector(selector)(template.metadata?.labels)) return [];
  return [invalid('spec.template.metadata.labels', '`selector` does not match template `labels`')];
}

/** A template must be one that tasks can be made from: their own rules are asked, in the words of the template. Pure. */
export function templateCauses(template: PodTemplate, ownerKind: string): ErrorCause[] {
  const { containers, restartPolicy = 'Always' } = template.spec;
  const [container, ...more] = containers;
  const causes: ErrorCause[] = [];
  if (more.length > 0) {
    const message = `orch runs one container in a pod, not ${containers.length}: make a ${ownerKind} of each`;
    causes.push({ reason: 'FieldValueTooMany', field: 'spec.template.spec.containers', message });
  }
  if (restartPolicy !== 'Always') {
    const message = `must be Always, not "${restartPolicy}": a ${ownerKind} keeps its tasks running`;
    causes.push({ reason: 'FieldValueNotSupported', field: 'spec.template.spec.restartPolicy', message });
  }
  for (const { name, message } of refusedAnnotations(template.metadata?.annotations)) {
    causes.push({ reason: 'FieldValueNotSupported', field: `spec.template.metadata.annotations.${name}`, message });
  }
  const first = 'spec.template.spec.containers[0]';
  if (!container?.image)
    return [...causes, { reason: 'FieldValueRequired', field: `${first}.image`, message: 'is required' }];
  const task = { apiVersion: 'orch.dev/v1', kind: 'Task', metadata: {}, ...{ spec: blueprintOf(template, '').spec } };
  return [...causes, ...taskKind.validate(task).map((cause) => asCauseOfPod(cause, 'spec.template.'))];
}

/** As Kind.warn. Pure. */
export function templateWarnings(template: PodTemplate): string[] {
  const { spec } = blueprintOf(template, '');
  return volumeWarnings(spec).map((warning) => warning.replace(/^spec\./, 'spec.template.spec.'));
}

function invalid(field: string, message: string): ErrorCause {
  return { reason: 'FieldValueInvalid', field, message };
}
