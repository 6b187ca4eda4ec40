import type { Command } from 'commander';
import { nodeKind, type Node } from '../model/node.js';
import { taskKind, type Task } from '../model/task.js';
import { findKindByAlias } from '../model/kinds.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { alignRows } from './columns.js';
import { withConnection } from './connection.js';
import { listAll, queryFor } from './get-query.js';
import { nodeUsage, sortUsage, taskUsage, type UsageRow } from './usage-rows.js';

interface TopOptions {
  allNamespaces?: boolean;
  selector?: string;
  sortBy?: string;
  headers: boolean;
}

export function defineTop(command: Command, cli: Cli): void {
  command
    .argument('<kind>', 'nodes or tasks')
    .argument('[name]', 'only this one')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'only those with these labels: a=b,c!=d,e in (f,g)')
    .option('--sort-by <what>', 'the largest first, by cpu or memory')
    .option('--no-headers', 'leave the headings out')
    .addHelpText(
      'after',
      `
Workers measure about once a minute; what was not measured yet is shown as "-". Shares are of what a node has for tasks.

Examples:
  orch top nodes
  orch top tasks -A --sort-by memory
  orch top task web`,
    );
  cli.run<TopOptions>(command, async ([word = '', name], options) => {
    const kind = findKindByAlias(word);
    if (kind !== nodeKind && kind !== taskKind) {
      throw new OrchError('BadRequest', `orch top ${word}: choose nodes or tasks`);
    }
    const { sortBy } = options;
    if (sortBy !== undefined && sortBy !== 'cpu' && sortBy !== 'memory') {
      throw new OrchError('BadRequest', `--sort-by ${sortBy}: choose cpu or memory`);
    }
    return withConnection(cli.environment, options, async (connection) => {
      const query = queryFor(kind, connection, options);
      const objects =
        name === undefined
          ? await listAll(cli, connection.client, kind, query)
          : [await connection.client.get(kind, kind.namespaced ? { namespace: connection.namespace, name } : { name })];
      const rows: UsageRow[] =
        kind === nodeKind
          ? objects.map((object) => nodeUsage(object as Node))
          : objects.flatMap((object) => taskUsage(object as Task, options.allNamespaces === true) ?? []);
      if (rows.length === 0) return cli.note(`No ${kind.plural} are running.`);
      const heading =
        kind === nodeKind
          ? ['NAME', 'CPU', 'CPU%', 'MEMORY', 'MEMORY%']
          : [...(options.allNamespaces ? ['NAMESPACE'] : []), 'NAME', 'CPU', 'MEMORY', 'NODE'];
      const cells = sortUsage(rows, sortBy).map((row) => row.cells);
      const { lines } = alignRows(options.headers ? [heading, ...cells] : cells);
      lines.forEach((line, index) => cli.print(options.headers && index === 0 ? cli.colors.bold(line) : line));
    });
  });
}
