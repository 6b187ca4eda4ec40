/** A part of a frame. `begins` and `ends` tell the first and the last part of each. */
export interface FramePiece {
  channel: 'stdout' | 'stderr';
  data: Uint8Array;
  begins: boolean;
  ends: boolean;
}

const headerBytes = 8;

/**
 * Takes the engine's frames apart: one byte of channel, three of nothing, four of length, then the data. Pieces are
 * handed on as they come, so a frame of any size needs no memory.
 */
export class Demultiplexer {
  #header: Uint8Array = new Uint8Array(0);
  #channel: FramePiece['channel'] = 'stdout';
  #remaining = 0;
  #begins = false;

  push(chunk: Uint8Array): FramePiece[] {
    const pieces: FramePiece[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#remaining === 0) {
        rest = this.#readHeader(rest);
        continue;
      }
      const data = rest.subarray(0, this.#remaining);
      this.#remaining -= data.length;
      rest = rest.subarray(data.length);
      pieces.push({ channel: this.#channel, data, begins: this.#begins, ends: this.#remaining === 0 });
      this.#begins = false;
    }
    return pieces;
  }

  #readHeader(chunk: Uint8Array): Uint8Array {
    const missing = headerBytes - this.#header.length;
    this.#header = Buffer.concat([this.#header, chunk.subarray(0, missing)]);
    if (this.#header.length === headerBytes) {
      const header = new DataView(this.#header.buffer, this.#header.byteOffset, headerBytes);
      this.#channel = header.getUint8(0) === 2 ? 'stderr' : 'stdout';
      this.#remaining = header.getUint32(4);
      this.#begins = true;
      this.#header = new Uint8Array(0);
    }
    return chunk.subarray(missing);
  }
}
