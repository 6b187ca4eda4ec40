import { readPod } from '../../manifest/read-pod.js';
import { isJsonObject, type JsonObject } from '../../model/json.js';
import { podKind } from '../../model/pod.js';
import { decodingSentences, invalid, strictDecoding } from '../../registry/registry-errors.js';
import type { DecodingOptions } from '../../registry/registry.js';

export interface ConvertedPod {
  object: JsonObject;
  warnings: string[];
}

/**
 * The Task that a Pod, as somebody sent it, stands for: the reverse of taskToPod. Takes partial Pods too (server-side
 * apply), so nothing is added that was not sent. Throws Invalid, naming each field that orch does not act on and that
 * would change what runs, and BadRequest under Strict for fields that no Pod has. Pure.
 */
export function podToTask(
  pod: JsonObject,
  { fieldValidation = 'Strict', duplicateFields = [] }: DecodingOptions = {},
): ConvertedPod {
  const { task, kept, refused, unknown } = readPod(pod);
  if (refused.length > 0) {
    // Under Strict, unknown fields are told with the others: whoever mends one should not hear of the next one then.
    const told = fieldValidation === 'Strict' ? [...refused, ...unknown] : refused;
    throw invalid(
      podKind,
      nameOf(pod),
      told.map(({ reason, field, message }) => ({ reason, message, ...(field ? { field } : {}) })),
    );
  }
  if (fieldValidation === 'Strict' && unknown.length + duplicateFields.length > 0) {
    throw strictDecoding(podKind, unknown, duplicateFields);
  }
  return {
    object: task,
    warnings: [
      ...(kept.length > 0 ? [`orch keeps these fields and does not act on them: ${kept.join(', ')}`] : []),
      ...(fieldValidation === 'Warn' ? decodingSentences(unknown, duplicateFields) : []),
    ],
  };
}

function nameOf(pod: JsonObject): string {
  const metadata = pod['metadata'];
  const name = isJsonObject(metadata) ? (metadata['name'] ?? metadata['generateName']) : undefined;
  return typeof name === 'string' ? name.slice(0, 253) : '';
}
