import { createClient } from '../../src/client/create-client.js';
import type { Client } from '../../src/client/client.js';
import { loadKubeconfig } from '../../src/client/kubeconfig.js';
import { createSystemClock } from '../../src/support/clock.js';
import type { TestCluster } from '../support/orch-process.js';

/** A client as the CLI uses it, for polling without a process each time. */
export async function openBenchClient(cluster: TestCluster): Promise<Client> {
  const { server, caPem, token } = await loadKubeconfig(cluster.kubeconfig);
  return createClient({ server, caPem, token, clock: createSystemClock() });
}
