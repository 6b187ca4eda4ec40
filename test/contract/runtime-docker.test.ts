import { openDockerRuntime } from '../../src/runtime/docker/docker-runtime.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { openTestEngine, removeClusterContainers, testSocketPath } from '../support/docker-engine.js';
import { freePort } from '../support/orch-process.js';
import { describeRuntimeContract } from './runtime.js';

describeRuntimeContract('docker', async () => {
  const engine = await openTestEngine();
  return {
    open: (clusterUid) =>
      openDockerRuntime({
        socketPath: testSocketPath,
        clusterUid,
        clock: createSystemClock(),
        random: createSystemRandom(),
        logger: silentLogger,
      }),
    pause: (id) => engine.getContainer(id).pause(),
    rename: async (id, name) => void (await engine.getContainer(id).rename({ name })),
    freePort,
    removeAll: (clusterUid) => removeClusterContainers(engine, clusterUid),
    close: async () => undefined,
  };
});
