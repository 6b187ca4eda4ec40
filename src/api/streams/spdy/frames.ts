/** The frames of SPDY/3.1 that Kubernetes' clients use. Pure: bytes to frames and back. */
export type SpdyFrame =
  | { type: 'data'; streamId: number; fin: boolean; payload: Uint8Array }
  | { type: 'synStream'; streamId: number; fin: boolean; block: Uint8Array }
  | { type: 'synReply' | 'headers'; streamId: number; fin: boolean; block: Uint8Array }
  | { type: 'rstStream'; streamId: number }
  | { type: 'ping'; id: number }
  | { type: 'goAway' }
  /** SETTINGS, WINDOW_UPDATE and what is not known: nothing depends on them, as these clients keep to no window. */
  | { type: 'ignored' };

export const flagFin = 1;

const headBytes = 8;
/** Control frames carry headers, which are short. */
const maxControlBytes = 64 * 1024;
const types = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8 } as const;

/**
 * Takes bytes apart as they come. The payload of a data frame is handed on in pieces, each as a frame of its own, so that a
 * frame of any length needs no memory; only the last piece has `fin`. Throws RangeError for what is not SPDY/3.1.
 */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);
  #data: { streamId: number; fin: boolean; missing: number } | undefined;

  *read(chunk: Buffer): Generator<SpdyFrame> {
    let input = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      if (this.#data) {
        const { streamId, fin, missing } = this.#data;
        if (missing > 0 && input.length === 0) break;
        const payload = input.subarray(0, missing);
        input = input.subarray(payload.length);
        const left = missing - payload.length;
        this.#data = left > 0 ? { streamId, fin, missing: left } : undefined;
        yield { type: 'data', streamId, fin: fin && left === 0, payload };
        continue;
      }
      if (input.length < headBytes) break;
      const length = input.readUIntBE(5, 3);
      const flags = input.readUInt8(4);
      if ((input.readUInt8(0) & 0x80) === 0) {
        this.#data = { streamId: input.readUInt32BE(0), fin: (flags & flagFin) !== 0, missing: length };
        input = input.subarray(headBytes);
        continue;
      }
      if ((input.readUInt16BE(0) & 0x7fff) !== 3) throw new RangeError('this is not SPDY/3');
      if (length > maxControlBytes) throw new RangeError('a control frame is too long');
      if (input.length < headBytes + length) break;
      const body = input.subarray(headBytes, headBytes + length);
      const type = input.readUInt16BE(2);
      input = input.subarray(headBytes + length);
      yield controlFrame(type, (flags & flagFin) !== 0, body);
    }
    this.#rest = Buffer.from(input);
  }
}

function controlFrame(type: number, fin: boolean, body: Buffer): SpdyFrame {
  switch (type) {
    case types.synStream:
      return { type: 'synStream', streamId: streamIdOf(body), fin, block: body.subarray(10) };
    case types.synReply:
      return { type: 'synReply', streamId: streamIdOf(body), fin, block: body.subarray(4) };
    case types.headers:
      return { type: 'headers', streamId: streamIdOf(body), fin, block: body.subarray(4) };
    case types.rstStream:
      return { type: 'rstStream', streamId: streamIdOf(body) };
    case types.ping:
      return { type: 'ping', id: body.readUInt32BE(0) };
    case types.goAway:
      return { type: 'goAway' };
    default:
      return { type: 'ignored' };
  }
}

function streamIdOf(body: Buffer): number {
  return body.readUInt32BE(0) & 0x7fffffff;
}

export function encodeData(streamId: number, payload: Uint8Array, fin: boolean): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(streamId);
  head.writeUInt8(fin ? flagFin : 0, 4);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

export function encodeSynStream(streamId: number, block: Uint8Array): Buffer {
  const body = Buffer.alloc(10);
  body.writeUInt32BE(streamId);
  return encodeControl(types.synStream, Buffer.concat([body, block]));
}

export function encodeSynReply(streamId: number, block: Uint8Array): Buffer {
  return encodeControl(types.synReply, Buffer.concat([uint32(streamId), block]));
}

/** Status 5 is CANCEL, 3 REFUSED_STREAM. */
export function encodeRstStream(streamId: number, status: 3 | 5): Buffer {
  return encodeControl(types.rstStream, Buffer.concat([uint32(streamId), uint32(status)]));
}

export function encodePing(id: number): Buffer {
  return encodeControl(types.ping, uint32(id));
}

export function encodeGoAway(lastStreamId: number): Buffer {
  return encodeControl(types.goAway, Buffer.concat([uint32(lastStreamId), uint32(0)]));
}

function encodeControl(type: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt16BE(0x8003);
  head.writeUInt16BE(type, 2);
  head.writeUIntBE(body.length, 5, 3);
  return Buffer.concat([head, body]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
