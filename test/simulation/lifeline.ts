import type { Clock, Timer } from '../../src/support/clock.js';
import { sleep } from '../../src/support/clock.js';

/** Where a process is to die: at its n-th effect from now, before it is asked for, while it is under way or after it happened. */
export interface CrashPoint {
  effects: number;
  moment: 'before' | 'during' | 'after';
  /** Only effects of this name count. */
  of?: string;
}

/**
 * The life of one simulated process. Everything that it does to the world, and everything that it waits for, goes through
 * here: once it is dead its timers do not run, its promises do not settle, and nothing that it asks for happens. What it
 * asked for before goes on, as a request that is under way does.
 */
export class Lifeline {
  /** The process's own view of time. */
  readonly clock: Clock;
  private dead = false;
  private readonly timers = new Set<Timer>();
  private readonly mourners = new Set<() => void>();
  private crashPoint: (CrashPoint & { onCrash: () => void; isReached: boolean }) | undefined;

  constructor(base: Clock) {
    this.clock = {
      now: () => base.now(),
      monotonic: () => base.monotonic(),
      setTimer: (callback, delay) => {
        if (this.dead) return { cancel: () => undefined };
        const timer = base.setTimer(() => {
          this.timers.delete(handle);
          callback();
        }, delay);
        const handle: Timer = {
          cancel: () => {
            this.timers.delete(handle);
            timer.cancel();
          },
        };
        this.timers.add(handle);
        return handle;
      },
    };
  }

  get isAlive(): boolean {
    return !this.dead;
  }

  kill(): void {
    if (this.dead) return;
    this.dead = true;
    for (const timer of [...this.timers]) timer.cancel();
    for (const mourn of [...this.mourners]) mourn();
  }

  /** Calls back at the death, until the returned function is called. */
  onDeath(mourn: () => void): () => void {
    this.mourners.add(mourn);
    return () => this.mourners.delete(mourn);
  }

  crashAt(point: CrashPoint, onCrash: () => void): void {
    this.crashPoint = { ...point, onCrash, isReached: false };
  }

  /** A crash that has not come yet does not come any more. */
  forgetCrash(): void {
    this.crashPoint = undefined;
  }

  /** What the process waits for. */
  guard<T>(work: Promise<T>): Promise<T> {
    // A dead process does not hear of failures either.
    if (this.dead) {
      work.catch(() => undefined);
      return never();
    }
    return new Promise((resolve, reject) => {
      work.then(
        (value) => void (this.dead || resolve(value)),
        (error: unknown) => void (this.dead || reject(error as Error)),
      );
    });
  }

  /** What the process does to the world: a point at which it may die. */
  async effect<T>(act: () => Promise<T>, name?: string): Promise<T> {
    if (this.dead) return never();
    const point = this.crashPoint;
    const counts = point !== undefined && (point.of === undefined || point.of === name);
    if (!counts || point.isReached || --point.effects > 0) return this.guard(act());
    point.isReached = true;
    if (point.moment === 'before') {
      point.onCrash();
      return never();
    }
    const done = act();
    const isOver = done.catch(() => undefined);
    await (point.moment === 'during' ? sleep(this.clock, 1) : isOver);
    // Healed, or already dead.
    if (this.crashPoint !== point) return this.guard(done);
    if (!this.dead) point.onCrash();
    return never();
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
