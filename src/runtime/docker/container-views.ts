import type { ContainerDetails, ContainerPhase, ContainerStats, ContainerSummary } from '../container-runtime.js';
import { identityOf } from './create-body.js';
import type { EngineStats, InspectedContainer, ListedContainer } from './engine-api.js';

/** Undefined for a container that is not of this cluster. */
export function summaryOf(listed: ListedContainer, clusterUid: string): ContainerSummary | undefined {
  const identity = identityOf(listed.Labels, clusterUid);
  return identity && { id: listed.Id, name: nameOf(listed.Names?.[0]), identity, phase: phaseOf(listed.State) };
}

/** Undefined for a container that is not of this cluster. */
export function detailsOf(inspected: InspectedContainer, clusterUid: string): ContainerDetails | undefined {
  const identity = identityOf(inspected.Config?.Labels, clusterUid);
  if (!identity) return undefined;
  const state = inspected.State ?? {};
  const phase = phaseOf(state.Status);
  const runs = phase === 'running' || phase === 'paused';
  // A start that failed leaves 'created', the reason and an exit code; a container that was never started, code 0.
  const hasEnded = !runs && (phase !== 'created' || Boolean(state.Error));
  const ipAddress = Object.values(inspected.NetworkSettings?.Networks ?? {}).find(
    (network) => network?.IPAddress,
  )?.IPAddress;
  return {
    id: inspected.Id,
    name: nameOf(inspected.Name),
    identity,
    phase,
    ...timestamp('createdAt', inspected.Created),
    ...timestamp('startedAt', state.StartedAt),
    ...(!runs && timestamp('finishedAt', state.FinishedAt)),
    ...(hasEnded && { exitCode: state.ExitCode ?? 0 }),
    oomKilled: state.OOMKilled ?? false,
    ...(state.Error && { error: state.Error }),
    ports: portsOf(inspected),
    ...(ipAddress && { ipAddress }),
  };
}

/** What of a sample is compared with the next: CPU time used so far, at which time, both in nanoseconds. */
export interface CpuSample {
  usedNanoseconds: number;
  atNanoseconds: number;
}

/** The current sample and the one before it that the engine took itself; undefined when the container does not run. */
export function cpuSamples(stats: EngineStats): { current: CpuSample; previous?: CpuSample } | undefined {
  const current = cpuSample(stats.read, stats.cpu_stats);
  const previous = cpuSample(stats.preread, stats.precpu_stats);
  return current && { current, ...(previous && { previous }) };
}

export function statsBetween(previous: CpuSample, current: CpuSample, stats: EngineStats): ContainerStats {
  const elapsed = current.atNanoseconds - previous.atNanoseconds;
  const used = current.usedNanoseconds - previous.usedNanoseconds;
  const { usage = 0, stats: parts = {} } = stats.memory_stats ?? {};
  // Page cache that can be dropped at once is not in use; cgroup v1 and v2 name it differently.
  const reclaimable = parts['total_inactive_file'] ?? parts['inactive_file'] ?? 0;
  return {
    cpuMillicores: elapsed > 0 ? Math.max(0, Math.round((used / elapsed) * 1000)) : 0,
    memoryBytes: Math.max(0, usage - reclaimable),
  };
}

function cpuSample(read: string | undefined, cpu: EngineStats['cpu_stats']): CpuSample | undefined {
  const at = Date.parse(read ?? '');
  const used = cpu?.cpu_usage?.total_usage;
  if (!(at > 0) || used === undefined || used === 0) return undefined;
  return { usedNanoseconds: used, atNanoseconds: at * 1_000_000 };
}

function phaseOf(status: string | undefined): ContainerPhase {
  switch (status) {
    case 'created':
    case 'running':
    case 'paused':
    case 'removing':
    case 'dead':
      return status;
    // 'restarting' too: somebody gave it a restart policy, and its process has ended.
    default:
      return 'exited';
  }
}

function nameOf(path: string | undefined): string {
  return (path ?? '').replace(/^\//, '');
}

function timestamp<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value && !value.startsWith('0001-') ? ({ [key]: value } as Record<K, string>) : {};
}

/** The engine tells IPv4 and IPv6 apart; where both publish the same port it is told once. */
/** The engine publishes for IPv4 and IPv6 apart, and may choose another port for each: one entry, the first, tells both. */
function portsOf({ NetworkSettings }: InspectedContainer): ContainerDetails['ports'] {
  const ports = new Map<string, ContainerDetails['ports'][number]>();
  for (const [key, bindings] of Object.entries(NetworkSettings?.Ports ?? {})) {
    const [containerPort = '', protocol = 'tcp'] = key.split('/');
    for (const { HostIp, HostPort } of bindings ?? []) {
      const isAnywhere = HostIp === undefined || ['', '0.0.0.0', '::'].includes(HostIp);
      const id = `${key} ${isAnywhere ? '' : HostIp}`;
      if (ports.has(id)) continue;
      ports.set(id, {
        containerPort: Number(containerPort),
        hostPort: Number(HostPort),
        ...(HostIp !== undefined && { hostIP: HostIp }),
        protocol: protocol.toUpperCase(),
      });
    }
  }
  return [...ports.values()];
}
