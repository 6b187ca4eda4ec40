import type { ApiObject } from '../model/api-object.js';
import { formatKey, keyOf } from '../model/api-object.js';
import { defaultNamespace } from '../model/namespace.js';

/** `namespace/name` of a task: what the worker's queue holds and what its containers are labelled with. */
export function taskKeyOf(task: ApiObject): string {
  return formatKey({ namespace: defaultNamespace, ...keyOf(task) });
}

/** The resourceVersion as a number, 0 when it is none: revisions of one cluster only rise. */
export function revisionOf(object: { metadata: { resourceVersion?: string } }): number {
  const revision = Number(object.metadata.resourceVersion);
  return Number.isSafeInteger(revision) ? revision : 0;
}
