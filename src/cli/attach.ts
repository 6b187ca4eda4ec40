import type { Command } from 'commander';
import { taskKind, type StoredTask } from '../model/task.js';
import type { Cli } from './cli.js';
import { runSession, type SessionStreams } from './command-session.js';
import type { Connection } from './connection.js';
import { withConnection } from './connection.js';
import { findTask } from './task-target.js';
import { terminalOf, type TerminalFlags } from './terminal-flags.js';

export function defineAttach(command: Command, cli: Cli): void {
  command
    .argument('<task>', 'NAME, task/NAME or deployment/NAME')
    .option('-i, --stdin', 'pass on standard input; the task needs spec.stdin')
    .option('-t, --tty', 'use the terminal of the container; the task needs spec.tty')
    .addHelpText(
      'after',
      `
Shows what the program writes from now on. Ctrl-C ends the program if it has a terminal (-it), else only this command.

Examples:
  orch attach web
  orch attach -it task/shell`,
    );
  cli.run<TerminalFlags>(command, async ([word = ''], options) =>
    withConnection(cli.environment, options, async (connection) => {
      const name = await findTask(cli, connection, word, 'orch attach');
      return attachTo(cli, connection, name, terminalOf(cli, options));
    }),
  );
}

/** Joins the streams with the program of a task; what the task is not made for is told and left out. Resolves with the exit code. */
export async function attachTo(
  cli: Cli,
  connection: Connection,
  name: string,
  streams: SessionStreams,
): Promise<number> {
  const { client, namespace } = connection;
  const { spec } = await client.get<StoredTask>(taskKind, { namespace, name });
  if (streams.stdin && !spec.stdin)
    cli.warn(`task/${name} takes no input (spec.stdin is not true): going on without -i`);
  if (streams.tty && !spec.tty) cli.warn(`task/${name} has no terminal (spec.tty is not true): going on without -t`);
  const { stdin, ...outputs } = streams;
  return runSession(
    cli,
    connection,
    name,
    { subresource: 'attach' },
    {
      ...outputs,
      ...(stdin && spec.stdin ? { stdin } : {}),
      // A container with a terminal has one stream, whoever looks.
      tty: streams.tty && spec.tty === true,
    },
  );
}
