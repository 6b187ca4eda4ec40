import { WebSocket } from 'ws';
import { isJsonObject, type JsonValue } from '../model/json.js';
import {
  decodeTunnelFrame,
  encodeTunnelFrame,
  tunnelChannels,
  type StreamEnd,
  type StreamRequest,
} from '../model/worker-tunnel.js';
import type { Clock, Timer } from '../support/clock.js';
import { OrchError } from '../support/errors.js';

/** The manager's end of a stream: what the worker sends arrives here. */
export interface StreamReader {
  /** False when the client cannot take more now: call stream.resume() once it can. */
  onData(channel: 'stdout' | 'stderr', payload: Uint8Array): boolean;
  /** Exactly once, last, unless the stream was cancelled. */
  onEnd(end: StreamEnd): void;
}

export interface TunnelStream {
  /** False when the worker lags behind: `onDrain` is then called once it has caught up. */
  writeStdin(payload: Uint8Array, onDrain: () => void): boolean;
  closeStdin(): void;
  resize(width: number, height: number): void;
  resume(): void;
  /** The client is gone: the worker stops the stream, and the reader hears no more. Idempotent. */
  cancel(): void;
}

const maxStreams = 128;
/** Sent to the worker and not yet on the wire, before stdin has to wait. */
const maxBufferedBytes = 2 ** 20;
const pingIntervalMilliseconds = 15_000;
/** A client that takes nothing for this long loses its stream: all streams of the worker wait for it. */
const stallMilliseconds = 30_000;

interface OpenStream {
  reader: StreamReader;
  stall?: Timer;
}

/** One worker's WebSocket, carrying many streams (protocol of model/worker-tunnel.ts). */
export class Tunnel {
  readonly #nodeName: string;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #streams = new Map<number, OpenStream>();
  readonly #blocked = new Set<number>();
  #lastId = 0;
  #alive = true;
  #pinger: Timer;

  constructor(nodeName: string, socket: WebSocket, clock: Clock) {
    this.#nodeName = nodeName;
    this.#socket = socket;
    this.#clock = clock;
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('pong', () => (this.#alive = true));
    socket.once('close', () => this.#dropAll());
    this.#pinger = clock.setTimer(() => this.#ping(), pingIntervalMilliseconds);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  open(request: StreamRequest, reader: StreamReader): TunnelStream {
    if (this.#streams.size >= maxStreams) {
      throw new OrchError(
        'TooManyRequests',
        `worker "${this.#nodeName}" already carries ${maxStreams} logs and execs`,
        {
          retryAfterSeconds: 5,
        },
      );
    }
    const id = ++this.#lastId;
    this.#streams.set(id, { reader });
    this.#send(id, tunnelChannels.open, Buffer.from(JSON.stringify(request)));
    return {
      writeStdin: (payload, onDrain) => this.#writeStdin(id, payload, onDrain),
      closeStdin: () => this.#send(id, tunnelChannels.stdin, new Uint8Array()),
      resize: (width, height) => this.#send(id, tunnelChannels.resize, Buffer.from(JSON.stringify({ width, height }))),
      resume: () => this.#unblock(id),
      cancel: () => this.#cancel(id),
    };
  }

  /** Streams end with an error once the socket has closed. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
    this.#dropAll();
  }

  #receive(data: Buffer): void {
    this.#alive = true;
    const frame = decodeTunnelFrame(data);
    const stream = frame && this.#streams.get(frame.streamId);
    if (!frame || !stream) return; // of a stream that was cancelled meanwhile
    const { streamId, channel, payload } = frame;
    if (channel === tunnelChannels.stdout || channel === tunnelChannels.stderr) {
      const taken = stream.reader.onData(channel === tunnelChannels.stdout ? 'stdout' : 'stderr', payload);
      if (!taken) this.#block(streamId, stream);
    } else if (channel === tunnelChannels.end) {
      this.#forget(streamId);
      stream.reader.onEnd(parseStreamEnd(payload));
    }
  }

  #block(id: number, stream: OpenStream): void {
    if (this.#blocked.has(id) || !this.#streams.has(id)) return;
    this.#blocked.add(id);
    this.#socket.pause();
    stream.stall = this.#clock.setTimer(() => {
      this.#cancel(id);
      stream.reader.onEnd(failure('Timeout', 'the reader took nothing for 30 seconds'));
    }, stallMilliseconds);
  }

  #unblock(id: number): void {
    this.#streams.get(id)?.stall?.cancel();
    if (this.#blocked.delete(id) && this.#blocked.size === 0) this.#socket.resume();
  }

  #cancel(id: number): void {
    if (!this.#streams.has(id)) return;
    this.#forget(id);
    this.#send(id, tunnelChannels.cancel, new Uint8Array());
  }

  #forget(id: number): void {
    this.#unblock(id);
    this.#streams.delete(id);
  }

  #writeStdin(id: number, payload: Uint8Array, onDrain: () => void): boolean {
    if (!this.#streams.has(id) || !this.isOpen || payload.length === 0) return true;
    const full = this.#socket.bufferedAmount + payload.length > maxBufferedBytes;
    this.#socket.send(encodeTunnelFrame(id, tunnelChannels.stdin, payload), full ? () => onDrain() : undefined);
    return !full;
  }

  #send(id: number, channel: number, payload: Uint8Array): void {
    if (this.isOpen) this.#socket.send(encodeTunnelFrame(id, channel, payload));
  }

  #ping(): void {
    // While a slow reader holds the socket back, pongs cannot be seen either.
    if (!this.#alive && this.#blocked.size === 0) return this.#socket.terminate();
    this.#alive = false;
    if (this.isOpen) this.#socket.ping();
    this.#pinger = this.#clock.setTimer(() => this.#ping(), pingIntervalMilliseconds);
  }

  #dropAll(): void {
    this.#pinger.cancel();
    const streams = [...this.#streams.values()];
    for (const id of [...this.#streams.keys()]) this.#forget(id);
    for (const { reader } of streams) {
      reader.onEnd(failure('ServiceUnavailable', `the connection to worker "${this.#nodeName}" broke off`));
    }
  }
}

function failure(code: string, message: string): StreamEnd {
  return { error: { code, message } };
}

/** A worker is trusted with its own streams only, so what it says is read with care. */
function parseStreamEnd(payload: Uint8Array): StreamEnd {
  let value: JsonValue;
  try {
    value = JSON.parse(Buffer.from(payload).toString('utf8')) as JsonValue;
  } catch {
    return failure('InternalError', 'the worker ended the stream with a message that cannot be read');
  }
  if (!isJsonObject(value)) return {};
  const { exitCode, error } = value;
  return {
    ...(typeof exitCode === 'number' ? { exitCode } : {}),
    ...(isJsonObject(error)
      ? { error: { code: textOf(error['code'], 'InternalError'), message: textOf(error['message'], 'unknown') } }
      : {}),
  };
}

function textOf(value: JsonValue | undefined, otherwise: string): string {
  return typeof value === 'string' ? value.slice(0, 4096) : otherwise;
}
