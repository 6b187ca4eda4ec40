import type { Stored } from '../../model/api-object.js';
import { validateSchema } from '../../manifest/validate-schema.js';
import { findCondition, type Condition } from '../../model/conditions.js';
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '../../model/json.js';
import { podKind } from '../../model/pod.js';
import type { StoredTask } from '../../model/task.js';
import { withoutUnset } from '../../model/unset-fields.js';
import { decodingSentences, invalid, strictDecoding } from '../../registry/registry-errors.js';
import type { DecodingOptions } from '../../registry/registry.js';
import type { ConvertedStatus } from '../served-resource.js';
import { conditionsOfOthers, systemTypes } from './system-conditions.js';
import { taskToPod } from './task-to-pod.js';

const maxConditions = 64;

/**
 * The status of a Task after somebody wanted its Pod's like this: of it all, conditions that orch does not set are taken, and a
 * warning tells when something else was to change. `at` is when one changed that names no time. Throws Invalid. Pure.
 */
export function podStatusToTask(
  current: Stored,
  wanted: JsonObject,
  { at, fieldValidation = 'Strict', duplicateFields = [] }: DecodingOptions & { at: string },
): ConvertedStatus {
  const task = current as StoredTask;
  const shown = taskToPod(task);
  const sent = withoutUnset(podKind.schema, wanted)['status'];
  const { conditions: list = [], ...rest } = isJsonObject(sent) ? sent : {};
  const { conditions, unknown } = checkedConditions(task.metadata.name, shown, list);
  if (fieldValidation === 'Strict' && unknown.length + duplicateFields.length > 0) {
    throw strictDecoding(podKind, unknown, duplicateFields);
  }
  const { conditions: old = [], ...shownRest } = shown.status ?? {};
  const isForeign = (condition: Condition): boolean =>
    systemTypes.includes(condition.type) &&
    canonicalJson(condition) !== canonicalJson(findCondition(old, condition.type) ?? null);
  const changesMore =
    conditions.some(isForeign) ||
    Object.entries(rest).some(([name, value]) => canonicalJson(value) !== canonicalJson(memberOf(shownRest, name)));
  const own = (task.status?.conditions ?? []).filter(({ type }) => systemTypes.includes(type));
  const others = conditionsOfOthers(conditions).map((condition) => withTime(condition, task.status?.conditions, at));
  return {
    status: { ...task.status, conditions: [...own, ...others] } as unknown as JsonObject,
    warnings: [
      ...(changesMore
        ? ['of a status orch takes conditions of types of your own only: the rest is what it observes']
        : []),
      ...(fieldValidation === 'Warn' ? decodingSentences(unknown, duplicateFields) : []),
    ],
  };
}

function checkedConditions(
  name: string,
  shown: Stored,
  list: JsonValue,
): { conditions: Condition[]; unknown: ReturnType<typeof validateSchema> } {
  const pod = { ...(structuredClone(shown) as unknown as JsonObject), status: { conditions: list } };
  const issues = validateSchema(podKind, pod).filter(({ field }) => field.startsWith('status'));
  const wrong = issues.filter(({ unknownField }) => !unknownField);
  const causes = wrong.map(({ reason, field, message }) => ({ reason, field, message }));
  const conditions = wrong.length === 0 ? (list as unknown as Condition[]) : [];
  const seen = new Set<string>();
  for (const [index, { type }] of conditions.entries()) {
    const field = `status.conditions[${index}].type`;
    if (seen.has(type)) causes.push({ reason: 'FieldValueDuplicate', field, message: `"${type}" is there twice` });
    if (
      !/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(type) ||
      type.length > 317
    )
      causes.push({
        reason: 'FieldValueInvalid',
        field,
        message: 'must be a word such as Checked or example.com/checked',
      });
    seen.add(type);
  }
  if (conditions.length > maxConditions) {
    const message = `there may be ${maxConditions}, not ${conditions.length}`;
    causes.push({ reason: 'FieldValueTooMany', field: 'status.conditions', message });
  }
  if (causes.length > 0) throw invalid(podKind, name, causes);
  return { conditions: conditions.map(withKnownFields), unknown: issues };
}

function withKnownFields(condition: Condition): Condition {
  const { type, status, reason, message, lastTransitionTime, lastProbeTime, observedGeneration } = condition;
  const fields = { type, status, reason, message, lastTransitionTime, lastProbeTime, observedGeneration };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as unknown as Condition;
}

/** Availability counts from it, so there is one. */
function withTime(condition: Condition, before: readonly Condition[] | undefined, at: string): Condition {
  if (condition.lastTransitionTime !== undefined) return condition;
  const old = findCondition(before, condition.type);
  return { ...condition, lastTransitionTime: old?.status === condition.status ? (old.lastTransitionTime ?? at) : at };
}

function memberOf(object: object, name: string): JsonValue {
  return (new Map(Object.entries(object)).get(name) ?? null) as JsonValue;
}
