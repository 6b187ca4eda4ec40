import type { Readable } from 'node:stream';
import type { ClientSocket } from '../client/client.js';
import { objectPath } from '../client/resource-path.js';
import { taskKind } from '../model/task.js';
import { OrchError } from '../support/errors.js';
import type { Cli, TerminalStream } from './cli.js';
import type { Connection } from './connection.js';
import { execChannels, execFrame, execProtocol, exitCodeOf } from './exec-channels.js';
import { outputDrained } from './output-drained.js';

/** What is joined with a command, or with the program of a container. */
export interface SessionStreams {
  /** Absent: it gets no input. */
  stdin?: CliInput;
  stdout: Output;
  stderr: Output;
  /** Whether stdin and stdout are a terminal, and the other side has one too. */
  tty: boolean;
}

type CliInput = Readable & { setRawMode?: (raw: boolean) => unknown };
type Output = TerminalStream;

/** Opens exec (with a command) or attach of a task and joins the streams until it has ended; resolves with the exit code. */
export async function runSession(
  cli: Cli,
  { client, namespace }: Connection,
  name: string,
  what: { subresource: 'exec'; command: readonly string[] } | { subresource: 'attach' },
  streams: SessionStreams,
): Promise<number> {
  const socket = await client.openSocket(
    objectPath(taskKind, { namespace, name }, what.subresource),
    {
      ...(what.subresource === 'exec' ? { command: what.command } : {}),
      stdin: String(streams.stdin !== undefined),
      stdout: 'true',
      // A terminal has one stream out.
      stderr: String(!streams.tty),
      tty: String(streams.tty),
    },
    execProtocol,
  );
  return joinStreams(cli, socket, streams);
}

async function joinStreams(cli: Cli, socket: ClientSocket, streams: SessionStreams): Promise<number> {
  const { stdin, stdout, stderr, tty } = streams;
  let status: Uint8Array | undefined;
  socket.onMessage((frame) => {
    const payload = frame.subarray(1);
    if (frame[0] === execChannels.stdout) write(socket, stdout, payload);
    else if (frame[0] === execChannels.stderr) write(socket, stderr, payload);
    else if (frame[0] === execChannels.status) status = payload;
  });
  const close = (): void => socket.close();
  cli.signal.addEventListener('abort', close, { once: true });
  if (cli.signal.aborted) close();
  // Who read the output has seen enough (`orch exec web -- yes | head`): nobody waits for the rest.
  let isUnread = false;
  const onUnread = (): void => {
    isUnread = true;
    socket.close();
  };
  stdout.once('close', onUnread);
  const stopInput = stdin ? sendInput(socket, stdin) : () => undefined;
  const sendSize = (): void => {
    const size = { Width: stdout.columns ?? 80, Height: stdout.rows ?? 24 };
    socket.send(execFrame(execChannels.resize, Buffer.from(JSON.stringify(size))));
  };
  if (tty) {
    stdin?.setRawMode?.(true);
    sendSize();
    stdout.on('resize', sendSize);
  }
  try {
    const { code } = await socket.closed;
    if (status !== undefined) return exitCodeOf(status);
    if (isUnread || cli.signal.aborted) return 0;
    throw new OrchError(
      'ServiceUnavailable',
      `the connection broke off (${code}) before the command had ended: whether it goes on is not known`,
    );
  } finally {
    stopInput();
    stdout.off('close', onUnread);
    cli.signal.removeEventListener('abort', close);
    if (tty) {
      stdin?.setRawMode?.(false);
      stdout.off('resize', sendSize);
    }
  }
}

/** A reader that is slow slows the command down, instead of filling our memory. */
function write(socket: ClientSocket, stream: Output, payload: Uint8Array): void {
  if (stream.destroyed || stream.write(payload)) return;
  socket.pause?.();
  void outputDrained(stream).then(() => socket.resume?.());
}

/** Sends the input, as fast as it is taken, and its end. Returns how to stop that. */
function sendInput(socket: ClientSocket, stdin: Readable): () => void {
  let stopped = false;
  const onData = (chunk: Buffer | string): void => {
    socket.send(execFrame(execChannels.stdin, Buffer.from(chunk)));
    if (!socket.flushed) return;
    stdin.pause();
    void socket.flushed().then(() => {
      if (!stopped) stdin.resume();
    });
  };
  const onEnd = (): void => socket.send(new Uint8Array([execChannels.close, execChannels.stdin]));
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  // Input that breaks off has no end that the command could see.
  const onClose = (): void => {
    if (!stdin.readableEnded) socket.close();
  };
  stdin.on('close', onClose);
  stdin.resume();
  return () => {
    stopped = true;
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    stdin.off('close', onClose);
    // Else the process would wait for more.
    stdin.pause();
  };
}
