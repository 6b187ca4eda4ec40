import { isJsonObject, type JsonObject, type JsonValue } from './json.js';

/**
 * What a Pod says and a Task has no field for: the container's name, and fields of Kubernetes that orch does not act on
 * and that change nothing of what runs. They are kept as they were sent, in one annotation of the Task that the Pod view
 * hides, so that `kubectl apply` finds them again and says unchanged.
 */
export interface PodOnlyFields {
  spec?: JsonObject;
  container?: JsonObject;
}

const annotation = 'orch.dev/pod-only-fields';

/** Splits a Task's annotations into those that a Pod shows and what only a Pod has. What cannot be read is nothing. Pure. */
export function takePodOnlyFields(annotations: Readonly<Record<string, string>> | undefined): {
  annotations: Record<string, string>;
  fields: PodOnlyFields;
} {
  const { [annotation]: text, ...rest } = annotations ?? {};
  return { annotations: rest, fields: text === undefined ? {} : parseFields(text) };
}

/** The annotations of the Task: those of the Pod, with what only a Pod has. Pure. */
export function addPodOnlyFields(annotations: JsonValue | undefined, fields: PodOnlyFields): JsonValue | undefined {
  const isNothing = Object.keys(fields.spec ?? {}).length + Object.keys(fields.container ?? {}).length === 0;
  if (isNothing || (annotations !== undefined && annotations !== null && !isJsonObject(annotations))) {
    return annotations;
  }
  return { ...annotations, [annotation]: JSON.stringify(fields) };
}

function parseFields(text: string): PodOnlyFields {
  try {
    const value = JSON.parse(text) as JsonValue;
    if (!isJsonObject(value)) return {};
    const { spec, container } = value;
    return { ...(isJsonObject(spec) ? { spec } : {}), ...(isJsonObject(container) ? { container } : {}) };
  } catch {
    return {};
  }
}
