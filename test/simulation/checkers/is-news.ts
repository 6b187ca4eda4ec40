import type { JsonObject } from '../../../src/model/json.js';
import type { StoreEvent } from '../../../src/store/store.js';

/** Whether more than the use of CPU and memory was written. */
export function isNews({ value, previous }: StoreEvent): boolean {
  return previous === undefined || JSON.stringify(withoutUsage(value)) !== JSON.stringify(withoutUsage(previous));
}

function withoutUsage(value: JsonObject): JsonObject {
  const { metadata: _metadata, status, ...rest } = value;
  const { usage: _usage, ...others } = (status ?? {}) as JsonObject;
  return { ...rest, status: others };
}
