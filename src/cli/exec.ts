import type { Command } from 'commander';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { runSession } from './command-session.js';
import { withConnection } from './connection.js';
import { findTask } from './task-target.js';
import { terminalOf, type TerminalFlags } from './terminal-flags.js';

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
  orch exec -it deployment/shop -- sh
  tar c site | orch exec -i web -- tar x -C /srv`,
    );
  cli.run<TerminalFlags>(command, async (operands, options) => {
    const [word = '', ...args] = operands;
    if (args.length === 0) throw new OrchError('BadRequest', `which command? \`orch exec ${word} -- COMMAND\``);
    const streams = terminalOf(cli, options);
    return withConnection(cli.environment, options, async (connection) => {
      const name = await findTask(cli, connection, word, 'orch exec');
      return runSession(cli, connection, name, { subresource: 'exec', command: args }, streams);
    });
  });
}
