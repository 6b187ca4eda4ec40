import { createHash } from 'node:crypto';
import type { Clock } from '../../src/support/clock.js';
import type { LogFields, Logger } from '../../src/support/logger.js';

/** The story of a run: lines to read, and a hash over them and over all details that nobody wants to read. */
export class Trace {
  readonly lines: string[] = [];
  private readonly hash = createHash('sha256');

  constructor(private readonly clock: Clock) {}

  tell(who: string, what: string): void {
    const line = `${(this.clock.monotonic() / 1000).toFixed(3).padStart(9)}  ${who.padEnd(8)} ${what}`;
    this.lines.push(line);
    this.hash.update(line);
  }

  /** Counts for the hash only. */
  note(detail: string): void {
    this.hash.update(`${this.clock.monotonic()} ${detail}\n`);
  }

  digest(): string {
    return this.hash.copy().digest('hex');
  }

  logger(who: string): Logger {
    const say = (level: string, message: string, fields: LogFields = {}): void =>
      this.tell(who, `${level}: ${message} ${JSON.stringify(fields)}`);
    const quietly = (message: string, fields: LogFields = {}): void =>
      this.note(`${who} ${message} ${JSON.stringify(fields)}`);
    const logger: Logger = {
      debug: quietly,
      info: quietly,
      warn: (message, fields) => say('warn', message, fields),
      error: (message, fields) => say('error', message, fields),
      with: () => logger,
    };
    return logger;
  }
}
