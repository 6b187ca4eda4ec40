/**
 * Composition of a manager: data folder in, a serving API out. Always holds: the store is open before anything
 * serves, controllers run before the API takes requests, and closing goes the other way round.
 */
import { join, resolve } from 'node:path';
import { ensureCertificates, type Certificates } from '../api/certificates.js';
import { renewCertificates } from '../api/renew-certificates.js';
import { openCredentials } from '../api/credentials.js';
import type { Credentials } from '../api/credentials.js';
import { formatKubeconfig } from '../api/kubeconfig.js';
import { startApiServer } from '../api/server.js';
import { replicaOwnerKinds } from '../controllers/replica-sets/replica-owner.js';
import { ReplicaSetController } from '../controllers/replica-sets/replica-set-controller.js';
import { DeploymentController } from '../controllers/deployments/deployment-controller.js';
import { Manager } from '../controllers/manager.js';
import { RootCertificates } from '../controllers/root-certificate.js';
import { startGitops } from '../gitops/gitops.js';
import { readManagerFiles, refuseUnfinishedRestore } from './manager-files.js';
import { openRegistry } from '../registry/open-registry.js';
import { openLevelStore } from '../store/level/open-level-store.js';
import type { Clock } from '../support/clock.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import { nodeKind } from '../model/node.js';
import { ensureFolderSource } from './ensure-folder-source.js';
import { keepJoinTokenFile } from './join-token-file.js';
import { version } from './version.js';
import { warmUp } from './warm-up.js';
import { writePrivateFile } from '../support/private-file.js';

export interface ManagerOptions {
  dataDirectory: string;
  host: string;
  port: number;
  /** A folder to keep applied. */
  watchDirectory?: string;
  /** Folders that Sources may read, besides the watched one; absent: none. */
  allowedSourcePaths?: readonly string[];
  scheduler?: 'roundRobin' | 'greedy' | 'epvm' | 'spread' | 'binpack';
  nodeGraceSeconds?: number;
  notReadyTolerationSeconds?: number;
}

export interface Effects {
  clock: Clock;
  random: Random;
  logger: Logger;
}

export interface RunningManager {
  url: string;
  caPem: string;
  clusterUid: string;
  kubeconfigPath: string;
  credentials: Credentials;
  /** Makes a worker of this process a member of the cluster. */
  admit(
    nodeName: string,
    labels: Readonly<Record<string, string>>,
    csr: string,
  ): Promise<{ certificate: string; clusterUid: string }>;
  close(): Promise<void>;
}

/** Rejects with OrchError when the data folder is held by another manager, damaged, or the port is taken. */
export async function startManager(options: ManagerOptions, effects: Effects): Promise<RunningManager> {
  const { clock, random, logger } = effects;
  const { dataDirectory, host } = options;
  const watchDirectory = options.watchDirectory === undefined ? undefined : resolve(options.watchDirectory);
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    await refuseUnfinishedRestore(dataDirectory);
    const store = await openLevelStore({
      directory: join(dataDirectory, 'store'),
      clock,
      random,
      logger: logger.with({ component: 'store' }),
    });
    closers.push(() => store.close());
    const registry = await openRegistry({ store, clock, random, logger: logger.with({ component: 'registry' }) });
    closers.push(() => registry.close());
    const ensureTls = (): Promise<Certificates> =>
      ensureCertificates({ directory: join(dataDirectory, 'pki'), hosts: [host], clock });
    const tls = await ensureTls();
    const credentials = await openCredentials({
      directory: dataDirectory,
      random,
      clock,
      nodeUids: async () => (await registry.list(nodeKind)).items.map(({ metadata }) => metadata.uid),
    });

    const manager = new Manager({
      registry,
      clock,
      random,
      logger: logger.with({ component: 'manager' }),
      settings: {
        ...(options.scheduler ? { scheduler: options.scheduler } : {}),
        ...(options.nodeGraceSeconds === undefined ? {} : { nodeGraceSeconds: options.nodeGraceSeconds }),
        ...(options.notReadyTolerationSeconds === undefined
          ? {}
          : { notReadyTolerationSeconds: options.notReadyTolerationSeconds }),
      },
    });
    await manager.start();
    closers.push(() => manager.stop());
    const deployments = new DeploymentController({
      registry,
      clock,
      random,
      logger: logger.with({ component: 'deployments' }),
    });
    await deployments.start();
    closers.push(() => deployments.stop());
    for (const ownerKind of replicaOwnerKinds) {
      const sets = new ReplicaSetController({
        registry,
        clock,
        random,
        logger: logger.with({ component: ownerKind.kind.plural }),
        ownerKind,
      });
      await sets.start();
      closers.push(() => sets.stop());
    }

    const certificates = new RootCertificates({
      registry,
      clock,
      logger: logger.with({ component: 'root-ca' }),
      caPem: tls.caPem,
    });
    await certificates.start();
    closers.push(() => certificates.stop());

    const api = await startApiServer({
      registry,
      clock,
      random,
      logger: logger.with({ component: 'api' }),
      host,
      port: options.port,
      tls,
      credentials,
      heartbeats: manager,
      version,
      readManagerFiles: () => readManagerFiles(dataDirectory),
    });
    closers.push(() => api.close());
    const warming = new AbortController();
    const warm = warmUp(registry, clock, logger, warming.signal);
    closers.push(() => {
      warming.abort();
      return warm;
    });

    const gitops = startGitops({
      registry,
      clock,
      random,
      logger: logger.with({ component: 'gitops' }),
      allowedFolders: [
        ...(options.allowedSourcePaths ?? []),
        ...(watchDirectory === undefined ? [] : [watchDirectory]),
      ],
    });
    closers.push(() => gitops.close());
    if (watchDirectory !== undefined) await ensureFolderSource(registry, watchDirectory);

    const kubeconfigPath = join(dataDirectory, 'kubeconfig');
    const server = api.url;
    const writeKubeconfig = ({ caPem }: Certificates): Promise<void> =>
      writePrivateFile(kubeconfigPath, formatKubeconfig({ server, caPem, token: credentials.adminToken }));
    await writeKubeconfig(tls);
    const renewal = renewCertificates({
      current: tls,
      ensure: ensureTls,
      clock,
      logger,
      onRenewed: async (renewed) => {
        api.useCertificate(renewed);
        certificates.useAuthority(renewed.caPem);
        await writeKubeconfig(renewed);
      },
    });
    closers.push(() => renewal.stop());
    const joinTokens = await keepJoinTokenFile({
      path: join(dataDirectory, 'join-token'),
      registry,
      clock,
      random,
      logger: logger.with({ component: 'join tokens' }),
    });
    closers.push(() => joinTokens.stop());
    const { clusterUid } = registry;
    return {
      url: server,
      caPem: tls.caPem,
      clusterUid,
      kubeconfigPath,
      credentials,
      admit: async (nodeName, labels, csr) => {
        const proof = { type: 'process' } as const;
        const certificate = await api.admissions.join({ nodeName, labels, csr, proof, address: 'this process' });
        return { certificate, clusterUid };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
