import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TokenBucket } from '../../../../src/api/access/token-bucket.js';
import { ManualClock } from '../../../support/manual-clock.js';

it('lets a burst through, then as many as time brings, and again what was given back', () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ burst: 3, perSecond: 2 }, clock);
  const taken = (tries: number): number => Array.from({ length: tries }, () => bucket.take()).filter(Boolean).length;
  expect(taken(5)).toBe(3);
  clock.freeze(499);
  expect(taken(1)).toBe(0);
  clock.freeze(1);
  expect(taken(5)).toBe(1);
  bucket.giveBack();
  expect([bucket.hasAny, taken(5), bucket.hasAny]).toEqual([true, 1, false]);
  clock.freeze(3_600_000);
  bucket.giveBack();
  expect(taken(5)).toBe(3);
});

it('never lets more through than its limits, whatever is asked when', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(2_000), fc.nat(30)), { maxLength: 40 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 50 }),
      (steps, burst, perSecond) => {
        const clock = new ManualClock();
        const bucket = new TokenBucket({ burst, perSecond }, clock);
        let taken = 0;
        for (const [milliseconds, tries] of steps) {
          clock.freeze(milliseconds);
          for (let index = 0; index < tries; index++) if (bucket.take()) taken++;
          expect(taken).toBeLessThanOrEqual(burst + (clock.monotonic() / 1000) * perSecond + 1e-6);
        }
      },
    ),
  );
});
