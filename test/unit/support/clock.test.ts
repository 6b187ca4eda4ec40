import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSystemClock, type Clock } from '../../../src/support/clock.js';
import { VirtualClock } from '../../simulation/virtual-clock.js';
import { ManualClock } from '../../support/manual-clock.js';

const day = 86_400_000;
const threeYears = 3 * 365 * day;

/** Every clock keeps to these; `pass` lets time go by. */
const clocks: [string, () => { clock: Clock; pass: (milliseconds: number) => Promise<unknown> }][] = [
  ['the system clock', () => ({ clock: createSystemClock(), pass: (time) => vi.advanceTimersByTimeAsync(time) })],
  [
    'the manual clock',
    () => {
      const clock = new ManualClock();
      return { clock, pass: (time) => clock.advance(time) };
    },
  ],
  [
    'the virtual clock',
    () => {
      const clock = new VirtualClock();
      return { clock, pass: (time) => clock.runUntil(clock.monotonic() + time) };
    },
  ],
];

describe.each(clocks)('%s', (name, make) => {
  beforeEach(() => {
    if (name === 'the system clock') vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => void vi.useRealTimers());

  it.each([1, 24 * day, 25 * day, 50 * day, threeYears])('waits %d ms, and not less', async (delay) => {
    const { clock, pass } = make();
    const run = vi.fn();
    clock.setTimer(run, delay);
    await pass(delay - 1);
    expect(run).not.toHaveBeenCalled();
    await pass(1);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('never runs a timer of infinity, and costs nothing while it waits', async () => {
    const { clock, pass } = make();
    const run = vi.fn();
    clock.setTimer(run, Infinity);
    await pass(threeYears);
    expect(run).not.toHaveBeenCalled();
  });

  it.each([0, 30 * day])('takes a long timer back after %d ms', async (elapsed) => {
    const { clock, pass } = make();
    const run = vi.fn();
    const timer = clock.setTimer(run, threeYears);
    await pass(elapsed);
    timer.cancel();
    await pass(2 * threeYears);
    expect(run).not.toHaveBeenCalled();
  });
});
