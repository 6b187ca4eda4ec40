/**
 * Composition of a worker: a membership (key, certificate, cluster uid) and an engine in, a running Worker out. The identity
 * is kept in the worker's data folder, so a worker that starts while its manager is away goes on from there.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from '../client/create-client.js';
import type { RestrictedFeature } from '../model/restricted-features.js';
import type { ContainerRuntime } from '../runtime/container-runtime.js';
import { openDockerRuntime } from '../runtime/docker/docker-runtime.js';
import { openSimulatedRuntime } from '../runtime/simulated/simulated-runtime.js';
import { createSystemClock } from '../support/clock.js';
import { OrchError } from '../support/errors.js';
import { openCheckpointFile } from '../worker/checkpoint-file.js';
import { Worker } from '../worker/worker.js';
import type { Effects } from './manager.js';
import { ensurePrivateFolder } from '../support/private-folder.js';
import { Membership, type JoinCluster } from './membership.js';
import { version } from './version.js';
import { readWorkerIdentity } from './worker-identity.js';

export interface WorkerOptions {
  name: string;
  dataDirectory: string;
  server: string;
  caPem: string;
  runtime: 'docker' | 'simulated';
  dockerSocket?: string;
  allowedHostPaths?: readonly string[];
  /** Folders that no task may mount, whatever is allowed: the data folder when absent. */
  deniedHostPaths?: readonly string[];
  allowedVolumes?: readonly string[];
  pidsLimit?: number;
  /** What no task gets here. */
  forbidden?: readonly RestrictedFeature[];
  /** What the machine has besides CPU, memory and disk, by name: `nvidia.com/gpu`. */
  extendedResources?: Readonly<Record<string, number>>;
  labels?: Readonly<Record<string, string>>;
  join: JoinCluster;
}

export async function startWorker(options: WorkerOptions, effects: Effects): Promise<{ close(): Promise<void> }> {
  const { clock, random } = effects;
  const logger = effects.logger.with({ component: 'worker', node: options.name });
  await ensurePrivateFolder(options.dataDirectory);
  const membership = new Membership({
    directory: options.dataDirectory,
    identity: await readWorkerIdentity(options.dataDirectory, options.name, () => random.uuid()),
    join: options.join,
    clock,
    random,
    logger,
  });
  await membership.start();
  const client = createClient({
    server: options.server,
    caPem: options.caPem,
    identity: () => membership.client,
    onUnauthorized: () => membership.noteRefused(),
    clock,
    userAgent: `orch-worker/${version}`,
  });
  const { clusterUid, instanceId } = membership.identity;
  if (clusterUid === undefined) throw new OrchError('InternalError', 'a member without a cluster');
  const runtime: ContainerRuntime =
    options.runtime === 'simulated'
      ? // Its containers live in this process: how long they would still run must not keep it alive.
        openSimulatedRuntime({ clusterUid, clock: createSystemClock({ unref: true }), random })
      : await openDockerRuntime({
          ...(options.dockerSocket ? { socketPath: options.dockerSocket } : {}),
          ...(options.allowedHostPaths ? { allowedHostPaths: options.allowedHostPaths } : {}),
          deniedHostPaths: options.deniedHostPaths ?? [options.dataDirectory],
          ...mountDirectoryOf(instanceId),
          ...(options.allowedVolumes ? { allowedVolumes: options.allowedVolumes } : {}),
          ...(options.pidsLimit === undefined ? {} : { pidsLimit: options.pidsLimit }),
          clusterUid,
          clock,
          random,
          logger,
        });
  const worker = new Worker({
    name: options.name,
    // The same folder on the same boot is the same worker started again; a copy of the folder elsewhere is not.
    sessionId: createHash('sha256')
      .update(`${instanceId} ${await readBootId()}`)
      .digest('hex')
      .slice(0, 32),
    client,
    runtime,
    checkpoint: await openCheckpointFile(join(options.dataDirectory, 'checkpoint.json')),
    clusterUid,
    clock,
    random,
    logger,
    labels: options.labels ?? {},
    forbidden: options.forbidden ?? [],
    extendedResources: options.extendedResources ?? {},
    join: () => Promise.resolve(membership.noteRefused()),
    version,
  });
  await worker.start();
  return {
    close: async () => {
      await worker.stop();
      await membership.stop();
      await runtime.close();
      await client.close();
    },
  };
}

/**
 * Where paths of the machine are mounted for containers: not in the data folder, as whoever removed that with all that it holds
 * would remove what is mounted in it. Only root mounts.
 */
function mountDirectoryOf(instanceId: string): { mountDirectory?: string } {
  const isRoot = process.platform === 'linux' && process.geteuid?.() === 0;
  return isRoot && /^[\w-]+$/.test(instanceId) ? { mountDirectory: `/run/orch/${instanceId}` } : {};
}

/** Changes with every start of the machine; empty where the kernel does not tell. Asking the engine would tie our start to its. */
async function readBootId(): Promise<string> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}
