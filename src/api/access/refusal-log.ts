import type { Clock } from '../../support/clock.js';
import type { Logger } from '../../support/logger.js';
import { TokenBucket } from './token-bucket.js';

/** What is told of somebody who was refused. Every text may be theirs. */
export type RefusalFields = Readonly<Record<string, string | undefined>>;

const linesAtOnce = 10;
const linesPerSecond = 1;
/** As long as a worker's name or a label may be. */
const maxWordCharacters = 63;
/** Sentences of ours, in which words of theirs may stand. */
const maxReasonCharacters = 300;

/**
 * Lines about people who were refused. In: refusals, as many and as long as they like; out: ten lines at once and one a second
 * from then on, with texts cut. Always holds: the next line that is written says how many were left out (`leftOut`).
 */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #bucket: TokenBucket;
  #leftOut = 0;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#bucket = new TokenBucket({ burst: linesAtOnce, perSecond: linesPerSecond }, clock);
  }

  /** `message` is constant. */
  tell(message: string, fields: RefusalFields): void {
    if (!this.#bucket.take()) {
      this.#leftOut++;
      return;
    }
    const cut = Object.entries(fields).map(([name, text]) => {
      return [name, text?.slice(0, name === 'reason' ? maxReasonCharacters : maxWordCharacters)] as const;
    });
    const leftOut = this.#leftOut > 0 ? { leftOut: this.#leftOut } : {};
    this.#leftOut = 0;
    this.#logger.warn(message, { ...Object.fromEntries(cut), ...leftOut });
  }
}
