import { describe, expect, it } from 'vitest';
import { regressionSeeds } from './regression-seeds.js';
import { runSeed } from './run-simulation.js';

const firstSeed = 1;
const seedCount = 300;
const seedsPerTest = 20;

async function expectGood(seed: number): Promise<void> {
  const { violations } = await runSeed(seed);
  expect(violations, `npm run simulate -- --seed ${seed} --trace --shrink`).toEqual([]);
}

describe('a cluster under seeded faults', () => {
  it('tells the same story for the same seed, in every detail', async () => {
    const [one, other] = [await runSeed(7), await runSeed(7)];
    expect(other.trace).toEqual(one.trace);
    expect(other.digest).toBe(one.digest);
    expect((await runSeed(8)).digest).not.toBe(one.digest);
  }, 20_000);

  it('speaks HTTP with the real API in every tenth seed, and tells the same story then, too', async () => {
    const [one, other] = [await runSeed(10), await runSeed(10)];
    expect(one.httpRequests).toBeGreaterThan(500);
    expect(other.httpRequests).toBe(one.httpRequests);
    expect(other.trace).toEqual(one.trace);
    expect(other.digest).toBe(one.digest);
    expect((await runSeed(11)).httpRequests).toBe(0);
    expect((await runSeed(10, { hasHttp: false })).digest).not.toBe(one.digest);
  }, 60_000);

  it.each(regressionSeeds)('seed $seed: $found', ({ seed }) => expectGood(seed), 20_000);

  const blocks = Array.from({ length: seedCount / seedsPerTest }, (_, index) => firstSeed + index * seedsPerTest);
  it.each(blocks)(
    `keeps its promises (${seedsPerTest} seeds from %i)`,
    async (first) => {
      for (let seed = first; seed < first + seedsPerTest; seed++) await expectGood(seed);
    },
    120_000,
  );
});
