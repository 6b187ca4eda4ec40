import type { WebSocket } from 'ws';
import { guarded } from '../../support/guarded.js';
import type { ApiContext } from '../api-context.js';
import {
  closeDeadlineMilliseconds,
  parseTerminalSize,
  type CommandConnection,
  type CommandListener,
} from './remote-command.js';

/**
 * Kubernetes' protocols for exec and attach over a WebSocket, best first: one byte of channel, then the payload. In base64, for
 * browsers, the channel is a digit and the message text. Before v4, and without any, the status is the text of a failure only.
 */
export const commandProtocols: readonly string[] = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
];

/** `close` is new in v5: the client says that a channel of its own (stdin) has ended. */
const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;

/** Bytes on the way to a client, beyond which the worker has to wait. */
const maxBufferedBytes = 2 ** 20;
const resumeBufferedBytes = 2 ** 18;

export function commandOverWebSocket(
  socket: WebSocket,
  protocol: string,
  { clock, logger }: Pick<ApiContext, 'clock' | 'logger'>,
): CommandConnection {
  const { encode, decode } = protocol.includes('base64.') ? base64Messages : binaryMessages;
  const hasStatusObject = /^v\d/.test(protocol);
  let listener: CommandListener | undefined;
  const send = (channel: number, payload: Uint8Array, onSent?: () => void): void => {
    if (socket.readyState === socket.OPEN) socket.send(encode(channel, payload), onSent);
  };
  const failed = (error: unknown): void => {
    logger.error('command of a client failed', { error });
    socket.terminate();
  };
  const receive = (data: Buffer): void => {
    const { channel, payload } = decode(data);
    if (channel === channels.stdin) {
      if (payload.length > 0 && listener?.onStdin(payload) === false) socket.pause();
    } else if (channel === channels.resize) {
      const size = parseTerminalSize(payload);
      if (size) listener?.onResize(size.width, size.height);
    } else if (channel === channels.close && payload[0] === channels.stdin) {
      listener?.onStdinEnd();
    }
  };
  socket.on('message', guarded(failed, receive));
  socket.once(
    'close',
    guarded(failed, () => listener?.onClose()),
  );
  return {
    write(channel, payload) {
      send(channels[channel], payload, () => {
        if (socket.bufferedAmount <= resumeBufferedBytes) listener?.onDrain();
      });
      return socket.bufferedAmount <= maxBufferedBytes;
    },
    finish(status) {
      socket.resume(); // or the client's own close would not be seen
      const text = hasStatusObject ? JSON.stringify(status) : status.message;
      if (text !== undefined) send(channels.status, Buffer.from(text));
      socket.close(1000);
      const deadline = clock.setTimer(() => socket.terminate(), closeDeadlineMilliseconds);
      socket.once('close', () => deadline.cancel());
    },
    resume: () => socket.resume(),
    listen: (next) => void (listener = next),
  };
}

interface Messages {
  encode: (channel: number, payload: Uint8Array) => Buffer | string;
  decode: (data: Buffer) => { channel: number | undefined; payload: Buffer };
}

const binaryMessages: Messages = {
  encode: (channel, payload) => Buffer.concat([Buffer.of(channel), payload]),
  decode: (data) => ({ channel: data[0], payload: data.subarray(1) }),
};

const base64Messages: Messages = {
  encode: (channel, payload) => `${channel}${Buffer.from(payload).toString('base64')}`,
  decode: (data) => {
    const text = data.toString('latin1');
    return { channel: /^\d/.test(text) ? Number(text[0]) : undefined, payload: Buffer.from(text.slice(1), 'base64') };
  },
};
