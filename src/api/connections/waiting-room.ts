import type { Clock } from '../../support/clock.js';
import type { Random } from '../../support/random.js';

export interface WaitingRoomLimits {
  perKey: number;
  total: number;
  /** How long one waits at most. */
  milliseconds: number;
}

interface Place<Guest> {
  guest: Guest;
  key: string;
  /** In the row of its key. */
  index: number;
  until: number;
}

/**
 * Where those wait of whom nothing is known but a key. Who goes on is drawn: were it the first or the last, a flood would always be
 * it. Always holds: as many as the limits say; each key has its turn, however many wait under another.
 */
export class WaitingRoom<Guest> {
  readonly #limits: WaitingRoomLimits;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #random: Pick<Random, 'next'>;
  /** The oldest first. */
  readonly #places = new Map<Guest, Place<Guest>>();
  readonly #rows = new Map<string, Place<Guest>[]>();

  constructor(limits: WaitingRoomLimits, clock: Pick<Clock, 'monotonic'>, random: Pick<Random, 'next'>) {
    this.#limits = limits;
    this.#clock = clock;
    this.#random = random;
  }

  get size(): number {
    return this.#places.size;
  }

  isWaitedFor(key: string): boolean {
    return this.#rows.has(key);
  }

  /** False: there is no place. */
  enter(key: string, guest: Guest): boolean {
    const row = this.#rows.get(key) ?? [];
    if (this.size >= this.#limits.total || row.length >= this.#limits.perKey) return false;
    const until = this.#clock.monotonic() + this.#limits.milliseconds;
    const place = { guest, key, index: row.length, until };
    row.push(place);
    this.#rows.set(key, row);
    this.#places.set(guest, place);
    return true;
  }

  /** Idempotent. */
  leave(guest: Guest): void {
    const place = this.#places.get(guest);
    if (place) this.#remove(place);
  }

  /** Those who have waited too long, who are out then. */
  giveUp(): Guest[] {
    const now = this.#clock.monotonic();
    const late: Guest[] = [];
    for (const place of this.#places.values()) {
      if (place.until > now) break;
      this.#remove(place);
      late.push(place.guest);
    }
    return late;
  }

  /** Calls as many as get a ticket from `take`, one of each key in turn. */
  call<Ticket>(take: (key: string) => Ticket | undefined): { guest: Guest; ticket: Ticket }[] {
    const called: { guest: Guest; ticket: Ticket }[] = [];
    let keys = [...this.#rows.keys()];
    while (keys.length > 0) {
      keys = keys.filter((key) => {
        const row = this.#rows.get(key);
        const ticket = row && take(key);
        const drawn = row?.[Math.floor(this.#random.next() * row.length)];
        if (ticket === undefined || !drawn) return false;
        this.#remove(drawn);
        called.push({ guest: drawn.guest, ticket });
        return this.#rows.has(key);
      });
    }
    return called;
  }

  #remove(place: Place<Guest>): void {
    const { guest, key, index } = place;
    this.#places.delete(guest);
    const row = this.#rows.get(key) ?? [];
    const last = row.pop();
    if (last && last !== place) {
      row[index] = last;
      last.index = index;
    }
    if (row.length === 0) this.#rows.delete(key);
  }
}
