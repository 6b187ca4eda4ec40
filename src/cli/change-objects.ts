import type { Command } from 'commander';
import type { Stored } from '../model/api-object.js';
import type { JsonValue } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { isOrchError, OrchError } from '../support/errors.js';
import type { PatchType } from '../client/client.js';
import type { Cli, CommonOptions } from './cli.js';
import { withConnection } from './connection.js';
import { parseDryRun } from './dry-run.js';
import { formatError } from './format-error.js';
import { listAll, queryFor } from './get-query.js';
import { keyIn, label, parseResourceArguments } from './resource-arguments.js';

/** What the verbs that change objects by name have in common. */
export interface ObjectFlags {
  selector?: string;
  all?: boolean;
  dryRun?: string | true;
  fieldManager?: string;
}

/** A patch (a merge patch unless it says otherwise) and how it is told; without a patch there is nothing to change. */
export interface Change {
  patch?: JsonValue;
  patchType?: PatchType;
  said: string;
}

export function addObjectFlags(command: Command): Command {
  return command
    .option('-l, --selector <labels>', 'all objects of the kind with these labels')
    .option('--all', 'all objects of the kind')
    .option(
      '--dry-run [where]',
      'change nothing: "client" only says what would be sent, "server" lets the manager judge',
    )
    .option('--field-manager <name>', 'on whose behalf fields are set', 'orch-cli');
}

/**
 * Changes the objects that the words name, or that the flags select, one after another. What is refused of one is told under its name and
 * keeps no other from being changed. Resolves with the exit code: 1 when anything was refused.
 */
export async function changeObjects(
  cli: Cli,
  words: readonly string[],
  options: ObjectFlags & CommonOptions,
  change: (target: { kind: Kind; object: Stored }) => Promise<Change>,
): Promise<number> {
  const dryRun = parseDryRun(options.dryRun);
  const selections = parseResourceArguments(words);
  return withConnection(cli.environment, options, async ({ client, namespace }) => {
    let refused = 0;
    const orTell = async (kind: Kind, name: string, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        // Without a manager, or without permission to be there, no other one fares better.
        if (!isOrchError(error) || isOrchError(error, 'ServiceUnavailable') || isOrchError(error, 'Unauthorized'))
          throw error;
        refused += 1;
        cli.note(formatError(error, cli.colors, label(kind, name)));
      }
    };
    for (const { kind, name } of selections) {
      if (name === undefined && options.selector === undefined && !options.all) {
        throw new OrchError('BadRequest', `which ${kind.plural}? Name them, or choose with -l or --all`);
      }
      const changeOne = async (object: Stored): Promise<void> => {
        const { patch, patchType = 'merge', said } = await change({ kind, object });
        if (patch !== undefined && dryRun !== 'client') {
          const { warnings } = await client.patch(kind, keyIn(kind, namespace, object.metadata.name), patch, {
            ...(options.fieldManager === undefined ? {} : { fieldManager: options.fieldManager }),
            dryRun: dryRun === 'server',
            patchType,
          });
          for (const warning of warnings) cli.warn(warning);
        }
        cli.print(`${label(kind, object.metadata.name)} ${said}${dryRun === 'none' ? '' : ' (dry run)'}`);
      };
      if (name !== undefined) {
        await orTell(kind, name, async () => changeOne(await client.get(kind, keyIn(kind, namespace, name))));
        continue;
      }
      const selected = queryFor(kind, { client, namespace }, options);
      for (const object of (await listAll(cli, client, kind, selected)) as Stored[]) {
        await orTell(kind, object.metadata.name, () => changeOne(object));
      }
    }
    return refused === 0 ? 0 : 1;
  });
}
