import type { Stored } from '../../model/api-object.js';
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '../../model/json.js';
import { own } from '../../support/own.js';
import { hostnameLabel, reportedLabels } from '../../model/node.js';

/**
 * What a worker would change of its Node although that is not its to say, such as `the label "zone"`; undefined when all is
 * well. `next` is the whole object as it would be written. The worker tells of its machine (a few labels, the status, which is
 * written apart); everything else of the Node is the admin's and the manager's. Pure.
 */
export function foreignNodeChange(nodeName: string, current: Stored, next: JsonObject): string | undefined {
  if (!isSame((current as { spec?: unknown }).spec, next['spec'])) return 'the spec of its node';
  const metadata = isJsonObject(next['metadata']) ? next['metadata'] : {};
  for (const field of ['annotations', 'finalizers', 'ownerReferences'] as const) {
    if (!isSame(current.metadata[field], metadata[field])) return `the ${field} of its node`;
  }
  const [old, wanted] = [current.metadata.labels ?? {}, isJsonObject(metadata['labels']) ? metadata['labels'] : {}];
  for (const name of new Set([...Object.keys(old), ...Object.keys(wanted)])) {
    const value = own(wanted, name);
    if (value === own(old, name)) continue;
    if (!reportedLabels.includes(name)) return `the label "${name.slice(0, 80)}" of its node`;
    if (name === hostnameLabel && value !== nodeName) return `the label "${name}" of its node to another name`;
  }
  return undefined;
}

/** Absent, null and empty are the same. */
function isSame(a: unknown, b: unknown): boolean {
  return canonicalJson(emptied(a)) === canonicalJson(emptied(b));
}

function emptied(value: unknown): JsonValue {
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return isEmpty || value === undefined ? null : (value as JsonValue);
}
