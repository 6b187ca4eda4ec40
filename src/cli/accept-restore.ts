import type { Command } from 'commander';
import { acceptRestoreAnnotation, nodeKind, storeRestoredCondition, type Node } from '../model/node.js';
import { findCondition } from '../model/conditions.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { withConnection } from './connection.js';
import { label, parseNamed } from './resource-arguments.js';

export function defineAcceptRestore(command: Command, cli: Cli): void {
  command
    .argument('[nodes...]', 'NAME or node/NAME')
    .option('--all', 'all nodes that keep something')
    .addHelpText(
      'after',
      `
After \`orch restore\` a worker keeps containers of tasks that the restored store does not know: they may have been made
after the backup. Its node says so: condition StoreRestored, in \`orch describe node NAME\`. Save what you need of them
(apply their manifests again, copy data), then accept: the worker asks for each of them once more, and stops
and removes what is still unknown.

Examples:
  orch accept-restore n1
  orch accept-restore --all`,
    );
  cli.run<{ all?: boolean }>(command, async (operands, options) => {
    const names = operands.map((word) => parseNamed(word, nodeKind, 'orch accept-restore'));
    if (names.length > 0 === (options.all ?? false)) {
      throw new OrchError('BadRequest', 'which nodes? `orch accept-restore NAME`, or --all');
    }
    return withConnection(cli.environment, options, async ({ client }) => {
      const { items, restoreUid } = await client.list<Node>(nodeKind);
      if (restoreUid === undefined) throw new OrchError('BadRequest', 'this manager was not restored from a backup');
      const keeping = items.filter(
        (node) => findCondition(node.status?.conditions, storeRestoredCondition)?.status === 'True',
      );
      const chosen = options.all ? keeping.map((node) => node.metadata.name) : names;
      for (const name of chosen) {
        const annotations = { [acceptRestoreAnnotation]: restoreUid };
        await client.patch<Node>(nodeKind, { name }, { metadata: { annotations } }, { fieldManager: 'orch-cli' });
        cli.print(`${label(nodeKind, name)} accepts the restore`);
      }
      if (chosen.length === 0) cli.print('no node keeps anything that the restored store does not know');
    });
  });
}
