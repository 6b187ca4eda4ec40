import type { Clock, Timer } from '../support/clock.js';

/** Work that comes again by itself. Never twice at once per entry; after `stop` there is no timer and no work left. */
export class Background {
  private readonly timers = new Set<Timer>();
  private readonly running = new Set<Promise<void>>();
  private stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Calls `work` again and again, so many milliseconds after it ended. What it throws goes to onError. */
  every(milliseconds: number, work: () => void | Promise<void>): void {
    if (this.stopped) return;
    const timer = this.clock.setTimer(() => {
      this.timers.delete(timer);
      const job: Promise<void> = this.attempt(work).finally(() => {
        this.running.delete(job);
        this.every(milliseconds, work);
      });
      this.running.add(job);
    }, milliseconds);
    this.timers.add(timer);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
    await Promise.all(this.running);
  }

  private async attempt(work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.onError(error);
    }
  }
}
