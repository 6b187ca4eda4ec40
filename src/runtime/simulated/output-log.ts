import type { Clock } from '../../support/clock.js';
import type { LogOptions, LogStream } from '../container-runtime.js';
import { OutputQueue } from '../output-queue.js';

interface Line {
  at: number;
  channel: 'stdout' | 'stderr';
  text: Buffer;
}

const maxLines = 1000;

/** The last lines of a simulated container's output. */
export class OutputLog {
  readonly #clock: Clock;
  readonly #lines: Line[] = [];
  readonly #followers = new Set<{ line(line: Line): void; end(): void }>();
  #open = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From here on followers wait for more. */
  open(): void {
    this.#open = true;
  }

  /** Followers come to their end. */
  end(): void {
    this.#open = false;
    for (const follower of [...this.#followers]) follower.end();
  }

  append(channel: Line['channel'], data: Uint8Array): void {
    const line: Line = { at: this.#clock.now(), channel, text: Buffer.from(data) };
    this.#lines.push(line);
    if (this.#lines.length > maxLines) this.#lines.shift();
    for (const follower of this.#followers) follower.line(line);
  }

  read({ follow, tailLines, since, timestamps }: LogOptions): LogStream {
    const queue = new OutputQueue();
    const push = ({ channel, text, at }: Line): void => {
      const prefix = timestamps ? `${new Date(at).toISOString().replace('Z', '000000Z')} ` : '';
      queue.push(channel, Buffer.concat([Buffer.from(prefix), text]));
    };
    const from = since === undefined ? -Infinity : Date.parse(since);
    const wanted = this.#lines.filter((line) => line.at >= from);
    for (const line of tailLines === undefined
      ? wanted
      : wanted.slice(wanted.length - Math.min(tailLines, wanted.length)))
      push(line);
    if (follow && this.#open) {
      const follower = { line: push, end: () => queue.end() };
      this.#followers.add(follower);
      queue.onEnd(() => this.#followers.delete(follower));
    } else {
      queue.end();
    }
    return {
      onOutput: (listener) => queue.onOutput(listener),
      finished: queue.finished,
      close: () => queue.close(),
    };
  }
}
