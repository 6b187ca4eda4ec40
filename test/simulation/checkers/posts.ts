import type { Violated } from './checker.js';

/**
 * One client's POSTs: each call sends one at most. Whether one whose answer got lost was done, only its caller can find out, by
 * looking.
 */
export class Posts {
  private calls = 0;

  constructor(
    private readonly who: string,
    private readonly violated: Violated,
  ) {}

  /** Somebody calls for a POST. */
  onCall(): void {
    this.calls += 1;
  }

  onSent(): void {
    this.calls -= 1;
    if (this.calls < 0) this.violated('a call posts once', `${this.who} sent a POST that nobody called for`);
  }
}
