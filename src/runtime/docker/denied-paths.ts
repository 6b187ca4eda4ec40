import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isWithin } from '../../support/is-within.js';

/**
 * Of no use to a task but to have the machine: the usual sockets and the state of engines, also while another one is used, and where
 * orch mounts what it has judged. Whoever has one of them starts containers as they like.
 */
const neverGiven: readonly string[] = [
  '/run/orch',
  '/run/docker',
  '/run/docker.sock',
  '/var/run/docker.sock',
  '/run/containerd',
  '/run/podman',
  '/run/crio',
  '/var/lib/docker',
  '/var/lib/containerd',
  '/var/lib/containers',
];

/** The kernel and the service manager: programs that watch a machine want them, so they are given to whoever names them. */
const givenByName: readonly string[] = ['/proc', '/sys', '/run/systemd', '/run/dbus'];

export interface PathRules {
  /** Folders from which tasks may mount, without links. */
  allowed: readonly string[];
  /** What no task gets, whatever is allowed, without links. */
  denied: readonly string[];
}

/** All that is denied on a machine: `own` are orch's folders and the engine's socket. */
export function deniedPaths(own: readonly string[]): string[] {
  return [...new Set([...own, ...neverGiven])];
}

/**
 * Why a task may not mount what is at `path`, really `real`; undefined when it may. A folder above what is denied would give it away
 * as well, and a folder that is allowed does not name what the kernel keeps below it. Pure.
 */
export function judgePath(path: string, real: string, { allowed, denied }: PathRules): string | undefined {
  const own = denied.find((each) => isWithin(real, each) || isWithin(each, real));
  if (own !== undefined) return `no task may mount ${path}, because ${own} is the engine's or orch's own`;
  const around = allowed.filter((folder) => isWithin(real, folder));
  if (around.length === 0) {
    return `${path} is not in a folder that this worker allows: ${allowed.join(', ')} (--allow-host-path)`;
  }
  const special = givenByName.find((each) => isWithin(real, each));
  if (special === undefined || around.some((folder) => isWithin(folder, special))) return undefined;
  return `${path} gives power over the whole machine, so ${special} must be allowed by its own name (--allow-host-path ${real})`;
}

/** Without links, as far as it is there: what is not there yet may come while a folder above it is mounted. */
export async function realPathOf(path: string): Promise<string> {
  return realpath(path).catch(async () => {
    const above = dirname(path);
    return above === path ? path : join(await realPathOf(above), basename(path));
  });
}
