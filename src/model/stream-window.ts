import { streamWindowBytes } from './worker-tunnel.js';

/** The sender's side of one direction of a stream: how much may be sent, and who waits to send more. */
export class SendWindow {
  #available = streamWindowBytes;
  #waiting: (() => void)[] = [];

  /** May be spent beyond zero by one piece: what comes next has to wait then. */
  spend(bytes: number): void {
    this.#available -= bytes;
  }

  get isOpen(): boolean {
    return this.#available > 0;
  }

  /** Calls back once when the window is open, or the stream is over. */
  whenOpen(resume: () => void): void {
    if (this.isOpen) resume();
    else this.#waiting.push(resume);
  }

  /** The other side took so many bytes. One that claims more than it was sent gets no further ahead by that. */
  credit(bytes: number): void {
    this.#available = Math.min(streamWindowBytes, this.#available + bytes);
    if (this.isOpen) this.release();
  }

  /** Nobody has to wait any more. */
  release(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

/** The receiver's side: gathers what was taken and tells it in portions, not byte by byte. */
export class ReceiveWindow {
  #untold = 0;

  constructor(private readonly tell: (bytes: number) => void) {}

  took(bytes: number): void {
    this.#untold += bytes;
    if (this.#untold < streamWindowBytes / 4) return;
    this.tell(this.#untold);
    this.#untold = 0;
  }
}

export function encodeCredit(bytes: number): Uint8Array {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, bytes);
  return payload;
}

/** 0 for what is none. */
export function decodeCredit(payload: Uint8Array): number {
  if (payload.length !== 4) return 0;
  return new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0);
}
