import { expect, it } from 'vitest';
import { restoredRevision } from '../../../src/app/restored-revision.js';

const now = Date.parse('2026-01-31T12:00:00Z');

it('is above what a store at full speed can have handed out since the backup', () => {
  const dayLater = now + 86_400_000;
  const writesOfADay = 14_000 * 86_400;
  expect(restoredRevision(1_000, dayLater)).toBeGreaterThan(1_000 + writesOfADay);
  // And since an earlier restore from the same backup.
  expect(restoredRevision(1_000, dayLater)).toBeGreaterThan(restoredRevision(1_000, now) + writesOfADay);
});

it('rises with a clock that went back, too', () => {
  const first = restoredRevision(1_000, now);
  expect(restoredRevision(first + 5, 0)).toBeGreaterThan(first + 1_000_000);
});

it('is a version that clients can ask for: a whole number of at most 15 digits', () => {
  const last = restoredRevision(1_000, Date.parse('2200-01-01T00:00:00Z'));
  expect(Number.isSafeInteger(last)).toBe(true);
  expect(String(last).length).toBeLessThanOrEqual(15);
});
