/**
 * The worker's end of the tunnel for logs, exec, attach and port-forward: dials the manager and serves the streams that it opens. Always holds:
 * every stream that was opened ends with one StreamEnd, unless the tunnel itself is gone; at most 64 at once.
 */
import type { Client, ClientSocket } from '../client/client.js';
import type { StreamEnd, StreamRequest } from '../model/worker-tunnel.js';
import type { OutputListener } from '../runtime/container-runtime.js';
import { decodeCredit, encodeCredit, ReceiveWindow, SendWindow } from '../model/stream-window.js';
import {
  decodeTunnelFrame,
  encodeTunnelFrame,
  parseResize,
  parseStreamRequest,
  streamWindowBytes,
  tunnelChannels,
  tunnelProtocol,
} from '../model/worker-tunnel.js';
import { guarded } from '../support/guarded.js';
import { isJsonObject } from '../model/json.js';
import type { BackoffPolicy } from '../support/backoff.js';
import { backoffDelay } from '../support/backoff.js';
import type { Clock } from '../support/clock.js';
import { sleep } from '../support/clock.js';
import { errorMessage } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';

/** One stream that is being served. */
export interface ServedStream {
  /** A promise settles when the data was taken. */
  write(data: Uint8Array): void | Promise<void>;
  endInput(): void;
  resize(width: number, height: number): void;
  cancel(): void;
}

export type ServeStream = (
  request: StreamRequest,
  output: OutputListener,
  end: (end: StreamEnd) => void,
) => ServedStream;

export interface TunnelClientOptions {
  client: Client;
  nodeName: string;
  serve: ServeStream;
  clock: Clock;
  random: Random;
  logger: Logger;
}

const maxStreams = 64;
const maxFrameBytes = 64 * 1024;
/** A frame may go beyond the window that is left, by itself. */
const maxHeldInputBytes = streamWindowBytes + 64 * 1024;
const retryPolicy: BackoffPolicy = { initialMilliseconds: 200, maxMilliseconds: 8_000, jitterFraction: 0.5 };

interface OpenStream {
  served: ServedStream;
  output: SendWindow;
  input: ReceiveWindow;
  /** Input that was not taken yet. */
  heldBytes: number;
}

export class TunnelClient {
  private readonly stopping = new AbortController();
  private socket: ClientSocket | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly options: TunnelClientOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.socket?.close();
    await this.running;
  }

  private async run(): Promise<void> {
    const { client, nodeName, clock, random, logger } = this.options;
    const { signal } = this.stopping;
    const path = `/apis/orch.dev/v1/workers/${encodeURIComponent(nodeName)}/tunnel`;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const socket = await client.openSocket(path, {}, tunnelProtocol);
        failures = 0;
        await this.serve(socket);
      } catch (error) {
        logger.debug('tunnel not open', { error: errorMessage(error) });
      }
      failures += 1;
      await sleep(
        clock,
        backoffDelay(retryPolicy, failures, () => random.next()),
        signal,
      );
    }
  }

  private async serve(socket: ClientSocket): Promise<void> {
    const streams = new Map<number, OpenStream>();
    this.socket = socket;
    if (this.stopping.signal.aborted) socket.close();
    const cleared = (): void => {
      for (const { served, output } of streams.values()) {
        output.release();
        served.cancel();
      }
      streams.clear();
    };
    const stop = (streamId: number, { output, served }: OpenStream): void => {
      streams.delete(streamId);
      output.release();
      served.cancel();
    };
    const receive = (message: Uint8Array): void => {
      const frame = decodeTunnelFrame(message);
      if (!frame) return;
      const { streamId, channel, payload } = frame;
      const stream = streams.get(streamId);
      if (channel === tunnelChannels.open) this.open(socket, streams, streamId, payload);
      else if (!stream) return;
      else if (channel === tunnelChannels.cancel) {
        stop(streamId, stream);
      } else if (channel === tunnelChannels.credit) {
        stream.output.credit(decodeCredit(payload));
      } else if (channel === tunnelChannels.stdin) {
        if (payload.length === 0) stream.served.endInput();
        else if (stream.heldBytes > maxHeldInputBytes) stop(streamId, stream);
        else takeInput(stream, payload);
      } else if (channel === tunnelChannels.resize) {
        const size = parseResize(parse(payload));
        if (size) stream.served.resize(size.width, size.height);
      }
    };
    const failed = (error: unknown): void => {
      this.options.logger.error('message of the manager failed', { error });
      socket.close();
    };
    socket.onMessage(guarded(failed, receive));
    await socket.closed.finally(cleared);
    this.socket = undefined;
  }

  private open(socket: ClientSocket, streams: Map<number, OpenStream>, streamId: number, payload: Uint8Array): void {
    const send = (channel: number, data: Uint8Array): void => socket.send(encodeTunnelFrame(streamId, channel, data));
    const end = (how: StreamEnd): void => {
      if (streams.has(streamId)) send(tunnelChannels.end, new TextEncoder().encode(JSON.stringify(how)));
      streams.delete(streamId);
    };
    const refuse = (code: string, message: string): void =>
      send(tunnelChannels.end, new TextEncoder().encode(JSON.stringify({ error: { code, message } })));
    const request = parseStreamRequest(parse(payload));
    if (streams.has(streamId) || !request) {
      return refuse('BadRequest', 'this is no stream that a worker serves');
    }
    if (streams.size >= maxStreams) {
      return refuse('TooManyRequests', `this worker serves ${maxStreams} streams already: try again later`);
    }
    const window = new SendWindow();
    // A reader that is slower than the container holds it back here.
    const output: OutputListener = async (channel, data) => {
      for (let start = 0; start < data.length && streams.has(streamId); start += maxFrameBytes) {
        const piece = data.subarray(start, start + maxFrameBytes);
        send(tunnelChannels[channel], piece);
        window.spend(piece.length);
        if (!window.isOpen) await new Promise<void>((resolve) => window.whenOpen(resolve));
      }
    };
    const stream: OpenStream = {
      // Known before it is served, so that it may end at once.
      served: nothing,
      output: window,
      input: new ReceiveWindow((bytes) => send(tunnelChannels.credit, encodeCredit(bytes))),
      heldBytes: 0,
    };
    streams.set(streamId, stream);
    stream.served = this.options.serve(request, output, end);
  }
}

/** The manager may send more once what came was taken. */
function takeInput(stream: OpenStream, data: Uint8Array): void {
  const taking = stream.served.write(data);
  if (!taking) return stream.input.took(data.length);
  stream.heldBytes += data.length;
  const took = (): void => {
    stream.heldBytes -= data.length;
    stream.input.took(data.length);
  };
  taking.then(took, took);
}

const nothing: ServedStream = {
  write: () => undefined,
  endInput: () => undefined,
  resize: () => undefined,
  cancel: () => undefined,
};

function parse(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
