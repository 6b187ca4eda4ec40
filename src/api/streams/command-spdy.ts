import type { Duplex } from 'node:stream';
import type { Clock } from '../../support/clock.js';
import {
  closeDeadlineMilliseconds,
  parseTerminalSize,
  type CommandConnection,
  type CommandListener,
  type CommandOptions,
} from './remote-command.js';
import { SpdySession, type SpdyStream } from './spdy/spdy-session.js';

/** What older clients speak, and newer ones when a WebSocket does not get through: a SPDY stream for each channel. */
export const spdyCommandProtocol = 'v4.channel.k8s.io';

/** The client opens its streams at once. */
const streamsDeadlineMilliseconds = 30_000;

type StreamType = 'error' | 'stdin' | 'stdout' | 'stderr' | 'resize';

/** Calls back with the connection once the client has opened every stream that its options announce. */
export function commandOverSpdy(
  transport: Duplex,
  options: CommandOptions,
  clock: Clock,
  onReady: (connection: CommandConnection) => void,
): void {
  const wanted: StreamType[] = ['error'];
  for (const type of ['stdin', 'stdout', 'stderr'] as const) if (options[type]) wanted.push(type);
  if (options.tty) wanted.push('resize');
  const streams = new Map<string, SpdyStream>();
  let listener: CommandListener | undefined;
  const deadline = clock.setTimer(() => session.destroy(), streamsDeadlineMilliseconds);
  const session = new SpdySession(
    transport,
    (stream) => {
      const type = stream.headers['streamtype'] ?? '';
      if (!wanted.some((one) => one === type) || streams.has(type)) return stream.reset();
      streams.set(type, stream);
      stream.accept();
      if (streams.size < wanted.length) return;
      deadline.cancel();
      onReady(connectionOver(session, streams, clock, (next) => (listener = next)));
    },
    () => {
      deadline.cancel();
      listener?.onClose();
    },
  );
}

function connectionOver(
  session: SpdySession,
  streams: ReadonlyMap<string, SpdyStream>,
  clock: Clock,
  setListener: (listener: CommandListener) => void,
): CommandConnection {
  return {
    write: (channel, payload) => streams.get(channel)?.write(payload) ?? true,
    finish(status) {
      for (const type of ['stdout', 'stderr']) streams.get(type)?.end();
      const error = streams.get('error');
      error?.write(Buffer.from(JSON.stringify(status)));
      error?.end();
      streams.get('stdin')?.resume();
      session.close();
      clock.setTimer(() => session.destroy(), closeDeadlineMilliseconds);
    },
    resume: () => streams.get('stdin')?.resume(),
    listen(listener) {
      setListener(listener);
      const stdin = streams.get('stdin');
      if (stdin) {
        stdin.onData = (payload) => listener.onStdin(payload);
        stdin.onEnd = () => listener.onStdinEnd();
      }
      const resize = streams.get('resize');
      if (resize) {
        resize.onData = (payload) => {
          const size = parseTerminalSize(payload);
          if (size) listener.onResize(size.width, size.height);
          return true;
        };
      }
      for (const type of ['stdout', 'stderr']) {
        const stream = streams.get(type);
        if (stream) stream.onDrain = () => listener.onDrain();
      }
    },
  };
}
