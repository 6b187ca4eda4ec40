import { realpath } from 'node:fs/promises';
import { errorMessage } from '../../support/errors.js';
import { isWithin } from '../../support/is-within.js';
import type { Mount } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';

export interface HostPathRules {
  /** Folders from which tasks may mount. */
  allowed: readonly string[];
  /** What no task gets, whatever is allowed: whoever has the engine's socket has the machine. */
  denied: readonly string[];
}

/**
 * The mounts with every path of the machine as it really is, without symbolic links: what lies outside of the allowed
 * folders cannot be had by a link in them. Rejects with MountFailed for a path that is not there or not allowed: both can pass.
 */
export async function resolveMounts(mounts: readonly Mount[], rules: HostPathRules): Promise<Mount[]> {
  return Promise.all(
    mounts.map(async (mount) =>
      mount.type === 'bind' ? { ...mount, path: await resolveHostPath(mount.path, rules) } : mount,
    ),
  );
}

async function resolveHostPath(path: string, { allowed, denied }: HostPathRules): Promise<string> {
  if (allowed.length === 0) {
    throw new RuntimeError(
      'MountFailed',
      `this worker lets no task mount ${path}: start it with --allow-host-path FOLDER, or use another worker`,
    );
  }
  const real = await realpath(path).catch((error: unknown) => {
    throw new RuntimeError('MountFailed', `${path} cannot be mounted from this machine: ${errorMessage(error)}`);
  });
  for (const own of await resolveExisting(denied)) {
    // A folder above it would give it away as well.
    if (isWithin(real, own) || isWithin(own, real)) {
      throw new RuntimeError('MountFailed', `no task may mount ${path}, because ${own} is the engine's or orch's own`);
    }
  }
  // An allowed folder that is not there allows nothing.
  if ((await resolveExisting(allowed)).some((folder) => isWithin(real, folder))) return real;
  throw new RuntimeError(
    'MountFailed',
    `${path} is not in a folder that this worker allows: ${allowed.join(', ')} (--allow-host-path)`,
  );
}

async function resolveExisting(paths: readonly string[]): Promise<string[]> {
  const resolved = await Promise.all(paths.map((path) => realpath(path).catch(() => undefined)));
  return resolved.filter((path) => path !== undefined);
}
