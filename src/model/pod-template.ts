import type { PodTemplate } from './generated/deployment.js';
import type { TaskSpec } from './generated/task.js';
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from './json.js';
import { harmlessFieldsOf, withoutEmptyFields } from './pod-fields.js';
import { addPodOnlyFields } from './pod-only-fields.js';
import { formatBytes, formatMillicores, parseBytes, parseMillicores } from './quantities.js';
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

const longestWholeName = 230;

/**
 * How what is made of a template is named: the Deployment's name and the hash. Of a very long name (a task's number must fit
 * behind it) the end is a hash as well, so that two that begin alike stay apart. Pure.
 */
export function nameOfTemplate(deploymentName: string, hash: string): string {
  if (deploymentName.length <= longestWholeName) return `${deploymentName}-${hash}`;
  const beginning = deploymentName.slice(0, longestWholeName - 11).replace(/[-.]+$/, '');
  return `${beginning}-${shortHash(deploymentName)}-${hash}`;
}

/**
 * Fingerprint of a template: another one means other tasks. Empty members count as absent, because Go's clients send
 * them back where nobody wrote any; they write quantities in their own way too. Pure.
 */
export function templateHash(template: PodTemplate): string {
  const { labels, annotations } = template.metadata ?? {};
  const spec = { ...template.spec, containers: template.spec.containers.map(withPlainQuantities) };
  const relevant = withoutEmpty({ labels, annotations, spec } as unknown as JsonObject);
  return shortHash(canonicalJson(relevant));
}

function shortHash(text: string): string {
  // Loaded when it is needed: most commands hash nothing.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}

/** `cpu: 0.5` and `cpu: 500m` are the same. */
function withPlainQuantities<T extends PodTemplate['spec']['containers'][number]>(container: T): T {
  const { requests, limits } = container.resources ?? {};
  if (!requests && !limits) return container;
  return { ...container, resources: { requests: plainQuantities(requests), limits: plainQuantities(limits) } };
}

function plainQuantities(list: object | undefined): JsonObject | undefined {
  if (!list) return undefined;
  const entries = Object.entries(list).map(([name, quantity]: [string, string | number]): [string, JsonValue] => {
    const amount = name === 'cpu' ? parseMillicores(quantity) : parseBytes(quantity);
    if (amount === undefined) return [name, quantity];
    return [name, name === 'cpu' ? formatMillicores(amount) : formatBytes(amount)];
  });
  return Object.fromEntries(entries);
}

function withoutEmpty(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => withoutEmpty(item) ?? null);
  if (isJsonObject(value)) {
    const members = Object.entries(value)
      .map(([name, member]): [string, JsonValue | undefined] => [
        name,
        isZero(name, member) ? undefined : withoutEmpty(member),
      ])
      .filter((entry): entry is [string, JsonValue] => entry[1] !== undefined);
    return members.length === 0 ? undefined : Object.fromEntries(members);
  }
  return value === null || value === '' || value === false ? undefined : value;
}

/** Numbers of which Go's clients leave out a zero, which is also what is so without them. */
function isZero(name: string, value: JsonValue): boolean {
  return value === 0 && (name === 'initialDelaySeconds' || name === 'hostPort');
}
