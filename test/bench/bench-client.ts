import { createClient } from '../../src/client/create-client.js';
import type { Client } from '../../src/client/client.js';
import { loadKubeconfig } from '../../src/client/kubeconfig.js';
import { createInformer } from '../../src/client/informer.js';
import { taskKind, type Task } from '../../src/model/task.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import type { TestCluster } from '../support/orch-process.js';

/** A client as the CLI uses it, without a process each time. */
export async function openBenchClient(cluster: TestCluster): Promise<Client> {
  const { server, caPem, token } = await loadKubeconfig(cluster.kubeconfig);
  return createClient({ server, caPem, token, clock: createSystemClock() });
}

/** Resolves when so many tasks are Running. It watches: polling lists would take the processor time that is measured. */
export async function untilRunning(client: Client, count: number): Promise<void> {
  let resolve: () => void;
  const reached = new Promise<void>((done) => (resolve = done));
  const look = (): void => {
    if (informer.list().filter((task) => task.status?.state === 'Running').length >= count) resolve();
  };
  const informer = createInformer<Task>({
    client,
    kind: taskKind,
    clock: createSystemClock(),
    random: createSystemRandom(),
    logger: silentLogger,
    onEvent: look,
    onSync: look,
  });
  informer.start();
  await reached;
  await informer.stop();
}
