import type { Duplex } from 'node:stream';
import {
  encodeData,
  encodeGoAway,
  encodePing,
  encodeRstStream,
  encodeSynReply,
  FrameReader,
  type SpdyFrame,
} from './frames.js';
import { HeaderReader, HeaderWriter, type SpdyHeaders } from './header-block.js';

/**
 * The server's end of a SPDY/3.1 connection, as kubectl opens it for exec, attach and port-forward: bytes of a transport
 * come in, streams that the client opens go out. There is no package that is kept up for this (spdy-transport rests since
 * 2018); what those clients use of the protocol is little. They keep to no flow control, so a stream that cannot take
 * more holds the whole connection back, as in Kubernetes. Always holds: bounded memory, streams ended when the connection is.
 */
export interface SpdyStream {
  readonly headers: SpdyHeaders;
  /** Takes the stream. Set the listeners before. */
  accept(): void;
  /** False when the connection cannot take more now: `onDrain` tells when it can. */
  write(payload: Uint8Array): boolean;
  /** No more comes from this side. */
  end(): void;
  /** Both sides are over. */
  reset(): void;
  /** False: no more of this connection is read until resume(). */
  onData: (payload: Uint8Array) => boolean;
  onEnd: () => void;
  /** The stream is over before its end, or the connection is. */
  onClose: () => void;
  onDrain: () => void;
  resume(): void;
}

const maxStreams = 1_000;
const maxWriteBytes = 64 * 1024;

class Stream implements SpdyStream {
  onData: SpdyStream['onData'] = () => true;
  onEnd: SpdyStream['onEnd'] = () => undefined;
  onClose: SpdyStream['onClose'] = () => undefined;
  onDrain: SpdyStream['onDrain'] = () => undefined;
  sentEnd = false;
  gotEnd = false;

  constructor(
    readonly session: SpdySession,
    readonly id: number,
    readonly headers: SpdyHeaders,
  ) {}

  accept(): void {
    this.session.accept(this);
  }
  write(payload: Uint8Array): boolean {
    return this.session.write(this, payload);
  }
  end(): void {
    this.session.endStream(this);
  }
  reset(): void {
    this.session.resetStream(this);
  }
  resume(): void {
    this.session.resumeReading(this);
  }
}

export class SpdySession {
  readonly #transport: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #onClose: () => void;
  readonly #frames = new FrameReader();
  readonly #headerReader = new HeaderReader();
  readonly #headerWriter = new HeaderWriter();
  readonly #streams = new Map<number, Stream>();
  readonly #blocked = new Set<Stream>();
  #unblock: (() => void) | undefined;
  #lastStreamId = 0;

  constructor(transport: Duplex, onStream: (stream: SpdyStream) => void, onClose: () => void = () => undefined) {
    this.#transport = transport;
    this.#onStream = onStream;
    this.#onClose = onClose;
    transport.on('error', () => transport.destroy());
    transport.on('drain', () => {
      for (const stream of [...this.#streams.values()]) stream.onDrain();
    });
    transport.once('close', () => this.#closed());
    this.#run().catch(() => transport.destroy());
  }

  /** Lets what was written leave, then closes. */
  close(): void {
    if (!this.#transport.writable) return;
    this.#transport.end(encodeGoAway(this.#lastStreamId));
  }

  destroy(): void {
    this.#transport.destroy();
  }

  accept(stream: Stream): void {
    this.#send(encodeSynReply(stream.id, this.#headerWriter.write({})));
  }

  write(stream: Stream, payload: Uint8Array): boolean {
    if (stream.sentEnd) return true;
    let goOn = true;
    for (let start = 0; start < payload.length; start += maxWriteBytes) {
      goOn = this.#send(encodeData(stream.id, payload.subarray(start, start + maxWriteBytes), false));
    }
    return goOn;
  }

  endStream(stream: Stream): void {
    if (stream.sentEnd) return;
    stream.sentEnd = true;
    this.#send(encodeData(stream.id, new Uint8Array(), true));
    this.#forgetIfOver(stream);
  }

  resetStream(stream: Stream): void {
    if (!this.#streams.has(stream.id)) return;
    stream.sentEnd = stream.gotEnd = true;
    this.#send(encodeRstStream(stream.id, 5));
    this.#forgetIfOver(stream);
  }

  resumeReading(stream: Stream): void {
    if (!this.#blocked.delete(stream) || this.#blocked.size > 0) return;
    this.#unblock?.();
    this.#unblock = undefined;
  }

  async #run(): Promise<void> {
    try {
      for await (const chunk of this.#transport as AsyncIterable<Buffer>) {
        for (const frame of this.#frames.read(chunk)) {
          await this.#receive(frame);
          if (this.#blocked.size > 0) await new Promise<void>((resolve) => (this.#unblock = resolve));
        }
      }
      this.#transport.end(() => this.#transport.destroy());
    } catch {
      // Not SPDY, a damaged header block, or the transport broke: all that is left is to end it.
      this.#transport.destroy();
    }
  }

  async #receive(frame: SpdyFrame): Promise<void> {
    switch (frame.type) {
      case 'synStream':
        return this.#open(frame.streamId, frame.fin, await this.#headerReader.read(frame.block));
      case 'synReply':
      case 'headers':
        // Nothing in them matters here, but the compression goes on from them.
        return void (await this.#headerReader.read(frame.block));
      case 'data':
        return this.#takeData(frame);
      case 'rstStream': {
        const stream = this.#streams.get(frame.streamId);
        if (!stream) return;
        stream.sentEnd = stream.gotEnd = true;
        this.#forgetIfOver(stream);
        return stream.onClose();
      }
      case 'ping':
        return void this.#send(encodePing(frame.id));
      case 'goAway':
      case 'ignored':
    }
  }

  #open(id: number, fin: boolean, headers: SpdyHeaders): void {
    this.#lastStreamId = Math.max(this.#lastStreamId, id);
    if (this.#streams.size >= maxStreams || this.#streams.has(id)) return void this.#send(encodeRstStream(id, 3));
    const stream = new Stream(this, id, headers);
    stream.gotEnd = fin;
    this.#streams.set(id, stream);
    this.#onStream(stream);
  }

  #takeData({ streamId, fin, payload }: Extract<SpdyFrame, { type: 'data' }>): void {
    const stream = this.#streams.get(streamId);
    if (!stream || stream.gotEnd) return;
    if (payload.length > 0 && !stream.onData(payload)) this.#blocked.add(stream);
    if (!fin) return;
    stream.gotEnd = true;
    stream.onEnd();
    this.#forgetIfOver(stream);
  }

  #forgetIfOver(stream: Stream): void {
    if (!stream.sentEnd || !stream.gotEnd) return;
    this.#streams.delete(stream.id);
    this.resumeReading(stream);
  }

  #closed(): void {
    this.#headerReader.close();
    this.#blocked.clear();
    this.#unblock?.();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) stream.onClose();
    this.#onClose();
  }

  #send(frame: Buffer): boolean {
    return this.#transport.writable ? this.#transport.write(frame) : true;
  }
}
