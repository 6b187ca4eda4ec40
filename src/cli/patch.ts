import type { Command } from 'commander';
import type { PatchType } from '../client/client.js';
import type { JsonValue } from '../model/json.js';
import { OrchError } from '../support/errors.js';
import { addObjectFlags, changeObjects, type ObjectFlags } from './change-objects.js';
import type { Cli } from './cli.js';

interface PatchOptions extends ObjectFlags {
  patch: string;
  type: string;
}

export function definePatch(command: Command, cli: Cli): void {
  addObjectFlags(command.argument('<what...>', 'KIND NAME or KIND/NAME'))
    .requiredOption('-p, --patch <fields>', 'what to change, as YAML or JSON')
    .option('--type <type>', 'merge, strategic or json', 'merge')
    .addHelpText(
      'after',
      `
  merge      fields to set; null removes one; lists are replaced as a whole
  strategic  the same, but lists merge by key; for Kubernetes' own kinds, such as deployments
  json       a list of operations (RFC 6902)

Examples:
  orch patch task web -p 'spec: { priority: 5 }'
  orch patch deployment/web -p '{"spec":{"replicas":3}}' --dry-run=server
  orch patch deployment/web --type json -p '[{op: remove, path: /spec/paused}]'`,
    );
  cli.run<PatchOptions>(command, async (operands, options) => {
    const { parseValue } = await import('../manifest/parse-manifests.js');
    const patchType = patchTypeOf(options.type);
    const patch = parseValue(options.patch, '--patch', {});
    checkShape(patch, patchType);
    return changeObjects(cli, operands, options, () => Promise.resolve({ patch, patchType, said: 'patched' }));
  });
}

function patchTypeOf(type: string): PatchType {
  if (type === 'merge' || type === 'strategic' || type === 'json') return type;
  throw new OrchError('BadRequest', `--type ${type}: choose merge, strategic or json`);
}

function checkShape(patch: JsonValue, type: PatchType): void {
  if (type === 'json') {
    if (Array.isArray(patch)) return;
    throw new OrchError(
      'BadRequest',
      "--patch must be a list of operations with --type json, like '[{op: remove, path: /spec/paused}]'",
    );
  }
  if (typeof patch === 'object' && patch !== null && !Array.isArray(patch)) return;
  throw new OrchError('BadRequest', "--patch must be fields, like 'spec: { priority: 5 }'");
}
