import type { Stored } from '../../model/api-object.js';
import type { JsonObject } from '../../model/json.js';
import type { Container, Pod, PodSpec } from '../../model/pod.js';
import { takePodOnlyFields } from '../../model/pod-only-fields.js';
import { containerNameFrom } from '../../model/pod-task-spec.js';
import { isExtendedResource } from '../../model/resources.js';
import type { StoredTask, TaskSpec } from '../../model/task.js';
import { podUidOf } from '../../model/pod-identity.js';
import { podStatusOf } from './pod-status.js';

/**
 * The Pod that a Task is seen as: its one container is the Task's, its life the Task's. Defaults that Kubernetes' server
 * would write are shown. managedFields are left out, because they speak of the Task's fields. Pure.
 */
export function taskToPod(task: StoredTask): Stored<Pod> {
  const { managedFields: _fields, annotations: all, ...metadata } = task.metadata;
  const { annotations, fields } = takePodOnlyFields(all);
  const container = containerOf(task, fields.container);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      uid: podUidOf(task),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: { ...podSpecOf(task.spec, container), ...(fields.spec as Partial<PodSpec> | undefined) },
    status: podStatusOf(task, container),
  };
}

/** The container's name is the Task's, unless a Pod gave it another. */
export function containerNameOf(task: StoredTask): string {
  const { container } = takePodOnlyFields(task.metadata.annotations).fields;
  const name = container?.['name'];
  return typeof name === 'string' ? name : containerNameFrom(task.metadata.name);
}

function podSpecOf(spec: TaskSpec, container: Container): PodSpec {
  const { hostNetwork, nodeSelector, tolerations, readinessGates, priority, nodeName } = spec;
  const volumes = podVolumesOf(spec);
  return {
    containers: [container],
    restartPolicy: spec.restartPolicy ?? 'Always',
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    ...(hostNetwork === undefined ? {} : { hostNetwork }),
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(tolerations === undefined ? {} : { tolerations }),
    ...(readinessGates === undefined ? {} : { readinessGates }),
    ...(volumes.length === 0 ? {} : { volumes }),
    ...(priority === undefined ? {} : { priority }),
    schedulerName: spec.schedulerName ?? 'default-scheduler',
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}

/** Kubernetes has no word for a volume of the engine: a Pod does not show it. */
function podVolumesOf({ volumes = [] }: TaskSpec): NonNullable<PodSpec['volumes']> {
  return volumes
    .filter(({ dockerVolume }) => dockerVolume === undefined)
    .map((volume) => (Object.keys(volume).length === 1 ? { ...volume, emptyDir: {} } : volume));
}

function containerOf(task: StoredTask, kept: JsonObject | undefined): Container {
  const { image, command, args, workingDir, env, envFrom, ports, lifecycle, stopSignal } = task.spec;
  const shown = podVolumesOf(task.spec);
  const volumeMounts = (task.spec.volumeMounts ?? []).filter(({ name }) =>
    shown.some((volume) => volume.name === name),
  );
  const { startupProbe, livenessProbe, readinessProbe, stdin, stdinOnce, tty } = task.spec;
  const { terminationMessagePath, terminationMessagePolicy } = task.spec;
  return {
    name: containerNameOf(task),
    image,
    imagePullPolicy: task.spec.imagePullPolicy ?? 'IfNotPresent',
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { args }),
    ...(workingDir === undefined ? {} : { workingDir }),
    ...(env === undefined ? {} : { env }),
    ...(envFrom === undefined ? {} : { envFrom }),
    ...(volumeMounts.length === 0 ? {} : { volumeMounts }),
    // In Kubernetes hostPort 0 is none, so "any free one" is not shown; the Task's status tells which it became.
    ...(ports === undefined
      ? {}
      : {
          ports: ports.map(({ hostPort, protocol = 'TCP', ...port }) => ({
            ...port,
            ...(hostPort ? { hostPort } : {}),
            protocol,
          })),
        }),
    resources: resourcesOf(task.spec),
    ...(lifecycle || stopSignal ? { lifecycle: { ...lifecycle, ...(stopSignal ? { stopSignal } : {}) } } : {}),
    ...(startupProbe === undefined ? {} : { startupProbe }),
    ...(livenessProbe === undefined ? {} : { livenessProbe }),
    ...(readinessProbe === undefined ? {} : { readinessProbe }),
    ...(stdin === undefined ? {} : { stdin }),
    ...(stdinOnce === undefined ? {} : { stdinOnce }),
    ...(tty === undefined ? {} : { tty }),
    ...(terminationMessagePath === undefined ? {} : { terminationMessagePath }),
    ...(terminationMessagePolicy === undefined ? {} : { terminationMessagePolicy }),
    ...(kept as Partial<Container> | undefined),
  };
}

const resourceNames = [
  ['cpu', 'cpu'],
  ['memory', 'memory'],
  ['disk', 'ephemeral-storage'],
] as const;

/** A flat amount of a Task is request and limit at once; a limit without a request is the request, as in Kubernetes. */
function resourcesOf({ resources }: TaskSpec): NonNullable<Container['resources']> {
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  for (const [name, podName] of resourceNames) {
    const limit = resources?.limits?.[name] ?? resources?.[name];
    const request = resources?.requests?.[name] ?? resources?.[name] ?? limit;
    if (request !== undefined) requests[podName] = String(request);
    if (limit !== undefined) limits[podName] = String(limit);
  }
  for (const [name, quantity] of Object.entries({ ...resources?.requests, ...resources?.limits })) {
    if (quantity === undefined || !isExtendedResource(name)) continue;
    requests[name] = String(quantity);
    limits[name] = String(quantity);
  }
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
  };
}
