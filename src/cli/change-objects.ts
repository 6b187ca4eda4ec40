import type { Command } from 'commander';
import type { Stored } from '../model/api-object.js';
import type { JsonValue } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { OrchError } from '../support/errors.js';
import type { Client, ClientListOptions } from '../client/client.js';
import type { Cli, CommonOptions } from './cli.js';
import { withConnection } from './connection.js';
import { parseDryRun } from './dry-run.js';
import { keyIn, label, parseResourceArguments } from './resource-arguments.js';

/** What the verbs that change objects by name have in common. */
export interface ObjectFlags {
  selector?: string;
  all?: boolean;
  dryRun?: string | true;
  fieldManager?: string;
}

/** A merge patch and how it is told; without a patch there is nothing to change. */
export interface Change {
  patch?: JsonValue;
  said: string;
}

const pageSize = 500;

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

/** Changes the objects that the words name, or that the flags select, one after another. Resolves with the exit code. */
export async function changeObjects(
  cli: Cli,
  words: readonly string[],
  options: ObjectFlags & CommonOptions,
  change: (target: { kind: Kind; object: Stored }) => Promise<Change>,
): Promise<number> {
  const dryRun = parseDryRun(options.dryRun);
  const selections = parseResourceArguments(words);
  return withConnection(cli.environment, options, async ({ client, namespace }) => {
    for (const { kind, name } of selections) {
      const scope = kind.namespaced ? { namespace } : {};
      if (name === undefined && options.selector === undefined && !options.all) {
        throw new OrchError('BadRequest', `which ${kind.plural}? Name them, or choose with -l or --all`);
      }
      const found =
        name === undefined
          ? await listAll(client, kind, {
              ...scope,
              ...(options.selector === undefined ? {} : { labelSelector: options.selector }),
            })
          : [await client.get(kind, keyIn(kind, namespace, name))];
      for (const object of found) {
        const { patch, said } = await change({ kind, object });
        if (patch !== undefined && dryRun !== 'client') {
          const { warnings } = await client.patch(kind, keyIn(kind, namespace, object.metadata.name), patch, {
            ...(options.fieldManager === undefined ? {} : { fieldManager: options.fieldManager }),
            dryRun: dryRun === 'server',
          });
          for (const warning of warnings) cli.warn(warning);
        }
        cli.print(`${label(kind, object.metadata.name)} ${said}${dryRun === 'none' ? '' : ' (dry run)'}`);
      }
    }
    return 0;
  });
}

async function listAll(client: Client, kind: Kind, options: ClientListOptions): Promise<Stored[]> {
  const items: Stored[] = [];
  let continueToken: string | undefined;
  do {
    const page = await client.list(kind, { ...options, limit: pageSize, ...(continueToken && { continueToken }) });
    items.push(...page.items);
    ({ continueToken } = page);
  } while (continueToken !== undefined);
  return items;
}
