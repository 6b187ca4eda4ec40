import { openMemoryStore } from '../../src/store/memory/open-memory-store.js';
import { createSystemRandom } from '../../src/support/random.js';
import type { Store } from '../../src/store/store.js';
import { describeStore } from './store.js';

describeStore('memory', async () => {
  const opened: Store[] = [];
  return {
    async open(options) {
      const store = await openMemoryStore({ random: createSystemRandom(), ...options });
      opened.push(store);
      return store;
    },
    async dispose() {
      for (const store of opened) await store.close();
    },
  };
});
