import type { Command } from 'commander';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { withConnection } from './connection.js';
import type { GetOptions } from './get-query.js';
import { getTables } from './get-tables.js';
import { parseOutputFormat } from './output-format.js';
import { parseResourceArguments } from './resource-arguments.js';

export function defineGet(command: Command, cli: Cli): void {
  command
    .argument('[kind]', 'a kind (tasks), several (tasks,nodes), a category (all, orch), or KIND/NAME')
    .argument('[names...]', 'names of objects of that kind')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'only those with these labels: a=b,c!=d,e in (f,g)')
    .option('--field-selector <fields>', 'only those with these fields: status.state=Running,spec.nodeName=n1')
    .option('-o, --output <format>', 'wide, name, json, yaml, jsonpath=TEMPLATE, custom-columns=HEADING:PATH,...')
    .option('-w, --watch', 'go on and print what changes')
    .option('--watch-only', 'print only what changes')
    .option('--no-headers', 'leave the headings out')
    .option('--show-labels', 'with a column for labels')
    .option('--sort-by <path>', 'in the order of this field: .metadata.creationTimestamp')
    .option('--show-managed-fields', 'with who set which field, in json and yaml')
    .option('--ignore-not-found', 'it is no error when a named object does not exist')
    .addHelpText(
      'after',
      `
Examples:
  orch get tasks                              # a table
  orch get tasks -o wide -w                   # more columns, and what changes
  orch get tasks -l app=web -A                # by label, of all namespaces
  orch get task web -o yaml                   # everything about one
  orch get tasks,nodes
  orch get task web -o jsonpath='{.status.state}'
  orch get tasks -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName`,
    );
  cli.run<GetOptions>(command, async (operands, options) => {
    const selections = parseResourceArguments(operands);
    const format = parseOutputFormat(options.output);
    if (options.allNamespaces && selections.some(({ name }) => name !== undefined)) {
      throw new OrchError('BadRequest', 'an object cannot be asked for by name in all namespaces: use -n NAMESPACE');
    }
    return withConnection(cli.environment, options, async (connection) => {
      if (format.type === 'table') return getTables(cli, connection, selections, options, format.wide);
      const { getObjects } = await import('./get-objects.js');
      return getObjects(cli, connection, selections, options, format);
    });
  });
}
