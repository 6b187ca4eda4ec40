import { describe, expect, it } from 'vitest';
import type { Client } from '../../../src/client/client.js';
import { openSimulatedRuntime } from '../../../src/runtime/simulated/simulated-runtime.js';
import { OrchError } from '../../../src/support/errors.js';
import { silentLogger } from '../../../src/support/logger.js';
import type { Random } from '../../../src/support/random.js';
import { CheckpointFile, emptyCheckpoint } from '../../../src/worker/checkpoint-file.js';
import { Worker } from '../../../src/worker/worker.js';
import { SeededRandom } from '../../simulation/seeded-random.js';
import { ManualClock } from '../../support/manual-clock.js';

const workerCount = 100;
const slotMilliseconds = 100;
const awaySeconds = 30;
const clusterUid = 'cluster-1';

/** A manager that is away: each call fails at once, and is told of. */
function unansweredClient(onTry: () => void): Client {
  const fail = (): never => {
    onTry();
    throw new OrchError('ServiceUnavailable', 'nobody answers');
  };
  const refuse = (): Promise<never> => Promise.resolve().then(fail);
  return {
    ...{ get: refuse, list: refuse, create: refuse, replace: refuse, patch: refuse, apply: refuse, delete: refuse },
    ...{ request: refuse, openSocket: refuse, close: () => Promise.resolve() },
    watch: () => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) }),
  };
}

/** Starts them all at the same instant. How many calls came within each 100 ms. */
async function triesBySlot(randomOf: (name: string) => Random): Promise<number[]> {
  const clock = new ManualClock();
  const slots = Array.from({ length: (awaySeconds * 1000) / slotMilliseconds + 1 }, () => 0);
  const client = unansweredClient(() => {
    const slot = Math.floor(clock.monotonic() / slotMilliseconds);
    slots[slot] = (slots[slot] ?? 0) + 1;
  });
  const workers = Array.from({ length: workerCount }, (_, index) => {
    const name = `w${index}`;
    const random = randomOf(name);
    return new Worker({
      ...{ name, sessionId: name, clusterUid, client, clock, random, logger: silentLogger, version: '0.0.0' },
      join: () => Promise.resolve(),
      runtime: openSimulatedRuntime({ clusterUid, clock, random }),
      checkpoint: new CheckpointFile(emptyCheckpoint(), () => Promise.resolve()),
      addresses: [],
      settings: {},
    });
  });
  try {
    await Promise.all([...workers.map((worker) => worker.start()), clock.advance(awaySeconds * 1000)]);
  } finally {
    await Promise.all([...workers.map((worker) => worker.stop()), clock.advance(1000)]);
  }
  return slots;
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

describe('ND-10: a hundred workers that lose their manager at the same instant', () => {
  it('do not come in step once their first tries have failed', async () => {
    const spread = await triesBySlot((name) => new SeededRandom(1, name));
    const inStep = await triesBySlot((name) => ({
      ...{ next: () => 0.5, uuid: () => name, bytes: (length) => new Uint8Array(length) },
    }));
    const firstTries = 2_000 / slotMilliseconds;
    const largest = (slots: readonly number[]): number => Math.max(...slots.slice(firstTries));
    // Workers without chance show that the measure sees a herd: two loops of each come within the same instant.
    expect(largest(inStep)).toBeGreaterThanOrEqual(2 * workerCount);
    expect(largest(spread)).toBeLessThan(0.8 * workerCount);
  });

  it('do not hammer: each tries twice a second at first, once a second in the end', async () => {
    const slots = await triesBySlot((name) => new SeededRandom(2, name));
    expect(sum(slots)).toBeLessThan(workerCount * awaySeconds * 2);
    expect(sum(slots.slice(-10_000 / slotMilliseconds))).toBeLessThan(workerCount * 10 * 1.2);
    // They go on trying all the same, else none would come back.
    expect(sum(slots.slice(-10_000 / slotMilliseconds))).toBeGreaterThan(workerCount * 10 * 0.5);
  });
});
