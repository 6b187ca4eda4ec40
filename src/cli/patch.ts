import type { Command } from 'commander';
import { OrchError } from '../support/errors.js';
import { addObjectFlags, changeObjects, type ObjectFlags } from './change-objects.js';
import type { Cli } from './cli.js';

interface PatchOptions extends ObjectFlags {
  patch: string;
}

export function definePatch(command: Command, cli: Cli): void {
  addObjectFlags(command.argument('<what...>', 'KIND NAME or KIND/NAME'))
    .requiredOption('-p, --patch <fields>', 'the fields to change, as YAML or JSON; null removes one')
    .addHelpText(
      'after',
      `
Lists are replaced as a whole (a JSON merge patch).

Examples:
  orch patch task web -p 'spec: { priority: 5 }'
  orch patch deployment/web -p '{"spec":{"replicas":3}}' --dry-run=server`,
    );
  cli.run<PatchOptions>(command, async (operands, options) => {
    const { parseValue } = await import('../manifest/parse-manifests.js');
    const patch = parseValue(options.patch, '--patch', {});
    if (typeof patch !== 'object' || Array.isArray(patch)) {
      throw new OrchError('BadRequest', "--patch must be fields, like 'spec: { priority: 5 }'");
    }
    return changeObjects(cli, operands, options, () => Promise.resolve({ patch, said: 'patched' }));
  });
}
