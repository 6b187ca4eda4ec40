import { WebSocket } from 'ws';
import { isJsonObject, type JsonValue } from '../../model/json.js';
import { decodeCredit, encodeCredit, ReceiveWindow, SendWindow } from '../../model/stream-window.js';
import {
  decodeTunnelFrame,
  encodeTunnelFrame,
  streamWindowBytes,
  tunnelChannels,
  type StreamEnd,
  type StreamRequest,
} from '../../model/worker-tunnel.js';
import type { Clock, Timer } from '../../support/clock.js';
import { OrchError } from '../../support/errors.js';
import { guarded } from '../../support/guarded.js';
import type { Logger } from '../../support/logger.js';

/** The manager's end of a stream: what the worker sends arrives here. */
export interface StreamReader {
  /** False when the client cannot take more now: call stream.resume() once it can. At most a window more comes till then. */
  onData(channel: 'stdout' | 'stderr', payload: Uint8Array): boolean;
  /** Exactly once, last, unless the stream was cancelled. */
  onEnd(end: StreamEnd): void;
}

export interface TunnelStream {
  /** False when what the command has not taken fills the window: `onDrain` is then called once it has, or the stream is over. */
  writeStdin(payload: Uint8Array, onDrain: () => void): boolean;
  closeStdin(): void;
  resize(width: number, height: number): void;
  resume(): void;
  /** The client is gone: the worker stops the stream, and the reader hears no more. Idempotent. */
  cancel(): void;
}

const maxStreams = 128;
const maxFrameBytes = 64 * 1024;
const pingIntervalMilliseconds = 15_000;
/** All that the windows of all streams let through at once: more waits only for a worker that claims to take what it does not read. */
const maxUnsentBytes = maxStreams * (streamWindowBytes + maxFrameBytes);

interface OpenStream {
  reader: StreamReader;
  input: SendWindow;
  output: ReceiveWindow;
  /** Came from the worker and was handed on, and the client has not taken it. */
  heldBytes: number;
}

/**
 * One worker's WebSocket, carrying many streams (protocol of model/worker-tunnel.ts). Always holds: the socket itself is
 * never held back, so no stream waits for another; a worker that sends beyond a stream's window loses that stream, and one that
 * gives windows and does not read loses the tunnel.
 */
export class Tunnel {
  readonly #nodeName: string;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #streams = new Map<number, OpenStream>();
  #lastId = 0;
  #alive = true;
  #pinger: Timer;

  constructor(nodeName: string, socket: WebSocket, clock: Clock, logger: Logger) {
    this.#nodeName = nodeName;
    this.#socket = socket;
    this.#clock = clock;
    this.#logger = logger;
    const failed = (error: unknown): void => {
      logger.error('worker tunnel failed', { node: nodeName, error });
      socket.terminate();
    };
    socket.on(
      'message',
      guarded(failed, (data: Buffer) => this.#receive(data)),
    );
    socket.on('pong', () => (this.#alive = true));
    socket.once(
      'close',
      guarded(failed, () => this.#dropAll()),
    );
    this.#pinger = clock.setTimer(() => this.#ping(), pingIntervalMilliseconds);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  open(request: StreamRequest, reader: StreamReader): TunnelStream {
    if (this.#streams.size >= maxStreams) {
      throw new OrchError(
        'TooManyRequests',
        `worker "${this.#nodeName}" already carries ${maxStreams} logs, execs and forwarded connections`,
        { retryAfterSeconds: 5 },
      );
    }
    const id = ++this.#lastId;
    const output = new ReceiveWindow((bytes) => this.#send(id, tunnelChannels.credit, encodeCredit(bytes)));
    this.#streams.set(id, { reader, input: new SendWindow(), output, heldBytes: 0 });
    this.#send(id, tunnelChannels.open, Buffer.from(JSON.stringify(request)));
    return {
      writeStdin: (payload, onDrain) => this.#writeStdin(id, payload, onDrain),
      closeStdin: () => this.#send(id, tunnelChannels.stdin, new Uint8Array()),
      resize: (width, height) => this.#send(id, tunnelChannels.resize, Buffer.from(JSON.stringify({ width, height }))),
      resume: () => this.#resume(id),
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
      this.#takeOutput(streamId, stream, channel === tunnelChannels.stdout ? 'stdout' : 'stderr', payload);
    } else if (channel === tunnelChannels.credit) {
      stream.input.credit(decodeCredit(payload));
    } else if (channel === tunnelChannels.end) {
      this.#forget(streamId);
      stream.reader.onEnd(parseStreamEnd(payload));
    }
  }

  #takeOutput(id: number, stream: OpenStream, channel: 'stdout' | 'stderr', payload: Uint8Array): void {
    const wasHeld = stream.heldBytes > 0;
    if (stream.heldBytes + payload.length > streamWindowBytes + maxFrameBytes) {
      this.#cancel(id);
      return stream.reader.onEnd(failure('InternalError', 'the worker sent more than the window of the stream allows'));
    }
    const taken = stream.reader.onData(channel, payload);
    if (taken && !wasHeld) stream.output.took(payload.length);
    else stream.heldBytes += payload.length;
  }

  #resume(id: number): void {
    const stream = this.#streams.get(id);
    if (!stream || stream.heldBytes === 0) return;
    const { heldBytes } = stream;
    stream.heldBytes = 0;
    stream.output.took(heldBytes);
  }

  #cancel(id: number): void {
    if (!this.#streams.has(id)) return;
    this.#forget(id);
    this.#send(id, tunnelChannels.cancel, new Uint8Array());
  }

  #forget(id: number): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.input.release();
  }

  #writeStdin(id: number, payload: Uint8Array, onDrain: () => void): boolean {
    const stream = this.#streams.get(id);
    if (!stream || !this.isOpen || payload.length === 0) return true;
    for (let start = 0; start < payload.length; start += maxFrameBytes) {
      this.#send(id, tunnelChannels.stdin, payload.subarray(start, start + maxFrameBytes));
    }
    stream.input.spend(payload.length);
    if (stream.input.isOpen) return true;
    stream.input.whenOpen(onDrain);
    return false;
  }

  #send(id: number, channel: number, payload: Uint8Array): void {
    if (!this.isOpen) return;
    if (this.#socket.bufferedAmount > maxUnsentBytes) {
      this.#logger.warn('worker tunnel is not read', {
        node: this.#nodeName,
        unsentBytes: this.#socket.bufferedAmount,
      });
      return this.#socket.terminate();
    }
    this.#socket.send(encodeTunnelFrame(id, channel, payload));
  }

  #ping(): void {
    if (!this.#alive) return this.#socket.terminate();
    this.#alive = false;
    if (this.isOpen) this.#socket.ping();
    this.#pinger = this.#clock.setTimer(() => this.#ping(), pingIntervalMilliseconds);
  }

  #dropAll(): void {
    this.#pinger.cancel();
    const streams = [...this.#streams];
    for (const [id] of streams) this.#forget(id);
    for (const [, { reader }] of streams) {
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
    ...(Number.isSafeInteger(exitCode) ? { exitCode: Number(exitCode) } : {}),
    ...(isJsonObject(error)
      ? { error: { code: textOf(error['code'], 'InternalError'), message: textOf(error['message'], 'unknown') } }
      : {}),
  };
}

function textOf(value: JsonValue | undefined, otherwise: string): string {
  return typeof value === 'string' ? value.slice(0, 4096) : otherwise;
}
