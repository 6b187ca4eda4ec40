import type { Stored } from '../../model/api-object.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.js';
import type { StoredTask } from '../../model/task.js';

/**
 * A Pod always says the protocol of a port and a Task need not: where the Task says TCP, the part that is applied to it says so
 * too, or that one word would go and take the container with it. Pure.
 */
export function withPortsOf(current: Stored, object: JsonObject): JsonObject {
  const { spec } = object;
  if (!isJsonObject(spec) || !Array.isArray(spec['ports'])) return object;
  const { ports: stored = [] } = (current as StoredTask).spec;
  const asStored = (port: JsonValue): JsonValue => {
    if (!isJsonObject(port) || port['protocol'] !== undefined) return port;
    const says = stored.some(
      ({ containerPort, protocol }) => containerPort === port['containerPort'] && protocol === 'TCP',
    );
    return says ? { ...port, protocol: 'TCP' } : port;
  };
  return { ...object, spec: { ...spec, ports: spec['ports'].map(asStored) } };
}
