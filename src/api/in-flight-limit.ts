import { OrchError } from '../support/errors.js';

/**
 * Bounds how many requests are worked on at once, in all and for one identity, so that a flood from one client leaves
 * room for the others.
 */
export class InFlightLimit {
  readonly #total: number;
  readonly #perIdentity: number;
  #count = 0;
  readonly #counts = new Map<string, number>();

  constructor(limits: { total: number; perIdentity: number }) {
    this.#total = limits.total;
    this.#perIdentity = limits.perIdentity;
  }

  /** Takes a place; the returned function gives it back (once). Throws TooManyRequests when there is none. */
  enter(identityName: string): () => void {
    const mine = this.#counts.get(identityName) ?? 0;
    if (this.#count >= this.#total || mine >= this.#perIdentity) {
      throw new OrchError('TooManyRequests', 'too many requests at once: try again in a second', {
        retryAfterSeconds: 1,
      });
    }
    this.#count++;
    this.#counts.set(identityName, mine + 1);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#count--;
      const left = (this.#counts.get(identityName) ?? 1) - 1;
      if (left === 0) this.#counts.delete(identityName);
      else this.#counts.set(identityName, left);
    };
  }
}
