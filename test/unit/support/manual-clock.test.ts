import { describe, expect, it } from 'vitest';
import { sleep } from '../../../src/support/clock.js';
import { ManualClock } from '../../support/manual-clock.js';

describe('ManualClock', () => {
  it('runs due timers in order, new ones too, and none that was cancelled', async () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    clock.setTimer(() => ran.push(`b${clock.monotonic()}`), 20);
    clock.setTimer(() => {
      ran.push(`a${clock.monotonic()}`);
      clock.setTimer(() => ran.push(`c${clock.monotonic()}`), 5);
    }, 10);
    clock.setTimer(() => ran.push('never'), 12).cancel();
    await clock.advance(19);
    expect(ran).toEqual(['a10', 'c15']);
    await clock.advance(1);
    expect(ran).toEqual(['a10', 'c15', 'b20']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets asynchronous work go on between timers', async () => {
    const clock = new ManualClock();
    const seen: number[] = [];
    const loop = async (): Promise<void> => {
      for (let turn = 0; turn < 3; turn++) {
        await sleep(clock, 10);
        seen.push(clock.monotonic());
      }
    };
    const done = loop();
    await clock.advance(100);
    await done;
    expect(seen).toEqual([10, 20, 30]);
  });

  it('keeps monotonic time when the wall clock is set', async () => {
    const clock = new ManualClock();
    await clock.advance(1000);
    clock.setWallClock(0);
    expect(clock.now()).toBe(0);
    expect(clock.monotonic()).toBe(1000);
  });
});
