import type { Task } from '../model/task.js';
import { OrchError } from '../support/errors.js';

/** A local port (0: any free one) and the container's, by number or by name. */
export interface PortPair {
  local: number;
  remote: string | number;
}

const maxPort = 65_535;

/** `8080`, `8080:80`, `:80`, `8080:http`, `http` -> the pair; alone, the local port is the container's. Throws BadRequest. Pure. */
export function parsePortPair(word: string): PortPair {
  const [first = '', second, ...more] = word.split(':');
  const remote = second ?? first;
  if (more.length > 0 || remote === '') throw wrong(word);
  const wanted = /^\d+$/.test(remote) ? parsePort(remote, word) : remote;
  if (typeof wanted === 'string' && !/^[a-z0-9-]{1,15}$/.test(wanted)) throw wrong(word);
  if (second === undefined) return { local: typeof wanted === 'number' ? wanted : 0, remote: wanted };
  return { local: first === '' || first === '0' ? 0 : parsePort(first, word), remote: wanted };
}

/** The number of the container's port. Throws BadRequest when no port has that name. Pure. */
export function remotePortOf({ metadata, spec }: Task, { remote }: PortPair): number {
  if (typeof remote === 'number') return remote;
  const ports = spec.ports ?? [];
  const found = ports.find(({ name }) => name === remote);
  if (found) return found.containerPort;
  const names = ports.flatMap(({ name }) => name ?? []);
  const known = names.length === 0 ? 'its ports have no names' : `known are ${names.join(', ')}`;
  throw new OrchError('BadRequest', `task/${metadata.name} has no port "${remote}": ${known}`);
}

function parsePort(text: string, word: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > maxPort) throw wrong(word);
  return port;
}

function wrong(word: string): OrchError {
  return new OrchError(
    'BadRequest',
    `"${word}" names no port: write [LOCAL:]REMOTE, like 8080:80, with numbers from 1 to ${maxPort}`,
  );
}
