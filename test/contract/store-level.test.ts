import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLevelStore } from '../../src/store/level/open-level-store.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import type { Store } from '../../src/store/store.js';
import { describeStore } from './store.js';

describeStore('level', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'orch-store-'));
  const opened: Store[] = [];
  return {
    async open(options) {
      const store = await openLevelStore({
        directory,
        random: createSystemRandom(),
        clock: createSystemClock(),
        logger: silentLogger,
        ...options,
      });
      opened.push(store);
      return store;
    },
    async dispose() {
      for (const store of opened) await store.close();
      await rm(directory, { recursive: true });
    },
  };
});
