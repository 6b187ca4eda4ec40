import type { WebSocket } from 'ws';
import { isJsonObject, type JsonValue } from '../model/json.js';
import type { StreamEnd, StreamRequest } from '../model/worker-tunnel.js';
import { OrchError } from '../support/errors.js';
import type { ApiContext } from './api-context.js';
import { queryFlag, queryValues, type Query } from './query.js';
import { failureStatus } from './status.js';
import { streamError } from './stream-target.js';

/** Kubernetes' protocol for exec over a WebSocket: one byte of channel, then the payload. */
export const execProtocol = 'v5.channel.k8s.io';

const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;

/** Bytes on the way to a client, beyond which the worker has to wait. */
const maxBufferedBytes = 2 ** 20;
const resumeBufferedBytes = 2 ** 18;
const maxCommandBytes = 64 * 1024;
/** A client that was told the end gets this long to close; kubectl does so at once. */
const closeDeadlineMilliseconds = 5_000;

export interface ExecOptions {
  command: string[];
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** Pure. Throws BadRequest without a command. */
export function execOptions(query: Query): ExecOptions {
  const command = queryValues(query, 'command');
  if (command.length === 0 || command[0] === '') {
    throw new OrchError('BadRequest', 'name the command to run: ?command=PROGRAM&command=ARGUMENT');
  }
  if (command.reduce((bytes, word) => bytes + word.length, 0) > maxCommandBytes) {
    throw new OrchError('RequestEntityTooLarge', `the command is longer than ${maxCommandBytes / 1024} KiB`);
  }
  const tty = queryFlag(query, 'tty');
  return {
    command,
    stdin: queryFlag(query, 'stdin'),
    stdout: queryFlag(query, 'stdout'),
    stderr: queryFlag(query, 'stderr') && !tty,
    tty,
  };
}

/** Joins a client's freshly upgraded socket with a stream to the worker, until either ends. */
export function relayExec(
  context: ApiContext,
  socket: WebSocket,
  target: { nodeName: string; taskUid: string },
  options: ExecOptions,
): void {
  const { command, stdin, tty } = options;
  const request: StreamRequest = { type: 'exec', taskUid: target.taskUid, command, stdin, tty };
  let ended = false;
  const finish = (end: StreamEnd): void => {
    if (ended) return;
    ended = true;
    socket.resume(); // or the client's own close would not be seen
    send(socket, channels.status, Buffer.from(JSON.stringify(execStatus(end))));
    socket.close(1000);
    const deadline = context.clock.setTimer(() => socket.terminate(), closeDeadlineMilliseconds);
    socket.once('close', () => deadline.cancel());
  };
  let stream: ReturnType<ApiContext['tunnels']['open']>;
  try {
    stream = context.tunnels.open(target.nodeName, request, {
      onData(channel, payload) {
        if (!options[channel]) return true;
        send(socket, channels[channel], payload, () => {
          if (socket.bufferedAmount <= resumeBufferedBytes) stream.resume();
        });
        return socket.bufferedAmount <= maxBufferedBytes;
      },
      onEnd: finish,
    });
  } catch (error) {
    if (!(error instanceof OrchError)) throw error;
    return finish({ error: { code: error.code, message: error.message } });
  }
  socket.on('message', (data: Buffer) => {
    const [channel, payload] = [data[0], data.subarray(1)];
    if (channel === channels.stdin && stdin) {
      if (!stream.writeStdin(payload, () => socket.resume())) socket.pause();
    } else if (channel === channels.resize && tty) {
      const size = parseSize(payload);
      if (size) stream.resize(size.width, size.height);
    } else if (channel === channels.close && payload[0] === channels.stdin && stdin) {
      stream.closeStdin();
    }
  });
  const stop = (): void => finish({ error: { code: 'ServiceUnavailable', message: 'the manager is stopping' } });
  context.openStreams.add(stop);
  socket.once('close', () => {
    context.openStreams.delete(stop);
    ended = true;
    stream.cancel(); // nothing happens when the worker has ended it
  });
}

/** What kubectl makes its exit code of. Without it, it would exit 0. */
export function execStatus({ exitCode, error }: StreamEnd): object {
  if (error) return failureStatus(streamError(error));
  if (exitCode === undefined || exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

function send(socket: WebSocket, channel: number, payload: Uint8Array, onSent?: () => void): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.send(Buffer.concat([Buffer.of(channel), payload]), onSent);
}

function parseSize(payload: Buffer): { width: number; height: number } | undefined {
  try {
    const size = JSON.parse(payload.toString('utf8')) as JsonValue;
    if (!isJsonObject(size)) return undefined;
    const [width, height] = [size['Width'], size['Height']];
    const isCount = (value: unknown): value is number =>
      Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
    return isCount(width) && isCount(height) ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}
