import type { ContainerIdentity, ContainerSpec, Mount, PortBinding } from '../container-runtime.js';
import { own } from '../../support/own.js';
import type { CreateBody, EngineMount } from './engine-api.js';

export const labels = {
  clusterUid: 'orch.dev/cluster-uid',
  taskUid: 'orch.dev/task-uid',
  attempt: 'orch.dev/attempt',
  specHash: 'orch.dev/spec-hash',
  task: 'orch.dev/task',
  /** Of a volume: it goes when its task goes. */
  podVolume: 'orch.dev/pod-volume',
  /** Of what orch has for itself, beside the containers and volumes that tasks ask for: none of it is ever taken for theirs. */
  ownClusterUid: 'orch.dev/own-cluster-uid',
  /** Of a container of orch's own program: the container that it works for. */
  toolFor: 'orch.dev/tool-for',
  /** Of a container that keeps the file for a last message: the name of the container that the file is for. */
  messageFor: 'orch.dev/message-for',
  /** Of a task's container: the name of the container that keeps that file. */
  messageFile: 'orch.dev/message-file',
} as const;

/** The engine knows no smaller share of a CPU. */
const leastMillicores = 10;

/**
 * What the engine is asked to create. Only orch restarts containers (restart policy 'no'), logs are bounded, and a
 * process cannot gain privileges. `Init` stays off, as in Kubernetes: an image decides about its own process 1. NET_RAW is
 * dropped, on the host's network too: with it a container forges the packets of others, and `ping` works without it where
 * the engine lets any group ping. `machine.cpus` caps the CPU limit: the engine refuses a limit above what the machine has, though it limits nothing.
 */
export function createBody(
  clusterUid: string,
  spec: ContainerSpec,
  machine: { cpus: number; pidsLimit: number },
): CreateBody {
  const { cpuMillicores, memoryBytes } = spec.limits;
  const mounts = [
    ...(spec.mounts ?? []).map((mount) => engineMount(mount, clusterUid, spec.identity)),
    // Empty, whatever the image has at that place, and gone with the container.
    ...(spec.files ?? []).map(({ target }) => volumeAt(target, clusterUid)),
  ].sort((one, other) => depthOf(one.Target) - depthOf(other.Target));
  const published = spec.ports.filter((port) => port.hostPort !== undefined);
  return {
    Image: spec.image,
    ...(spec.hostname !== undefined && { Hostname: spec.hostname }),
    ...(spec.command && { Entrypoint: [...spec.command] }),
    ...(spec.args && { Cmd: [...spec.args] }),
    ...(spec.workingDir !== undefined && { WorkingDir: spec.workingDir }),
    ...(spec.stopSignal !== undefined && { StopSignal: spec.stopSignal }),
    ...(spec.stdin && { OpenStdin: true }),
    ...(spec.stdinOnce && { StdinOnce: true }),
    ...(spec.tty && { Tty: true }),
    Env: spec.env.map(({ name, value }) => `${name}=${value}`),
    Labels: labelsOf(clusterUid, spec.identity),
    ExposedPorts: Object.fromEntries(spec.ports.map((port) => [portKey(port), {}])),
    HostConfig: {
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      SecurityOpt: ['no-new-privileges'],
      CapDrop: ['NET_RAW'],
      ...(machine.pidsLimit > 0 && { PidsLimit: machine.pidsLimit }),
      NetworkMode: spec.hostNetwork ? 'host' : 'bridge',
      PortBindings: spec.hostNetwork ? {} : portBindings(published),
      ...(cpuMillicores > 0 && {
        NanoCpus: Math.min(Math.max(cpuMillicores, leastMillicores), machine.cpus * 1000) * 1_000_000,
      }),
      // The same for memory and swap: a limit of memory that could be swapped would be none.
      ...(memoryBytes > 0 && { Memory: wholeBytes(memoryBytes), MemorySwap: wholeBytes(memoryBytes) }),
      ...(mounts.length > 0 && { Mounts: mounts }),
    },
  };
}

/** JSON writes a larger number in a form that the engine does not read; no machine has so much. */
function wholeBytes(bytes: number): number {
  return Math.min(Math.ceil(bytes), Number.MAX_SAFE_INTEGER);
}

function engineMount(mount: Mount, clusterUid: string, { taskUid, taskKey }: ContainerIdentity): EngineMount {
  const at = { Target: mount.target, ReadOnly: mount.readOnly };
  switch (mount.type) {
    case 'volume':
      return { Type: 'volume', ...at, ...(mount.name !== undefined && { Source: mount.name }) };
    case 'emptyDir': {
      const Labels = {
        [labels.clusterUid]: clusterUid,
        [labels.taskUid]: taskUid,
        [labels.task]: taskKey,
        [labels.podVolume]: mount.volume,
      };
      return { Type: 'volume', ...at, Source: mount.name, VolumeOptions: { ...noCopy, Labels } };
    }
    case 'bind':
      return { Type: 'bind', ...at, Source: mount.path };
    case 'tmpfs':
      return {
        Type: 'tmpfs',
        ...at,
        TmpfsOptions: {
          ...(mount.sizeBytes !== undefined && { SizeBytes: wholeBytes(mount.sizeBytes) }),
          Mode: 0o777,
        },
      };
  }
}

const noCopy = { NoCopy: true } as const;

function volumeAt(target: string, clusterUid: string): EngineMount {
  const Labels = { [labels.ownClusterUid]: clusterUid };
  return { Type: 'volume', Target: target, ReadOnly: false, VolumeOptions: { ...noCopy, Labels } };
}

/** A mount that lies in another one comes after it. */
function depthOf(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}

function labelsOf(
  clusterUid: string,
  { taskUid, attempt, specHash, taskKey }: ContainerIdentity,
): Record<string, string> {
  return {
    [labels.clusterUid]: clusterUid,
    [labels.taskUid]: taskUid,
    [labels.attempt]: String(attempt),
    [labels.specHash]: specHash,
    [labels.task]: taskKey,
  };
}

/** The identity that labels tell, if they are a container's of this cluster. */
export function identityOf(
  found: Record<string, string> | undefined,
  clusterUid: string,
): ContainerIdentity | undefined {
  const taskUid = found?.[labels.taskUid];
  const attempt = Number.parseInt(found?.[labels.attempt] ?? '', 10);
  if (found?.[labels.clusterUid] !== clusterUid || !taskUid || Number.isNaN(attempt)) return undefined;
  return { taskUid, attempt, specHash: found[labels.specHash] ?? '', taskKey: found[labels.task] ?? '' };
}

function portKey({ containerPort, protocol }: PortBinding): string {
  return `${containerPort}/${protocol.toLowerCase()}`;
}

function portBindings(ports: readonly PortBinding[]): CreateBody['HostConfig']['PortBindings'] {
  const bindings: CreateBody['HostConfig']['PortBindings'] = {};
  for (const port of ports) {
    const key = portKey(port);
    // '' lets the engine choose, as hostPort 0 asks.
    const binding = { HostIp: port.hostIP ?? '', HostPort: port.hostPort ? String(port.hostPort) : '' };
    bindings[key] = [...(own(bindings, key) ?? []), binding];
  }
  return bindings;
}
