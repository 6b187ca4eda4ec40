/**
 * The worker's end of the tunnel for logs and exec: dials the manager and serves the streams that it opens. Always holds:
 * every stream that was opened ends with one StreamEnd, unless the tunnel itself is gone; at most 64 at once.
 */
import type { Client, ClientSocket } from '../client/client.js';
import type { StreamEnd, StreamRequest } from '../model/worker-tunnel.js';
import type { OutputListener } from '../runtime/container-runtime.js';
import { decodeTunnelFrame, encodeTunnelFrame, tunnelChannels, tunnelProtocol } from '../model/worker-tunnel.js';
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
  write(data: Uint8Array): void;
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
const maxUnflushedBytes = 256 * 1024;
const retryPolicy: BackoffPolicy = { initialMilliseconds: 200, maxMilliseconds: 8_000, jitterFraction: 0.5 };

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
    const streams = new Map<number, ServedStream>();
    this.socket = socket;
    if (this.stopping.signal.aborted) socket.close();
    const cleared = (): void => {
      for (const stream of streams.values()) stream.cancel();
      streams.clear();
    };
    socket.onMessage((message) => {
      const frame = decodeTunnelFrame(message);
      if (!frame) return;
      const { streamId, channel, payload } = frame;
      const stream = streams.get(streamId);
      if (channel === tunnelChannels.open) this.open(socket, streams, streamId, payload);
      else if (!stream) return;
      else if (channel === tunnelChannels.cancel) {
        streams.delete(streamId);
        stream.cancel();
      } else if (channel === tunnelChannels.stdin) {
        if (payload.length === 0) stream.endInput();
        else stream.write(payload);
      } else if (channel === tunnelChannels.resize) {
        const size = parse(payload);
        const [width, height] = [size?.['width'], size?.['height']];
        if (typeof width === 'number' && typeof height === 'number') stream.resize(width, height);
      }
    });
    await socket.closed.finally(cleared);
    this.socket = undefined;
  }

  private open(socket: ClientSocket, streams: Map<number, ServedStream>, streamId: number, payload: Uint8Array): void {
    const send = (channel: number, data: Uint8Array): void => socket.send(encodeTunnelFrame(streamId, channel, data));
    const end = (how: StreamEnd): void => {
      if (streams.has(streamId)) send(tunnelChannels.end, new TextEncoder().encode(JSON.stringify(how)));
      streams.delete(streamId);
    };
    const refuse = (code: string, message: string): void =>
      send(tunnelChannels.end, new TextEncoder().encode(JSON.stringify({ error: { code, message } })));
    const request = parse(payload);
    if (streams.has(streamId) || (request?.['type'] !== 'logs' && request?.['type'] !== 'exec')) {
      return refuse('BadRequest', 'this is no stream that a worker serves');
    }
    if (streams.size >= maxStreams) {
      return refuse('TooManyRequests', `this worker serves ${maxStreams} streams already: try again later`);
    }
    let unflushedBytes = 0;
    const output: OutputListener = (channel, data) => {
      if (!streams.has(streamId)) return;
      for (let start = 0; start < data.length; start += maxFrameBytes) {
        send(tunnelChannels[channel], data.subarray(start, start + maxFrameBytes));
      }
      unflushedBytes += data.length;
      if (unflushedBytes < maxUnflushedBytes) return;
      // A reader that is slower than the container holds it back here.
      unflushedBytes = 0;
      return socket.flushed?.();
    };
    // Known before it is served, so that it may end at once.
    streams.set(streamId, nothing);
    const stream = this.options.serve(request as unknown as StreamRequest, output, end);
    if (streams.has(streamId)) streams.set(streamId, stream);
  }
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
