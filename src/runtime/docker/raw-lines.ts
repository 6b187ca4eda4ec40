import type { FramePiece } from './demultiplexer.js';

const newline = 10;

/** The output of a container with a terminal: it has one channel and no frames, so each line counts as one. */
export class RawLines {
  #begins = true;

  push(chunk: Uint8Array): FramePiece[] {
    const pieces: FramePiece[] = [];
    for (let start = 0; start < chunk.length;) {
      const found = chunk.indexOf(newline, start);
      const end = found < 0 ? chunk.length : found + 1;
      pieces.push({ channel: 'stdout', data: chunk.subarray(start, end), begins: this.#begins, ends: found >= 0 });
      this.#begins = found >= 0;
      start = end;
    }
    return pieces;
  }
}
