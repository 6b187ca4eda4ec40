import type { PodTemplate } from './generated/deployment.js';
import type { TaskSpec } from './generated/task.js';
import { canonicalJson, type JsonObject } from './json.js';
import { plainPodSpec } from './plain-spec.js';
import { keptFieldsOf, withoutSilentFields } from './pod-fields.js';
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
  const { labels, ...blueprint } = bareBlueprintOf(template, taskName);
  return { ...blueprint, labels: { ...labels, [templateHashLabel]: templateHash(template) } };
}

/** The same without the label that tells which template it was. Pure. */
export function bareBlueprintOf(template: PodTemplate, taskName: string): TaskBlueprint {
  const { labels = {}, annotations = {} } = template.metadata ?? {};
  const sent = template.spec as unknown as JsonObject;
  const spec = withoutSilentFields(sent);
  const container = firstContainer(spec);
  const fields = withContainerName(keptFieldsOf(sent, firstContainer(sent)), container, { name: taskName });
  return {
    labels,
    annotations: addPodOnlyFields(annotations, fields) as Record<string, string>,
    spec: taskSpecOfPod(spec, container) as unknown as TaskSpec,
  };
}

/** The template as somebody wrote it, of one that a record holds. Pure. */
export function withoutHash(template: PodTemplate): PodTemplate {
  const { [templateHashLabel]: _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
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
 * The n-th name of a ReplicaSet's tasks: its own, and five letters that follow from its uid and n, so that another ReplicaSet of
 * its name, and tasks that are numbered, have others. Pure.
 */
export function replicaName(ownerName: string, ownerUid: string, number: number): string {
  const beginning = ownerName.slice(0, longestWholeName).replace(/[-.]+$/, '');
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  let value = Number.parseInt(shortHash(`${ownerUid}/${number}`), 16);
  let suffix = '';
  for (let at = 0; at < 5; at += 1) {
    suffix += letters[value % letters.length] ?? '';
    value = Math.floor(value / letters.length);
  }
  return `${beginning}-${suffix}`;
}

/**
 * Fingerprint of a template: another one means other tasks. What says nothing, or what is so by default, counts as absent:
 * Kubernetes fills defaults in before it compares, and Go's clients send back empty members where nobody wrote any. Pure.
 */
export function templateHash(template: PodTemplate): string {
  const { labels = {}, annotations = {} } = template.metadata ?? {};
  const relevant = {
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    spec: plainPodSpec(template.spec as unknown as JsonObject),
  };
  return shortHash(canonicalJson(relevant));
}

function shortHash(text: string): string {
  // Loaded when it is needed: most commands hash nothing.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}
