import { expect, it } from 'vitest';
import { warmUp } from '../../../src/app/warm-up.js';
import { openRegistry } from '../../../src/registry/open-registry.js';
import { openMemoryStore } from '../../../src/store/memory/open-memory-store.js';
import { createSystemClock } from '../../../src/support/clock.js';
import { silentLogger, type Logger } from '../../../src/support/logger.js';
import { createSystemRandom } from '../../../src/support/random.js';

const clock = createSystemClock();
const random = createSystemRandom();

it('writes nothing and has nothing to complain about', async () => {
  const store = await openMemoryStore({ random });
  const registry = await openRegistry({ store, clock, random, logger: silentLogger });
  const before = store.currentRevision();
  const complaints: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (message) => void complaints.push(message) };
  await warmUp(registry, clock, logger, new AbortController().signal);
  expect(complaints).toEqual([]);
  expect(store.currentRevision()).toBe(before);
  await registry.close();
});

it('ends when the manager does, and never rejects', async () => {
  const store = await openMemoryStore({ random });
  const registry = await openRegistry({ store, clock, random, logger: silentLogger });
  await registry.close();
  await store.close();
  await warmUp(registry, clock, silentLogger, AbortSignal.abort());
  await warmUp(registry, clock, silentLogger, new AbortController().signal);
});
