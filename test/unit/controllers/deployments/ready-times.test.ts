import { describe, expect, it } from 'vitest';
import { ReadyTimes } from '../../../../src/controllers/deployments/ready-times.js';
import type { StoredTask } from '../../../../src/model/task.js';
import { aStoredTask } from '../../../support/cluster-builders.js';
import { ManualClock } from '../../../support/manual-clock.js';

function aTask(ready: 'True' | 'False', { attempt = 1, at = '2026-01-01T00:00:00Z', name = 'web-0' } = {}): StoredTask {
  const conditions = [{ type: 'Ready' as const, status: ready, lastTransitionTime: at }];
  return aStoredTask(name, {}, { state: 'Running', attempt, conditions });
}

describe('ReadyTimes', () => {
  it('counts from when a task was seen ready, whatever its worker says of the time and wherever the wall clock goes', () => {
    const clock = new ManualClock();
    const times = new ReadyTimes(clock);
    const task = aTask('True', { at: '2001-01-01T00:00:00Z' });
    expect(times.look('u', [task])(task).milliseconds).toBe(0);
    clock.freeze(7_000);
    clock.setWallClock(0);
    expect(times.look('u', [task])(task).milliseconds).toBe(7_000);
  });

  it('counts anew with each time that a task becomes ready, and with another container', () => {
    const clock = new ManualClock();
    const times = new ReadyTimes(clock);
    const first = aTask('True');
    times.look('u', [first]);
    clock.freeze(5_000);
    const second = aTask('True', { attempt: 2 });
    expect(times.look('u', [second])(second).milliseconds).toBe(0);
    clock.freeze(5_000);
    const again = aTask('True', { attempt: 2, at: '2026-01-01T00:01:00Z' });
    expect(times.look('u', [again])(again).milliseconds).toBe(0);
    clock.freeze(5_000);
    times.look('u', [aTask('False', { attempt: 2 })]);
    expect(times.look('u', [again])(again).milliseconds).toBe(0);
  });

  it('knows nothing of a task that is not ready, nor of what is gone', () => {
    const clock = new ManualClock();
    const times = new ReadyTimes(clock);
    const [task, other] = [aTask('True'), aTask('False', { name: 'web-1' })];
    times.look('u', [task, other]);
    clock.freeze(5_000);
    expect(times.look('u', [task, other])(other).milliseconds).toBe(0);
    times.look('u', [other]);
    expect(times.look('u', [task])(task).milliseconds).toBe(0);
    times.forget('u');
    clock.freeze(5_000);
    expect(times.look('u', [task])(task).milliseconds).toBe(0);
  });

  it('says of what was ready before the first look that it may be older', () => {
    const clock = new ManualClock();
    const times = new ReadyTimes(clock);
    const [before, later] = [aTask('True'), aTask('True', { name: 'web-1' })];
    expect(times.look('u', [before])(before)).toEqual({ milliseconds: 0, isAtLeast: true });
    clock.freeze(1_000);
    const readyFor = times.look('u', [before, later]);
    expect(readyFor(before)).toEqual({ milliseconds: 1_000, isAtLeast: true });
    expect(readyFor(later)).toEqual({ milliseconds: 0, isAtLeast: false });
    const again = aTask('True', { attempt: 2 });
    expect(times.look('u', [again])(again)).toEqual({ milliseconds: 0, isAtLeast: false });
  });
});
