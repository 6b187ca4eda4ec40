import type { OutputListener } from './container-runtime.js';

interface Piece {
  channel: 'stdout' | 'stderr';
  data: Uint8Array;
}

const maxJoinedBytes = 64 * 1024;

/**
 * Output between a producer and the one listener of a stream: nothing is lost before there is a listener, pieces
 * arrive in order and one at a time (a promise of the listener is waited for), and `finished` settles after the last
 * piece was taken. push() tells whether the producer should go on; onDrain tells it when it may again.
 */
export class OutputQueue {
  readonly finished: Promise<void>;
  readonly #pieces: Piece[] = [];
  readonly #endListeners: (() => void)[] = [];
  readonly #drainListeners: (() => void)[] = [];
  #settle: { resolve: () => void; reject: (error: Error) => void };
  #listener: OutputListener | undefined;
  #bytes = 0;
  #delivering = false;
  #ended = false;
  #failure: Error | undefined;

  constructor(private readonly highWaterBytes = 256 * 1024) {
    let settle = { resolve: (): void => undefined, reject: (_error: Error): void => undefined };
    this.finished = new Promise((resolve, reject) => (settle = { resolve, reject }));
    this.finished.catch(() => undefined);
    this.#settle = settle;
  }

  /** Whether end() or close() was called: what is pushed from then on is dropped. */
  get ended(): boolean {
    return this.#ended;
  }

  /** False when the producer should wait for onDrain. */
  push(channel: Piece['channel'], data: Uint8Array): boolean {
    if (this.#ended || data.length === 0) return true;
    this.#pieces.push({ channel, data });
    this.#bytes += data.length;
    this.#deliverSoon();
    return this.#bytes < this.highWaterBytes;
  }

  /** No more comes; with an error, `finished` rejects with it. */
  end(failure?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure ??= failure;
    for (const listener of this.#endListeners) listener();
    this.#deliverSoon();
  }

  /** The reader wants no more. */
  close(): void {
    this.#pieces.length = 0;
    this.#listener ??= () => undefined;
    this.end();
  }

  onOutput(listener: OutputListener): void {
    this.#listener = listener;
    this.#deliverSoon();
  }

  /** Calls back once when the stream ends, from either side. */
  onEnd(listener: () => void): void {
    this.#endListeners.push(listener);
  }

  onDrain(listener: () => void): void {
    this.#drainListeners.push(listener);
  }

  #deliverSoon(): void {
    this.#deliver().catch((error: unknown) =>
      this.#settle.reject(error instanceof Error ? error : new Error(String(error))),
    );
  }

  async #deliver(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    for (let piece; this.#listener && (piece = this.#takePiece());) {
      try {
        await this.#listener(piece.channel, piece.data);
      } catch (error) {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
        this.close();
      }
      this.#bytes -= piece.data.length;
      if (this.#bytes < this.highWaterBytes) for (const listener of this.#drainListeners) listener();
    }
    this.#delivering = false;
    if (this.#ended && this.#pieces.length === 0) {
      if (this.#failure) this.#settle.reject(this.#failure);
      else this.#settle.resolve();
    }
  }

  /** The next piece, joined with those of the same channel that wait behind it: engines send a frame for every line. */
  #takePiece(): Piece | undefined {
    const first = this.#pieces[0];
    if (!first) return undefined;
    let count = 0;
    let bytes = 0;
    for (const { channel, data } of this.#pieces) {
      if (channel !== first.channel || (count > 0 && bytes + data.length > maxJoinedBytes)) break;
      count++;
      bytes += data.length;
    }
    const joined = this.#pieces.splice(0, count).map(({ data }) => data);
    return { channel: first.channel, data: count === 1 ? first.data : Buffer.concat(joined) };
  }
}
