import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { OrchError } from '../../support/errors.js';
import { guarded } from '../../support/guarded.js';
import type { ApiContext } from '../api-context.js';
import { queryValues, type Query } from '../query.js';
import type { StreamTarget } from './stream-target.js';
import { SpdySession, type SpdyStream } from './spdy/spdy-session.js';
import type { TunnelStream } from './tunnel.js';

/**
 * port-forward: connections of a client come in, each becomes a stream to the worker that runs the container, and from
 * there a connection to the container's port. Two protocols: SPDY (kubectl), with a pair of streams for each connection,
 * and channels over a WebSocket (client-node), with one connection for each port.
 */
export const spdyPortForwardProtocol = 'portforward.k8s.io';
/** The same SPDY inside a WebSocket: what kubectl tries first. */
export const tunnelledPortForwardProtocol = 'SPDY/3.1+portforward.k8s.io';
export const channelPortForwardProtocol = 'v4.channel.k8s.io';

const maxPorts = 16;
/** As in exec's v5: the client says that a channel of its own has ended. Kubernetes' clients close the whole connection. */
const closeChannel = 255;

/** Pure. Throws BadRequest for what is no port. */
export function forwardedPorts(query: Query): number[] {
  const ports = queryValues(query, 'ports').flatMap((text) => text.split(','));
  if (ports.length === 0 || ports.length > maxPorts) {
    throw new OrchError('BadRequest', `name 1 to ${maxPorts} ports: ?ports=8080&ports=9090`);
  }
  return ports.map((text) => parsePort(text));
}

function parsePort(text: string | undefined): number {
  const port = Number(text);
  if (!text || !/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
    throw new OrchError('BadRequest', `"${(text ?? '').slice(0, 20)}" is not a port: give a number from 1 to 65535`);
  }
  return port;
}

export function forwardOverSpdy(context: ApiContext, transport: Duplex, target: StreamTarget): void {
  /** Streams for errors wait for their data stream, by request. */
  const errors = new Map<string, SpdyStream>();
  const session = new SpdySession(
    transport,
    (stream) => {
      const { streamtype, requestid = '', port } = stream.headers;
      if (streamtype === 'error') {
        errors.set(requestid, stream);
        return stream.accept();
      }
      const error = errors.get(requestid);
      errors.delete(requestid);
      if (streamtype !== 'data' || !error) return stream.reset();
      stream.accept();
      forwardConnection(context, target, port, stream, error);
    },
    () => context.openStreams.delete(stop),
  );
  const stop = (): void => session.close();
  context.openStreams.add(stop);
}

function forwardConnection(
  context: ApiContext,
  target: StreamTarget,
  portText: string | undefined,
  data: SpdyStream,
  error: SpdyStream,
): void {
  const finish = (message?: string): void => {
    if (message !== undefined) error.write(Buffer.from(message));
    error.end();
    data.end();
    data.resume();
  };
  let stream: TunnelStream;
  try {
    const request = { type: 'portForward', taskUid: target.taskUid, port: parsePort(portText) } as const;
    stream = context.tunnels.open(target.nodeName, request, {
      onData: (_channel, payload) => data.write(payload),
      onEnd: (end) => finish(end.error && `an error occurred forwarding ${portText}: ${end.error.message}`),
    });
  } catch (thrown) {
    if (!(thrown instanceof OrchError)) throw thrown;
    return finish(thrown.message);
  }
  data.onData = (payload) => stream.writeStdin(payload, () => data.resume());
  data.onEnd = () => stream.closeStdin();
  data.onDrain = () => stream.resume();
  data.onClose = () => stream.cancel();
}

/** Channel 2i carries the data of the i-th port, 2i+1 its errors; on each the server first names the port. */
export function forwardOverChannels(
  context: ApiContext,
  socket: WebSocket,
  target: StreamTarget,
  ports: readonly number[],
): void {
  const send = (channel: number, payload: Uint8Array, onSent?: () => void): void => {
    if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.of(channel), payload]), onSent);
  };
  let open = ports.length;
  const end = (index: number, message?: string): void => {
    if (message !== undefined) send(index * 2 + 1, Buffer.from(message));
    open -= 1;
    if (open === 0) socket.close(1000);
  };
  const streams = ports.map((port, index) => {
    const name = Buffer.alloc(2);
    name.writeUInt16LE(port);
    send(index * 2, name);
    send(index * 2 + 1, name);
    try {
      const stream: TunnelStream = context.tunnels.open(
        target.nodeName,
        { type: 'portForward', taskUid: target.taskUid, port },
        {
          onData(_channel, payload) {
            send(index * 2, payload, () => {
              if (socket.bufferedAmount <= resumeBufferedBytes) stream.resume();
            });
            return socket.bufferedAmount <= maxBufferedBytes;
          },
          onEnd: ({ error }) => end(index, error?.message),
        },
      );
      return stream;
    } catch (thrown) {
      if (!(thrown instanceof OrchError)) throw thrown;
      end(index, thrown.message);
      return undefined;
    }
  });
  const failed = (error: unknown): void => {
    context.logger.error('portforward failed', { error });
    socket.terminate();
  };
  const receive = (frame: Buffer): void => {
    const channel = frame[0] ?? 1;
    if (channel === closeChannel) return streams[(frame[1] ?? 1) / 2]?.closeStdin();
    const stream = channel % 2 === 0 ? streams[channel / 2] : undefined;
    if (stream && !stream.writeStdin(frame.subarray(1), () => socket.resume())) socket.pause();
  };
  socket.on('message', guarded(failed, receive));
  const stop = (): void => socket.close(1001);
  context.openStreams.add(stop);
  socket.once('close', () => {
    context.openStreams.delete(stop);
    for (const stream of streams) stream?.cancel();
  });
}

/** Bytes on the way to a client, beyond which the worker has to wait. */
const maxBufferedBytes = 2 ** 20;
const resumeBufferedBytes = 2 ** 18;
