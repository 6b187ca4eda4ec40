import type { Clock } from '../../support/clock.js';
import { TokenBucket, type BucketLimits } from '../access/token-bucket.js';

export interface HandshakeLimits {
  /** From one address (addressKey) that nobody known has come from lately. */
  perStranger: BucketLimits;
  /** From all such addresses together. */
  strangers: BucketLimits;
  /** From one address that somebody known has come from within the hour. */
  perKnown: BucketLimits;
  /** That one worker gets back for its address. */
  perNode: BucketLimits;
  /** Begun and not done. Beyond, the oldest goes: who wants to get in is done in a few round trips. */
  unfinished: number;
}

/**
 * A handshake costs 1.5 ms of the main loop, with the answer that who is not known gets, and ten times as long where the machine has
 * more to do than it can. Strangers must leave most of the loop to accepting: it takes up one connection a turn, and who
 * is known is among them.
 */
export const defaultHandshakeLimits: HandshakeLimits = {
  perStranger: { burst: 100, perSecond: 10 },
  strangers: { burst: 400, perSecond: 40 },
  perKnown: { burst: 200, perSecond: 60 },
  perNode: { burst: 150, perSecond: 10 },
  unfinished: 1_000,
};

const knownMilliseconds = 3_600_000;
/** What is forgotten beyond is forgotten to the good of whom it was counted against; `strangers` holds all the same. */
const maxKeys = 10_000;

/** One handshake that was allowed. */
export interface HandshakeTicket {
  readonly key: string;
  readonly paidBy: readonly TokenBucket[];
}

/**
 * Who may shake hands now, decided by the address alone, as nothing else is known before. What is paid for a handshake comes back
 * when its caller turns out to be known: so those who are known are bounded by how many of them are on their way in at once, and
 * all others by time. Pure but for the clock that it is given.
 */
export class HandshakeBudget {
  readonly #limits: HandshakeLimits;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #strangers: TokenBucket;
  readonly #strange = new Map<string, TokenBucket>();
  readonly #known = new Map<string, { bucket: TokenBucket; until: number }>();
  readonly #nodes = new Map<string, TokenBucket>();

  constructor(limits: HandshakeLimits, clock: Pick<Clock, 'monotonic'>) {
    this.#limits = limits;
    this.#clock = clock;
    this.#strangers = new TokenBucket(limits.strangers, clock);
  }

  /** A ticket for one handshake from this address, or undefined when it has to wait. */
  take(key: string): HandshakeTicket | undefined {
    const known = this.#known.get(key);
    const paidBy =
      known && known.until > this.#clock.monotonic()
        ? [known.bucket]
        : [this.#bucketOf(this.#strange, key, this.#limits.perStranger), this.#strangers];
    if (!paidBy.every((bucket) => bucket.hasAny)) return undefined;
    for (const bucket of paidBy) bucket.take();
    return { key, paidBy };
  }

  /** The caller is known: `nodeName` when it is a worker, who does not get back any number. */
  giveBack({ key, paidBy }: HandshakeTicket, nodeName: string | undefined): void {
    const bucket = this.#known.get(key)?.bucket ?? new TokenBucket(this.#limits.perKnown, this.#clock);
    remember(this.#known, key, { bucket, until: this.#clock.monotonic() + knownMilliseconds });
    if (nodeName !== undefined && !this.#bucketOf(this.#nodes, nodeName, this.#limits.perNode).take()) return;
    for (const each of paidBy) each.giveBack();
  }

  #bucketOf(buckets: Map<string, TokenBucket>, key: string, limits: BucketLimits): TokenBucket {
    const bucket = buckets.get(key) ?? new TokenBucket(limits, this.#clock);
    remember(buckets, key, bucket);
    return bucket;
  }
}

/** As the newest; what was not used for longest goes when there are too many. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxKeys) return;
  for (const oldest of map.keys()) return void map.delete(oldest);
}
