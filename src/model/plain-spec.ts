import type { TaskSpec } from './generated/task.js';
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from './json.js';
import { isSilent } from './pod-fields.js';
import { formatBytes, formatMillicores, parseBytes, parseMillicores } from './quantities.js';
import { own } from '../support/own.js';
import podSchema from '../../schemas/pod.schema.json' with { type: 'json' };
import taskSchema from '../../schemas/task.schema.json' with { type: 'json' };
import { shapeOfDefinition, type Shape } from './schema-shape.js';

/**
 * What a spec says, for comparing and hashing: two specs that ask for the same are the same text. Left out are defaults that
 * were said aloud, empty lists and blocks, false and empty texts; quantities are written in one way. Values of maps (labels,
 * nodeSelector) all count, and no item of a list is left out. What is stored stays as it was sent.
 */

/** Pure. */
export function plainTaskSpec(spec: TaskSpec): JsonObject {
  const sent = spec as unknown as JsonObject;
  const own = spec.hostNetwork ? withoutPortsOfTheHost(sent) : sent;
  return (plainPart(own, shapeOfDefinition(taskSchema, 'TaskSpec'), { path: 'spec' }) ?? {}) as JsonObject;
}

/** The same of a pod's spec, also for the fields that orch only keeps. Pure. */
export function plainPodSpec(spec: JsonObject): JsonObject {
  const { containers, hostNetwork } = spec;
  const own =
    hostNetwork === true && Array.isArray(containers)
      ? { ...spec, containers: containers.map(withoutPortsOfTheHost) }
      : spec;
  return (plainPart(own, shapeOfDefinition(podSchema, 'PodSpec'), { path: 'spec', isSilent }) ?? {}) as JsonObject;
}

interface Place {
  /** Without indexes: `spec.containers.env`. */
  path: string;
  /** Whether a field that the schema does not have says nothing. */
  isSilent?: (path: string, value: JsonValue) => boolean;
}

function plainPart(value: JsonValue, shape: Shape | undefined, place: Place): JsonValue | undefined {
  if (shape?.default !== undefined && canonicalJson(shape.default) === canonicalJson(value)) return undefined;
  if (Array.isArray(value)) {
    return value.length === 0
      ? undefined
      : value.map((item) => plainPart(item, shape?.items, place) ?? emptyLike(item));
  }
  if (isJsonObject(value)) return plainObject(value, shape, place);
  if (value === null || value === '') return undefined;
  return value === false && shape?.default !== true ? undefined : value;
}

function plainObject(object: JsonObject, shape: Shape | undefined, place: Place): JsonObject | undefined {
  const members: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    const plain = plainMember(name, value, shape, { ...place, path: `${place.path}.${name}` });
    if (plain !== undefined) members[name] = plain;
  }
  const left = shape?.title === 'Resources' || shape?.title === 'PodResources' ? withoutZeros(members) : members;
  return Object.keys(left).length === 0 ? undefined : left;
}

function plainMember(name: string, value: JsonValue, shape: Shape | undefined, place: Place): JsonValue | undefined {
  const known = shape?.member(name);
  const within = known ?? shape?.values;
  if (within?.title === 'Quantity') return plainQuantity(name, value);
  if (known) return plainPart(value, known, place);
  if (within) return value;
  return place.isSilent?.(place.path, value) ? undefined : value;
}

/** `cpu: 0.5` and `cpu: 500m` are the same. */
function plainQuantity(name: string, value: JsonValue): JsonValue | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const amount = name === 'cpu' ? parseMillicores(value) : parseBytes(value);
  if (amount === undefined) return value;
  return name === 'cpu' ? formatMillicores(amount) : formatBytes(amount);
}

/** A limit of nothing is none; nothing is asked for by a request of nothing, unless a limit would be the request without it. */
function withoutZeros(resources: JsonObject): JsonObject {
  const { requests, limits, ...flat } = resources;
  const real = (list: JsonValue | undefined, counts: (name: string) => boolean = () => false): JsonObject =>
    Object.fromEntries(Object.entries(isJsonObject(list) ? list : {}).filter(([n, q]) => q !== '0' || counts(n)));
  const someLimits = real(limits);
  const isLimited = (name: string): boolean => Object.hasOwn(someLimits, name);
  const someRequests = real(requests, (name) => isLimited(name) || (own(flat, name) ?? '0') !== '0');
  return {
    ...real(flat, isLimited),
    ...(Object.keys(someRequests).length === 0 ? {} : { requests: someRequests }),
    ...(Object.keys(someLimits).length === 0 ? {} : { limits: someLimits }),
  };
}

/** On the host's network a port is the host's, whether or not it says so. */
function withoutPortsOfTheHost(owner: JsonValue): JsonValue {
  if (!isJsonObject(owner) || !Array.isArray(owner['ports'])) return owner;
  const ports = owner['ports'].map((port) => {
    if (!isJsonObject(port)) return port;
    const { hostPort: _same, ...rest } = port;
    return rest;
  });
  return { ...owner, ports };
}

function emptyLike(item: JsonValue): JsonValue {
  return Array.isArray(item) ? [] : isJsonObject(item) ? {} : item;
}
