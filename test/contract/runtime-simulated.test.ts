import { SimulatedEngine } from '../../src/runtime/simulated/simulated-engine.js';
import { openSimulatedRuntime } from '../../src/runtime/simulated/simulated-runtime.js';
import { createSystemClock } from '../../src/support/clock.js';
import { createSystemRandom } from '../../src/support/random.js';
import { describeRuntimeContract } from './runtime.js';

describeRuntimeContract('simulated', async () => {
  const effects = { clock: createSystemClock(), random: createSystemRandom() };
  const engine = new SimulatedEngine(effects);
  let port = 20_000;
  return {
    open: async (clusterUid) => openSimulatedRuntime({ ...effects, clusterUid, engine }),
    pause: async (id) => engine.pauseContainer(id),
    rename: async (id, name) => engine.renameContainer(id, name),
    freePort: async () => ++port,
    removeAll: async (clusterUid) => {
      for (const container of engine.containers.values()) {
        if (container.clusterUid === clusterUid) engine.removeContainer(container.id);
      }
    },
    close: async () => undefined,
  };
});
