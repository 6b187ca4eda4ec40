import { isJsonObject, type JsonValue } from '../../model/json.js';
import type { StreamEnd, StreamRequest } from '../../model/worker-tunnel.js';
import { OrchError } from '../../support/errors.js';
import type { ApiContext } from '../api-context.js';
import { queryFlag, queryValues, type Query } from '../query.js';
import { failureStatus, type Status } from '../status.js';
import { streamError, type StreamTarget } from './stream-target.js';

/**
 * exec and attach, whichever way the client speaks: its connection on one side, a stream to the worker on the other. Always
 * holds: each side waits for the other, the status comes last, and when either is gone the other hears of it.
 */
export interface CommandConnection {
  /** False when the client cannot take more now: `onDrain` tells when it can. */
  write(channel: 'stdout' | 'stderr', payload: Uint8Array): boolean;
  /** Sends the status, then closes. */
  finish(status: CommandStatus): void;
  /** Goes on after an onStdin that was false. */
  resume(): void;
  listen(listener: CommandListener): void;
}

/** A Status; without a message when all went well. */
export type CommandStatus = Partial<Status> & Pick<Status, 'status'>;

export interface CommandListener {
  onStdin(payload: Uint8Array): boolean;
  onStdinEnd(): void;
  onResize(width: number, height: number): void;
  onDrain(): void;
  onClose(): void;
}

export interface CommandOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

const maxCommandBytes = 64 * 1024;
/** A client that was told the end gets this long to close; kubectl does so at once. */
export const closeDeadlineMilliseconds = 5_000;

/** Pure. */
export function commandOptions(query: Query): CommandOptions {
  const tty = queryFlag(query, 'tty');
  return {
    stdin: queryFlag(query, 'stdin'),
    stdout: queryFlag(query, 'stdout'),
    // A terminal has one stream out.
    stderr: queryFlag(query, 'stderr') && !tty,
    tty,
  };
}

/** Pure. Throws BadRequest without a command. */
export function commandOf(query: Query): string[] {
  const command = queryValues(query, 'command');
  if (command.length === 0 || command[0] === '') {
    throw new OrchError('BadRequest', 'name the command to run: ?command=PROGRAM&command=ARGUMENT');
  }
  if (command.reduce((bytes, word) => bytes + word.length, 0) > maxCommandBytes) {
    throw new OrchError('RequestEntityTooLarge', `the command is longer than ${maxCommandBytes / 1024} KiB`);
  }
  return command;
}

/** Joins a client with a stream to the worker, until either ends. */
export function relayCommand(
  context: ApiContext,
  connection: CommandConnection,
  target: StreamTarget,
  request: StreamRequest,
  options: CommandOptions,
): void {
  let ended = false;
  const finish = (end: StreamEnd): void => {
    if (ended) return;
    ended = true;
    connection.finish(commandStatus(end));
  };
  let stream: ReturnType<ApiContext['tunnels']['open']>;
  try {
    stream = context.tunnels.open(target.nodeName, request, {
      onData: (channel, payload) => !options[channel] || connection.write(channel, payload),
      onEnd: finish,
    });
  } catch (error) {
    if (!(error instanceof OrchError)) throw error;
    return finish({ error: { code: error.code, message: error.message } });
  }
  const stop = (): void => finish({ error: { code: 'ServiceUnavailable', message: 'the manager is stopping' } });
  context.openStreams.add(stop);
  connection.listen({
    onStdin: (payload) => !options.stdin || stream.writeStdin(payload, () => connection.resume()),
    onStdinEnd: () => options.stdin && stream.closeStdin(),
    onResize: (width, height) => options.tty && stream.resize(width, height),
    onDrain: () => stream.resume(),
    onClose: () => {
      context.openStreams.delete(stop);
      ended = true;
      stream.cancel(); // nothing happens when the worker has ended it
    },
  });
}

/** What kubectl makes its exit code of. Without it, it would exit 0. */
export function commandStatus({ exitCode, error }: StreamEnd): CommandStatus {
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

/** The size of a terminal as clients send it: {"Width":80,"Height":24}. Undefined for what is none. Pure. */
export function parseTerminalSize(payload: Uint8Array): { width: number; height: number } | undefined {
  try {
    const size = JSON.parse(Buffer.from(payload).toString('utf8')) as JsonValue;
    if (!isJsonObject(size)) return undefined;
    const [width, height] = [size['Width'], size['Height']];
    const isCount = (value: unknown): value is number =>
      Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
    return isCount(width) && isCount(height) ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}
