import { realpath } from 'node:fs/promises';
import { errorMessage } from '../../support/errors.js';
import type { Mount } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';

/**
 * The mounts with every path of the machine as it really is, without symbolic links: what lies outside of the allowed
 * folders cannot be had by a link in them. Rejects with InvalidSpec for a path that is not there or not allowed.
 */
export async function resolveMounts(mounts: readonly Mount[], allowed: readonly string[]): Promise<Mount[]> {
  return Promise.all(
    mounts.map(async (mount) =>
      mount.type === 'bind' ? { ...mount, path: await resolveHostPath(mount.path, allowed) } : mount,
    ),
  );
}

async function resolveHostPath(path: string, allowed: readonly string[]): Promise<string> {
  if (allowed.length === 0) {
    throw new RuntimeError(
      'InvalidSpec',
      `this worker lets no task mount ${path}: start it with --allow-host-path FOLDER, or use another worker`,
    );
  }
  const real = await realpath(path).catch((error: unknown) => {
    throw new RuntimeError('InvalidSpec', `${path} cannot be mounted from this machine: ${errorMessage(error)}`);
  });
  // An allowed folder that is not there allows nothing.
  const folders = await Promise.all(allowed.map((folder) => realpath(folder).catch(() => undefined)));
  if (folders.some((folder) => folder !== undefined && isWithin(real, folder))) return real;
  throw new RuntimeError(
    'InvalidSpec',
    `${path} is not in a folder that this worker allows: ${allowed.join(', ')} (--allow-host-path)`,
  );
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
