import type { WebSocket } from 'ws';
import type { Clock } from '../../support/clock.js';
import {
  closeDeadlineMilliseconds,
  parseTerminalSize,
  type CommandConnection,
  type CommandListener,
} from './remote-command.js';

/** Kubernetes' protocols for exec and attach over a WebSocket, best first: one byte of channel, then the payload. */
export const commandProtocols: readonly string[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/** `close` is new in v5: the client says that a channel of its own (stdin) has ended. */
const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;

/** Bytes on the way to a client, beyond which the worker has to wait. */
const maxBufferedBytes = 2 ** 20;
const resumeBufferedBytes = 2 ** 18;

export function commandOverWebSocket(socket: WebSocket, clock: Clock): CommandConnection {
  let listener: CommandListener | undefined;
  const send = (channel: number, payload: Uint8Array, onSent?: () => void): void => {
    if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.of(channel), payload]), onSent);
  };
  socket.on('message', (data: Buffer) => {
    const [channel, payload] = [data[0], data.subarray(1)];
    if (channel === channels.stdin) {
      if (payload.length > 0 && listener?.onStdin(payload) === false) socket.pause();
    } else if (channel === channels.resize) {
      const size = parseTerminalSize(payload);
      if (size) listener?.onResize(size.width, size.height);
    } else if (channel === channels.close && payload[0] === channels.stdin) {
      listener?.onStdinEnd();
    }
  });
  socket.once('close', () => listener?.onClose());
  return {
    write(channel, payload) {
      send(channels[channel], payload, () => {
        if (socket.bufferedAmount <= resumeBufferedBytes) listener?.onDrain();
      });
      return socket.bufferedAmount <= maxBufferedBytes;
    },
    finish(status) {
      socket.resume(); // or the client's own close would not be seen
      send(channels.status, Buffer.from(JSON.stringify(status)));
      socket.close(1000);
      const deadline = clock.setTimer(() => socket.terminate(), closeDeadlineMilliseconds);
      socket.once('close', () => deadline.cancel());
    },
    resume: () => socket.resume(),
    listen: (next) => void (listener = next),
  };
}
