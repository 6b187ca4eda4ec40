import type { Stored } from '../../model/api-object.js';
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '../../model/json.js';
import { podKind } from '../../model/pod.js';
import type { StoredTask } from '../../model/task.js';
import { invalid } from '../../registry/registry-errors.js';
import type { DecodingOptions } from '../../registry/registry.js';
import { podToTask, type ConvertedPod } from './pod-to-task.js';
import { taskToPod } from './task-to-pod.js';
import { own } from '../../support/own.js';

/** What of a Task's spec may be changed through its Pod: what Kubernetes lets users change in a pod. */
const changeable = ['image', 'terminationGracePeriodSeconds', 'tolerations'] as const;

/**
 * The Task after its Pod was changed to `wanted`. Whatever a Pod cannot say, or says in other words, stays as it is in
 * the Task: a Pod that was not changed gives the very same Task. Throws Invalid for a change that pods do not allow. Pure.
 */
export function updateTask(current: Stored, wanted: JsonObject, options: DecodingOptions): ConvertedPod {
  const task = current as StoredTask;
  const shown = taskToPod(task) as unknown as JsonObject;
  const before = objectAt(podToTask(shown, { fieldValidation: 'Ignore' }).object, 'spec');
  const { object: sent, warnings } = podToTask(withDefaultsOf(wanted, shown), options);
  const after = objectAt(sent, 'spec');
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => canonicalJson(own(before, name)) !== canonicalJson(own(after, name)));
  const forbidden = changed.filter((name) => !changeable.some((allowed) => allowed === name));
  if (forbidden.length > 0) {
    const message =
      'Forbidden: pod updates may not change fields other than the image, terminationGracePeriodSeconds and tolerations ' +
      `(changed: ${forbidden.join(', ')}): edit the task "${task.metadata.name}" instead`;
    throw invalid(podKind, task.metadata.name, [{ reason: 'FieldValueForbidden', field: 'spec', message }]);
  }
  const spec: JsonObject = { ...(task.spec as unknown as JsonObject) };
  for (const name of changed) {
    const value = own(after, name);
    if (value === undefined) delete spec[name];
    else spec[name] = value;
  }
  const metadata: JsonObject = { ...objectAt(sent, 'metadata') };
  if (metadata['uid'] === shownUid(shown)) metadata['uid'] = task.metadata.uid;
  return { object: { ...sent, metadata, spec }, warnings };
}

/** A manifest that leaves out what the server added (the node, defaults) does not ask to take it away. */
function withDefaultsOf(wanted: JsonObject, shown: JsonObject): JsonObject {
  const [spec, shownSpec] = [wanted['spec'], objectAt(shown, 'spec')];
  if (!isJsonObject(spec)) return wanted;
  const filled = fill(spec, shownSpec, ['restartPolicy', 'schedulerName', 'nodeName', 'terminationGracePeriodSeconds']);
  const { containers } = spec;
  const shownContainer = firstOf(shownSpec['containers']);
  if (!Array.isArray(containers) || !isJsonObject(containers[0])) return { ...wanted, spec: filled };
  const [, ...others] = containers;
  const whole = fill(containers[0], shownContainer, ['imagePullPolicy']);
  return { ...wanted, spec: { ...filled, containers: [whole, ...others] } };
}

function fill(object: JsonObject, from: JsonObject, names: readonly string[]): JsonObject {
  const added = names.flatMap((name): [string, JsonValue][] => {
    const value = own(from, name);
    return own(object, name) === undefined && value !== undefined ? [[name, value]] : [];
  });
  return { ...object, ...Object.fromEntries(added) };
}

function firstOf(list: JsonValue | undefined): JsonObject {
  const first = Array.isArray(list) ? list[0] : undefined;
  return isJsonObject(first) ? first : {};
}

function objectAt(object: JsonObject, name: string): JsonObject {
  const value = own(object, name);
  return isJsonObject(value) ? value : {};
}

function shownUid(shown: JsonObject): JsonValue | undefined {
  return objectAt(shown, 'metadata')['uid'];
}
