import type { Command } from 'commander';
import { kinds } from '../model/kinds.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';

interface ExplainOptions {
  recursive?: boolean;
}

export function defineExplain(command: Command, cli: Cli): void {
  command
    .argument('<field>', 'a kind, or a field of it: task.spec.ports')
    .option('--recursive', 'all fields below it, by name and type')
    .addHelpText(
      'after',
      `
Needs no manager: it reads the schemas by which manifests are checked.

Examples:
  orch explain task
  orch explain task.spec.livenessProbe
  orch explain source --recursive`,
    );
  cli.run<ExplainOptions>(command, async ([word = ''], options) => {
    const { explainField, listFields } = await import('./explain-field.js');
    const { parseResourceArguments } = await import('./resource-arguments.js');
    const [alias = '', ...path] = word.split('.');
    const [selection, ...others] = parseResourceArguments([alias]);
    if (!selection || others.length > 0) {
      throw new OrchError('BadRequest', `which kind? ${kinds.map(({ singular }) => singular).join(', ')}`);
    }
    const lines = options.recursive ? listFields(selection.kind, path) : explainField(selection.kind, path);
    for (const line of lines) cli.print(line);
  });
}
