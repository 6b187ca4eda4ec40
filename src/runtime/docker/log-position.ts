import type { FramePiece } from './demultiplexer.js';
import type { OutputPiece } from './output-stream.js';

/** As the engine writes it: always in UTC with nine decimals, so texts compare as times do. */
export const timestampBytes = '2026-01-01T00:00:00.000000000Z'.length;
const timestampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;
/** Two processes of the engine write the two channels: their messages can be this far out of order, and not more. */
const disorderMilliseconds = 2_000;

interface Position {
  time: string;
  /** How many messages with this very time were seen. */
  count: number;
}

/**
 * Knows how far the output of a container was read, by the time that the engine puts before each message (a frame is a
 * message). Reads frames of a first answer, then, after catchUp(), those of a second one that overlaps it, and lets
 * every message through once. Pure but for its memory.
 */
export class LogPosition {
  readonly #timestamps: boolean;
  readonly #last: { stdout?: Position; stderr?: Position } = {};
  #before: { stdout?: Position; stderr?: Position } | undefined;
  #seenAgain = { stdout: 0, stderr: 0 };
  #head: Uint8Array = new Uint8Array(0);
  #state: 'head' | 'pass' | 'drop' = 'head';

  /** `timestamps`: whether the reader wants them before each message. */
  constructor(timestamps: boolean) {
    this.#timestamps = timestamps;
  }

  /** From here on messages that were seen are dropped. Returns from when the second answer must begin, if there were any. */
  catchUp(): string | undefined {
    this.#before = structuredClone(this.#last);
    this.#seenAgain = { stdout: 0, stderr: 0 };
    const newest = this.#newest();
    return newest && new Date(Date.parse(newest) - disorderMilliseconds).toISOString();
  }

  read(pieces: readonly FramePiece[]): OutputPiece[] {
    const output: OutputPiece[] = [];
    for (const piece of pieces) {
      const data = this.#dataOf(piece);
      if (data && data.length > 0) output.push({ channel: piece.channel, data });
    }
    return output;
  }

  #dataOf({ channel, data, begins, ends }: FramePiece): Uint8Array | undefined {
    if (begins) {
      this.#state = 'head';
      this.#head = new Uint8Array(0);
    }
    if (this.#state === 'pass') return data;
    if (this.#state === 'drop') return undefined;
    this.#head = Buffer.concat([this.#head, data]);
    if (this.#head.length <= timestampBytes && !ends) return undefined;
    const head = this.#head;
    const time = Buffer.from(head.subarray(0, timestampBytes)).toString('latin1');
    // Not a time: an engine that writes something else. Better told twice than lost.
    const isTime = timestampPattern.test(time);
    this.#state = !isTime || this.#isNew(channel, time) ? 'pass' : 'drop';
    if (this.#state === 'drop') return undefined;
    return isTime && !this.#timestamps ? head.subarray(timestampBytes + 1) : head;
  }

  #isNew(channel: FramePiece['channel'], time: string): boolean {
    const before = this.#before?.[channel];
    if (this.#before) {
      if (before === undefined ? time < (this.#newest(this.#before) ?? '') : time < before.time) return false;
      if (time === before?.time && ++this.#seenAgain[channel] <= before.count) return false;
    }
    const last = this.#last[channel];
    this.#last[channel] = { time, count: last?.time === time ? last.count + 1 : 1 };
    return true;
  }

  #newest({ stdout, stderr }: { stdout?: Position; stderr?: Position } = this.#last): string | undefined {
    const times = [stdout?.time, stderr?.time].filter((time) => time !== undefined);
    return times.sort().at(-1);
  }
}
