import type { BackoffPolicy } from './backoff.js';
import { backoffDelay } from './backoff.js';
import type { Clock, Timer } from './clock.js';

export interface WorkQueueOptions {
  clock: Clock;
  /** For the jitter of retries: uniform in [0, 1). */
  random: () => number;
  /** Keys in work at once. */
  concurrency: number;
  /**
   * Works on one key, from what is true now: a key carries no message. Resolves with the milliseconds after which to come
   * again, or undefined. When it rejects, the key comes again after a backoff of its own.
   */
  process: (key: string) => Promise<number | undefined>;
  onError: (key: string, error: unknown, retryMilliseconds: number) => void;
  backoff?: BackoffPolicy;
}

const defaultBackoff: BackoffPolicy = { initialMilliseconds: 200, maxMilliseconds: 30_000, jitterFraction: 0.2 };

/**
 * Keys that wait for work, each at most once, first in first out. Always holds: a key is never in work twice at once; a
 * key that was added while in work is worked on again afterwards, so no change goes unseen.
 */
export class WorkQueue {
  private readonly ready = new Set<string>();
  private readonly working = new Map<string, Promise<void>>();
  private readonly again = new Set<string>();
  private readonly failures = new Map<string, number>();
  private readonly timers = new Map<string, { timer: Timer; due: number }>();
  private stopped = false;

  constructor(private readonly options: WorkQueueOptions) {}

  /** Keys that wait or are in work now; those that wait for a time do not count. */
  get length(): number {
    return this.ready.size + this.working.size;
  }

  add(key: string): void {
    if (this.stopped) return;
    this.cancelTimer(key);
    if (this.working.has(key)) this.again.add(key);
    else this.ready.add(key);
    this.pump();
  }

  /** Adds the key after the delay, or earlier if it is asked for earlier. */
  addAfter(key: string, delayMilliseconds: number): void {
    if (this.stopped) return;
    if (delayMilliseconds <= 0) return this.add(key);
    const { clock } = this.options;
    const due = clock.monotonic() + delayMilliseconds;
    const waiting = this.timers.get(key);
    if (waiting && waiting.due <= due) return;
    waiting?.timer.cancel();
    const timer = clock.setTimer(() => {
      this.timers.delete(key);
      this.add(key);
    }, delayMilliseconds);
    this.timers.set(key, { timer, due });
  }

  /** Nothing new begins; resolves when what is in work has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const key of [...this.timers.keys()]) this.cancelTimer(key);
    this.ready.clear();
    this.again.clear();
    await Promise.all(this.working.values());
  }

  private pump(): void {
    for (const key of this.ready) {
      if (this.working.size >= this.options.concurrency) return;
      this.ready.delete(key);
      this.working.set(key, this.work(key));
    }
  }

  private async work(key: string): Promise<void> {
    const { process, onError, backoff = defaultBackoff, random } = this.options;
    // Leaves the caller of add() first: whoever adds a key never waits for the work.
    await Promise.resolve();
    // Work that has not begun sees what was added until now.
    this.again.delete(key);
    let delay: number | undefined;
    try {
      delay = await process(key);
      this.failures.delete(key);
    } catch (error) {
      const failures = (this.failures.get(key) ?? 0) + 1;
      this.failures.set(key, failures);
      delay = backoffDelay(backoff, failures, random);
      onError(key, error, delay);
    }
    this.working.delete(key);
    if (this.again.delete(key)) this.add(key);
    else if (delay !== undefined) this.addAfter(key, delay);
    this.pump();
  }

  private cancelTimer(key: string): void {
    this.timers.get(key)?.timer.cancel();
    this.timers.delete(key);
  }
}
