import type { PodTemplate } from './generated/deployment.js';
import type { TaskSpec } from './generated/task.js';
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from './json.js';
import { harmlessFieldsOf, withoutEmptyFields } from './pod-fields.js';
import { addPodOnlyFields } from './pod-only-fields.js';
import { firstContainer, taskSpecOfPod, withContainerName } from './pod-task-spec.js';

export type { PodTemplate } from './generated/deployment.js';

/** The label that tells which template a task was made from. */
export const templateHashLabel = 'pod-template-hash';

/** What a task is made from, without its name and owner. */
export interface TaskBlueprint {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  spec: TaskSpec;
}

/**
 * The task of this name that a valid template stands for. Fields that orch keeps and does not act on ride along, so that the
 * task's Pod shows them. Pure.
 */
export function blueprintOf(template: PodTemplate, taskName: string): TaskBlueprint {
  const { labels = {}, annotations = {} } = template.metadata ?? {};
  const spec = withoutEmptyFields(template.spec as unknown as JsonObject);
  const container = firstContainer(spec);
  const fields = withContainerName(harmlessFieldsOf(spec, container), container, { name: taskName });
  return {
    labels: { ...labels, [templateHashLabel]: templateHash(template) },
    annotations: addPodOnlyFields(annotations, fields) as Record<string, string>,
    spec: taskSpecOfPod(spec, container) as unknown as TaskSpec,
  };
}

/**
 * Fingerprint of a template: another one means other tasks. Empty members count as absent, because Go's clients send
 * them back where nobody wrote any. Pure.
 */
export function templateHash(template: PodTemplate): string {
  const { labels, annotations } = template.metadata ?? {};
  const relevant = withoutEmpty({ labels, annotations, spec: template.spec } as unknown as JsonObject);
  // Loaded when it is needed: most commands hash nothing.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(canonicalJson(relevant)).digest('hex').slice(0, 10);
}

function withoutEmpty(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => withoutEmpty(item) ?? null);
  if (isJsonObject(value)) {
    const members = Object.entries(value)
      .map(([name, member]): [string, JsonValue | undefined] => [name, withoutEmpty(member)])
      .filter((entry): entry is [string, JsonValue] => entry[1] !== undefined);
    return members.length === 0 ? undefined : Object.fromEntries(members);
  }
  return value === null || value === '' || value === false ? undefined : value;
}
