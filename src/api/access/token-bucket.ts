import type { Clock } from '../../support/clock.js';

export interface BucketLimits {
  /** How many are had at once after a rest. */
  burst: number;
  perSecond: number;
}

/**
 * How often something may happen. Always holds: within any t seconds take() succeeds at most burst + perSecond * t times more
 * often than something was given back.
 */
export class TokenBucket {
  readonly #limits: BucketLimits;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #tokens: number;
  #countedAt: number;

  constructor(limits: BucketLimits, clock: Pick<Clock, 'monotonic'>) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tokens = limits.burst;
    this.#countedAt = clock.monotonic();
  }

  /** Whether take() would succeed now. */
  get hasAny(): boolean {
    const { burst, perSecond } = this.#limits;
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#countedAt) / 1000) * perSecond);
    this.#countedAt = now;
    return this.#tokens >= 1;
  }

  take(): boolean {
    if (!this.hasAny) return false;
    this.#tokens -= 1;
    return true;
  }

  /** For one that was taken and does not count after all. */
  giveBack(): void {
    this.#tokens = Math.min(this.#limits.burst, this.#tokens + 1);
  }
}
