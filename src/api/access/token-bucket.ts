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
  /** In thousandths: whole numbers, as long as the clock's are. */
  #thousandths: number;
  #countedAt: number;

  constructor(limits: BucketLimits, clock: Pick<Clock, 'monotonic'>) {
    this.#limits = limits;
    this.#clock = clock;
    this.#thousandths = limits.burst * 1000;
    this.#countedAt = clock.monotonic();
  }

  /** Whether take() would succeed now. */
  get hasAny(): boolean {
    const { burst, perSecond } = this.#limits;
    const now = this.#clock.monotonic();
    this.#thousandths = Math.min(burst * 1000, this.#thousandths + (now - this.#countedAt) * perSecond);
    this.#countedAt = now;
    return this.#thousandths >= 1000;
  }

  take(): boolean {
    if (!this.hasAny) return false;
    this.#thousandths -= 1000;
    return true;
  }

  /** For one that was taken and does not count after all. */
  giveBack(): void {
    this.#thousandths = Math.min(this.#limits.burst * 1000, this.#thousandths + 1000);
  }
}
