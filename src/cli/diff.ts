import type { Command } from 'commander';
import type { Stored } from '../model/api-object.js';
import { isOrchError, OrchError } from '../support/errors.js';
import { userPart } from './comparable.js';
import type { Cli } from './cli.js';
import { withConnection } from './connection.js';
import { diffFields, formatChanges } from './field-diff.js';
import { inParallel } from './in-parallel.js';
import type { InputObject, ManifestFlags } from './manifest-flags.js';
import { addManifestFlags } from './manifest-flags.js';
import { label } from './resource-arguments.js';

interface DiffOptions extends ManifestFlags {
  forceConflicts?: boolean;
  fieldManager: string;
}

export function defineDiff(command: Command, cli: Cli): void {
  addManifestFlags(command)
    .option('--force-conflicts', 'as if apply were to take over fields that somebody else has set')
    .option('--field-manager <name>', 'on whose behalf apply would set fields', 'orch-cli')
    .addHelpText(
      'after',
      `
Asks the manager what \`orch apply\` would make of the manifests, and changes nothing. Exit code 0: no differences,
2: there are some, 1: an error.

Examples:
  orch diff -f web.yaml
  orch diff -f manifests/ || echo "not as in the folder"`,
    );
  cli.run<DiffOptions>(command, async (_operands, options) => {
    if (options.filename === undefined) {
      throw new OrchError('BadRequest', 'what should be compared? Name a file, a folder or - with -f');
    }
    return withConnection(cli.environment, options, async ({ client, namespace }) => {
      const { readInput } = await import('./manifest-input.js');
      const input = await readInput(cli, options, namespace);
      const pairs = await inParallel(input, 8, async (item) => {
        const live = await ifThere(client.get(item.kind, item.key));
        const next = await client
          .apply(item.kind, item.key, item.object, {
            fieldManager: options.fieldManager,
            force: options.forceConflicts === true,
            dryRun: true,
          })
          .then(
            ({ object }) => object,
            (error: unknown) => {
              // Its namespace is only about to be made: all of it would be new.
              if (live === undefined && isOrchError(error, 'NotFound')) return item.object as Stored;
              throw error;
            },
          );
        return { item, live, next };
      });
      const changed = pairs.filter(({ item, live, next }) => printDiff(cli, item, live, next));
      return changed.length === 0 ? 0 : 2;
    });
  });
}

/** True when there is a difference. */
function printDiff(cli: Cli, { kind, key }: InputObject, live: Stored | undefined, next: Stored): boolean {
  const changes = diffFields(kind, live && userPart(live), userPart(next));
  if (changes.length === 0) return false;
  const name = label(kind, key.name);
  cli.print(
    cli.colors.bold(live === undefined ? `--- nothing\n+++ ${name} (new)` : `--- ${name} (now)\n+++ ${name} (applied)`),
  );
  for (const line of formatChanges(kind, changes)) {
    cli.print(line.startsWith('-') ? cli.colors.red(line) : cli.colors.green(line));
  }
  return true;
}

async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isOrchError(error, 'NotFound')) return undefined;
    throw error;
  }
}
