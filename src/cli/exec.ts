import type { Command } from 'commander';
import type { ClientSocket } from '../client/client.js';
import { objectPath } from '../client/resource-path.js';
import { taskKind } from '../model/task.js';
import { OrchError } from '../support/errors.js';
import type { Cli, TerminalStream } from './cli.js';
import { withConnection } from './connection.js';
import { execChannels, execFrame, execProtocol, exitCodeOf } from './exec-channels.js';
import { findTask } from './task-target.js';

interface ExecOptions {
  stdin?: boolean;
  tty?: boolean;
}

export function defineExec(command: Command, cli: Cli): void {
  command
    .usage('[options] <task> -- <command> [arguments...]')
    .argument('<task>', 'NAME, task/NAME or deployment/NAME')
    .argument('[command...]', 'the command, after --')
    .option('-i, --stdin', 'pass on standard input')
    .option('-t, --tty', 'give the command a terminal')
    .addHelpText(
      'after',
      `
The exit code is that of the command.

Examples:
  orch exec web -- ls -l /
  orch exec -it web -- sh
  tar c site | orch exec -i web -- tar x -C /srv`,
    );
  cli.run<ExecOptions>(command, async (operands, options) => {
    const [word = '', ...args] = operands;
    if (args.length === 0) throw new OrchError('BadRequest', `which command? \`orch exec ${word} -- COMMAND\``);
    const { stdin } = cli.environment;
    const tty = options.tty === true && stdin.isTTY === true;
    if (options.tty && !tty) cli.warn('standard input is no terminal: going on without -t');
    return withConnection(cli.environment, options, async (connection) => {
      const { client, namespace } = connection;
      const name = await findTask(cli, connection, word, 'orch exec');
      const socket = await client.openSocket(
        objectPath(taskKind, { namespace, name }, 'exec'),
        {
          command: args,
          stdin: String(options.stdin === true),
          stdout: 'true',
          // A terminal has one stream out.
          stderr: String(!tty),
          tty: String(tty),
        },
        execProtocol,
      );
      return runExec(cli, socket, { stdin: options.stdin === true, tty });
    });
  });
}

/** Connects the streams until the command has ended; resolves with its exit code. */
async function runExec(cli: Cli, socket: ClientSocket, options: { stdin: boolean; tty: boolean }): Promise<number> {
  const { stdin, stdout, stderr } = cli.environment;
  let status: Uint8Array | undefined;
  socket.onMessage((frame) => {
    const payload = frame.subarray(1);
    if (frame[0] === execChannels.stdout) write(socket, stdout, payload);
    else if (frame[0] === execChannels.stderr) write(socket, stderr, payload);
    else if (frame[0] === execChannels.status) status = payload;
  });
  const onAbort = (): void => socket.close();
  cli.signal.addEventListener('abort', onAbort, { once: true });
  const stopInput = options.stdin ? sendInput(cli, socket) : () => undefined;
  const sendSize = (): void => {
    const size = { Width: stdout.columns ?? 80, Height: stdout.rows ?? 24 };
    socket.send(execFrame(execChannels.resize, Buffer.from(JSON.stringify(size))));
  };
  if (options.tty) {
    stdin.setRawMode?.(true);
    sendSize();
    stdout.on('resize', sendSize);
  }
  try {
    const { code } = await socket.closed;
    if (status === undefined) {
      throw new OrchError(
        'ServiceUnavailable',
        `the connection broke off (${code}) before the command had ended: whether it goes on is not known`,
      );
    }
    return exitCodeOf(status);
  } finally {
    stopInput();
    cli.signal.removeEventListener('abort', onAbort);
    if (options.tty) {
      stdin.setRawMode?.(false);
      stdout.off('resize', sendSize);
    }
  }
}

/** A reader that is slow slows the command down, instead of filling our memory. */
function write(socket: ClientSocket, stream: TerminalStream, payload: Uint8Array): void {
  if (stream.destroyed || stream.write(payload)) return;
  socket.pause?.();
  stream.once('drain', () => socket.resume?.());
}

/** Sends standard input, as fast as it is taken, and its end. Returns how to stop that. */
function sendInput(cli: Cli, socket: ClientSocket): () => void {
  const { stdin } = cli.environment;
  const onData = (chunk: Buffer | string): void => {
    socket.send(execFrame(execChannels.stdin, Buffer.from(chunk)));
    if (!socket.flushed) return;
    stdin.pause();
    void socket.flushed().then(() => {
      if (!stopped) stdin.resume();
    });
  };
  const onEnd = (): void => socket.send(new Uint8Array([execChannels.close, execChannels.stdin]));
  let stopped = false;
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  stdin.resume();
  return () => {
    stopped = true;
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    // Else the process would wait for more.
    stdin.pause();
  };
}
