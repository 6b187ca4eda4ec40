import type { Command } from 'commander';
import type { Client } from '../client/client.js';
import { nodeKind } from '../model/node.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { withConnection } from './connection.js';
import { label, parseNamed } from './resource-arguments.js';

export function defineCordon(command: Command, cli: Cli): void {
  defineSchedulable(command, cli, 'cordon');
  command.addHelpText(
    'after',
    `
Tasks that run there go on; no new one is placed there until \`orch uncordon\`.

Examples:
  orch cordon n1
  orch cordon node/n1 node/n2`,
  );
}

/** `cordon` and `uncordon`: the same but for the value. */
export function defineSchedulable(command: Command, cli: Cli, verb: 'cordon' | 'uncordon'): void {
  command.argument('<nodes...>', 'NAME or node/NAME');
  cli.run(command, async (operands, options) => {
    const names = operands.map((word) => parseNamed(word, nodeKind, `orch ${verb}`));
    if (names.length === 0) throw new OrchError('BadRequest', `which nodes? \`orch ${verb} NAME\``);
    return withConnection(cli.environment, options, async ({ client }) => {
      for (const name of names) {
        await setUnschedulable(client, name, verb === 'cordon');
        cli.print(`${label(nodeKind, name)} ${verb}ed`);
      }
    });
  });
}

export async function setUnschedulable(client: Client, name: string, isWanted: boolean): Promise<void> {
  const spec = { unschedulable: isWanted ? true : null };
  await client.patch(nodeKind, { name }, { spec }, { fieldManager: 'orch-cli' });
}
