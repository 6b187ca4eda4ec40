import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers';

/** The bounds within which a watcher may lag behind; beyond them it is closed and resumes from where it was. */
export const watchQueueLimits = { events: 1_000, characters: 4 * 2 ** 20 };

export interface WatchLine {
  text: string;
  revision: number;
}

/**
 * To write one event for hundreds of watchers, and to encrypt it, is too much for one turn of the event loop. What a turn
 * costs is as much the number of writes as their size: either bound ends it, so that small events are not late.
 */
const perTurn = { streams: 128, characters: 512 * 1024 };

/** Which streams have something to write: some in each turn of the event loop, in between whoever else has work. */
class Turns {
  #waiting: (() => number)[] = [];
  #isScheduled = false;

  /** The pump says how many characters it wrote. */
  add(pump: () => number): void {
    this.#waiting.push(pump);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#take());
  }

  #take(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let streams = 0;
    for (let characters = 0; streams < perTurn.streams && characters < perTurn.characters; streams++) {
      const pump = waiting[streams];
      if (!pump) break;
      characters += pump();
    }
    this.#waiting = [...waiting.slice(streams), ...this.#waiting];
    this.#isScheduled = this.#waiting.length > 0;
    // Not a matter of time, so not of the Clock.
    if (this.#isScheduled) setImmediate(() => this.#take());
  }
}

/** One for all, as there is one event loop. */
const turns = new Turns();

/**
 * Writes the lines of one watch to its socket. What is there at the start is pulled as the client reads; what happens
 * meanwhile waits in a bounded queue. Lines that come together leave in one write. Always holds: order is kept, and no
 * more is buffered than the queue and the socket's own high-water mark.
 */
export class WatchStream {
  readonly #output: Writable;
  readonly #queue: string[] = [];
  #characters = 0;
  #initial: Iterator<string> | undefined;
  #blocked = false;
  #scheduled = false;
  #ending = false;
  #ended = false;

  constructor(output: Writable, initial: Iterable<string> = []) {
    this.#output = output;
    this.#initial = initial[Symbol.iterator]();
    output.on('drain', () => {
      this.#blocked = false;
      this.#pump();
    });
    this.#schedule();
  }

  /**
   * False when the client lags too far behind: nothing after the last line taken may be pushed, and the caller ends the
   * stream. Lines of one revision are taken together or not at all, or a client that resumes would lose the rest.
   */
  push(lines: readonly WatchLine[]): boolean {
    let last: number | undefined;
    for (const { text, revision } of lines) {
      const full = this.#queue.length >= watchQueueLimits.events || this.#characters >= watchQueueLimits.characters;
      if (full && revision !== last) {
        this.#schedule();
        return false;
      }
      last = revision;
      this.#queue.push(text);
      this.#characters += text.length;
    }
    this.#schedule();
    return true;
  }

  /** Ends the response after what is queued, so that the client sees a clean end. */
  end(): void {
    this.#ending = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#blocked) return;
    this.#scheduled = true;
    turns.add(() => {
      this.#scheduled = false;
      return this.#pump();
    });
  }

  #pump(): number {
    let characters = 0;
    while (!this.#blocked && !this.#ended) {
      const chunk = this.#nextChunk();
      if (chunk === '') {
        if (this.#ending) {
          this.#ended = true;
          this.#output.end();
        }
        break;
      }
      characters += chunk.length;
      this.#blocked = !this.#output.write(chunk);
    }
    return characters;
  }

  /** Up to 64 KiB (or one line, if that is longer). */
  #nextChunk(): string {
    const lines: string[] = [];
    let length = 0;
    while (length < 65_536) {
      const line = this.#nextLine();
      if (line === undefined) break;
      lines.push(line);
      length += line.length;
    }
    return lines.join('');
  }

  #nextLine(): string | undefined {
    if (this.#initial) {
      const next = this.#initial.next();
      if (!next.done) return next.value;
      this.#initial = undefined;
    }
    const line = this.#queue.shift();
    if (line !== undefined) this.#characters -= line.length;
    return line;
  }
}
