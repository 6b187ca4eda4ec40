import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startManager } from '../../src/app/manager.js';
import { startWorker } from '../../src/app/worker.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { startKubectl, type Kubectl } from './kubectl-harness.js';

/** A manager and workers with simulated containers in this process, and the real kubectl against them. */
export interface KubectlCluster {
  kubectl: Kubectl;
  server: string;
  token: string;
  caPem: string;
  close(): Promise<void>;
}

export async function startKubectlCluster(workers: readonly string[] = ['n1']): Promise<KubectlCluster> {
  const effects = { clock: createSystemClock(), random: createSystemRandom(), logger: silentLogger };
  const folder = await mkdtemp(join(tmpdir(), 'orch-cluster-'));
  const data = join(folder, 'manager');
  const manager = await startManager({ dataDirectory: data, host: '127.0.0.1', port: 0 }, effects);
  const running: { close(): Promise<void> }[] = [];
  for (const name of workers) {
    running.push(
      await startWorker(
        {
          name,
          dataDirectory: join(folder, name),
          server: manager.url,
          caPem: manager.caPem,
          runtime: 'simulated',
          join: ({ csr }) => manager.admit(name, {}, csr),
        },
        effects,
      ),
    );
  }
  const kubectl = await startKubectl(await readFile(manager.kubeconfigPath, 'utf8'));
  return {
    kubectl,
    server: manager.url,
    token: manager.credentials.adminToken,
    caPem: manager.caPem,
    async close() {
      for (const worker of running) await worker.close();
      await manager.close();
      await kubectl.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
