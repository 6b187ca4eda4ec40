import type { StoredTask, Task, TaskSpec } from '../model/task.js';

/** A port of the machine that a task takes for itself. An empty address means all of the machine's addresses. */
export interface PortClaim {
  protocol: 'TCP' | 'UDP';
  port: number;
  address: string;
}

const everyAddress = new Set(['', '0.0.0.0', '::', '[::]', '*']);

/**
 * The host ports that a spec asks for by number. On the host's network every containerPort is one. hostPort 0 asks for
 * any free port, so it can conflict with nobody.
 */
export function claimedPorts(spec: Pick<TaskSpec, 'ports' | 'hostNetwork'>): PortClaim[] {
  return (spec.ports ?? []).flatMap((port) => {
    const number = spec.hostNetwork ? port.containerPort : port.hostPort;
    return number ? [claim(port.protocol, number, port.hostIP)] : [];
  });
}

/** What a placed task really takes: its fixed ports and those that the engine chose for its hostPort 0. */
export function heldPorts(task: Task | StoredTask): PortClaim[] {
  const claims = claimedPorts(task.spec);
  for (const port of task.status?.ports ?? []) {
    const held = claim(port.protocol === 'UDP' ? 'UDP' : 'TCP', port.hostPort, port.hostIP);
    const known = claims.some((other) => other.port === held.port && other.protocol === held.protocol);
    if (!known) claims.push(held);
  }
  return claims;
}

export function portsConflict(a: PortClaim, b: PortClaim): boolean {
  return (
    a.port === b.port && a.protocol === b.protocol && (a.address === b.address || a.address === '' || b.address === '')
  );
}

/** `8080/TCP`, or `127.0.0.1:8080/TCP`. */
export function formatPort(claimed: PortClaim): string {
  return `${claimed.address === '' ? '' : `${claimed.address}:`}${claimed.port}/${claimed.protocol}`;
}

/** The key under which a node keeps its claims: conflicts exist only within one. */
export function portKey(claimed: PortClaim): string {
  return `${claimed.protocol}/${claimed.port}`;
}

function claim(protocol: 'TCP' | 'UDP' = 'TCP', port: number, address = ''): PortClaim {
  return { protocol, port, address: everyAddress.has(address) ? '' : address };
}
