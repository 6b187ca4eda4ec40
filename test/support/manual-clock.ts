import type { Clock, Timer } from '../../src/support/clock.js';

interface Waiting {
  due: number;
  order: number;
  callback: () => void;
}

/**
 * Time that stands still until a test moves it. `advance` runs what falls due, in order, and lets the asynchronous work
 * that each timer starts settle before the next one runs.
 */
export class ManualClock implements Clock {
  private elapsed = 0;
  private order = 0;
  private wallOffset: number;
  private readonly waiting = new Set<Waiting>();

  constructor(startMilliseconds: number = Date.UTC(2026, 0, 1)) {
    this.wallOffset = startMilliseconds;
  }

  now(): number {
    return this.wallOffset + this.elapsed;
  }

  monotonic(): number {
    return this.elapsed;
  }

  setTimer(callback: () => void, delayMilliseconds: number): Timer {
    const entry: Waiting = { due: this.elapsed + Math.max(0, delayMilliseconds), order: this.order++, callback };
    this.waiting.add(entry);
    return { cancel: () => void this.waiting.delete(entry) };
  }

  /** Timers that wait: 0 means that nothing of the tested part is left running. */
  get pendingTimers(): number {
    return this.waiting.size;
  }

  /** Moves time on, running the timers that fall due on the way (new ones too). */
  async advance(milliseconds: number): Promise<void> {
    const end = this.elapsed + milliseconds;
    await settle();
    for (;;) {
      const next = this.earliest();
      if (next === undefined || next.due > end) break;
      this.elapsed = Math.max(this.elapsed, next.due);
      this.waiting.delete(next);
      next.callback();
      await settle();
    }
    this.elapsed = end;
    await settle();
  }

  /** Time passes and no timer runs in it, as when the process is stopped (SIGSTOP) or its event loop blocked. */
  freeze(milliseconds: number): void {
    this.elapsed += milliseconds;
  }

  /** Somebody sets the wall clock; monotonic time is not touched. */
  setWallClock(epochMilliseconds: number): void {
    this.wallOffset = epochMilliseconds - this.elapsed;
  }

  private earliest(): Waiting | undefined {
    let first: Waiting | undefined;
    for (const entry of this.waiting) {
      if (first === undefined || entry.due < first.due || (entry.due === first.due && entry.order < first.order)) {
        first = entry;
      }
    }
    return first;
  }
}

/** Lets promises and already queued callbacks run, without any waiting for time. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
