import type { ErrorCause } from '../support/errors.js';
import { isJsonObject, type JsonObject, type JsonValue } from './json.js';
import type { PodOnlyFields } from './pod-only-fields.js';
import { own } from '../support/own.js';

/**
 * From Kubernetes' PodSpec to a Task's spec, field by field: for Pods that somebody sends (api/pods/) and for the template of a
 * Deployment. Takes partial pods, adds nothing that was not there, and relies on fields that were let in before.
 */

/** Names of containers have no dots and at most 63 characters. */
export function containerNameFrom(taskName: string): string {
  return taskName.replaceAll('.', '-').slice(0, 63).replace(/-+$/, '');
}

/** A container that is named as its Task would name it needs no record of it. */
export function withContainerName(fields: PodOnlyFields, container: JsonObject, metadata: JsonObject): PodOnlyFields {
  const name = container['name'];
  const own = metadata['name'];
  if (typeof name !== 'string' || (typeof own === 'string' && name === containerNameFrom(own))) return fields;
  return { ...fields, container: { name, ...fields.container } };
}

/** The one container that a pod has here; nothing when it has none. */
export function firstContainer(spec: JsonObject): JsonObject {
  const containers = spec['containers'];
  const first = Array.isArray(containers) ? containers[0] : undefined;
  return isJsonObject(first) ? first : {};
}

const sameInPodSpec = [
  'restartPolicy',
  'terminationGracePeriodSeconds',
  'hostNetwork',
  'nodeSelector',
  'tolerations',
  'readinessGates',
  'priority',
  'nodeName',
] as const;

const sameInContainer = [
  'image',
  'imagePullPolicy',
  'command',
  'args',
  'workingDir',
  'env',
  'envFrom',
  'startupProbe',
  'livenessProbe',
  'readinessProbe',
  'stdin',
  'stdinOnce',
  'tty',
  'terminationMessagePath',
  'terminationMessagePolicy',
] as const;

/** The spec of the Task that a pod stands for. What only a pod can say is not in it. Pure. */
export function taskSpecOfPod(spec: JsonObject, container: JsonObject): JsonObject {
  const { schedulerName, volumes } = spec;
  const { lifecycle, ports, resources, volumeMounts } = container;
  const { stopSignal, ...hooks } = isJsonObject(lifecycle) ? lifecycle : {};
  return {
    ...present(container, sameInContainer),
    ...present(spec, sameInPodSpec),
    ...(schedulerName === undefined || schedulerName === 'default-scheduler' ? {} : { schedulerName }),
    ...(Object.keys(hooks).length === 0 ? {} : { lifecycle: hooks }),
    ...(stopSignal === undefined ? {} : { stopSignal }),
    // Go's clients send empty lists for what nobody wrote.
    ...(Array.isArray(volumes) && volumes.length > 0 ? { volumes } : {}),
    ...(Array.isArray(volumeMounts) && volumeMounts.length > 0 ? { volumeMounts } : {}),
    ...(Array.isArray(ports) ? { ports: ports.map(taskPortOf) } : {}),
    ...(isJsonObject(resources) ? resourcesOf(resources) : {}),
  };
}

const onlyInContainer: readonly string[] = [...sameInContainer, 'lifecycle', 'ports', 'volumeMounts'];

/** Where in a pod that is said which a Task says here: spec.ports[0] is spec.containers[0].ports[0]. Pure. */
export function podFieldOf(field: string): string {
  const [, name = '', rest = ''] = /^spec\.(\w+)(.*)$/su.exec(field) ?? [];
  const first = 'spec.containers[0].';
  if (name === 'stopSignal') return `${first}lifecycle.stopSignal`;
  if (name === 'resources') return `${first}resources${rest.replace(/\.disk$/, '.ephemeral-storage')}`;
  return onlyInContainer.includes(name) ? `${first}${name}${rest}` : field;
}

/** What is wrong with a Task in the words of the pod that it came from, whose own path is `prefix`. Pure. */
export function asCauseOfPod(cause: ErrorCause, prefix = ''): ErrorCause {
  const inPod = (field: string): string => podFieldOf(field).replace(/^spec\b/, `${prefix}spec`);
  const message = cause.message.replace(/\bspec\.[a-zA-Z]+(?:[\w.-]*\w|\[\d+\])*/g, inPod);
  return { ...cause, message, ...(cause.field === undefined ? {} : { field: inPod(cause.field) }) };
}

/** Nulls and empty texts say nothing. */
function present(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names
      .map((name): [string, JsonValue | undefined] => [name, own(object, name)])
      .filter((entry): entry is [string, JsonValue] => {
        const [, value] = entry;
        return value !== undefined && value !== null && value !== '';
      }),
  );
}

/**
 * Kubernetes' host port 0 is none; a Task's would be any. A pod always says its protocol: that it is the usual one must not make
 * another container of a Task that does not.
 */
function taskPortOf(port: JsonValue): JsonValue {
  if (!isJsonObject(port)) return port;
  const { hostPort, protocol, ...rest } = port;
  return {
    ...rest,
    ...(hostPort === undefined || hostPort === 0 ? {} : { hostPort }),
    ...(protocol === undefined || protocol === 'TCP' ? {} : { protocol }),
  };
}

function resourcesOf(resources: JsonObject): JsonObject {
  const lists = (['requests', 'limits'] as const).flatMap((which): [string, JsonValue][] => {
    const list = resources[which];
    if (!isJsonObject(list) || Object.keys(list).length === 0) return [];
    const { 'ephemeral-storage': disk, ...others } = list;
    return [[which, { ...others, ...(disk === undefined ? {} : { disk }) }]];
  });
  return lists.length === 0 ? {} : { resources: Object.fromEntries(lists) };
}
