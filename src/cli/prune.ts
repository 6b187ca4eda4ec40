import type { Client } from '../client/client.js';
import type { Stored } from '../model/api-object.js';
import { formatKey, keyOf } from '../model/api-object.js';
import { taskKind } from '../model/task.js';
import { isOrchError, OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { listAll } from './get-query.js';
import type { InputObject } from './manifest-flags.js';
import { label } from './resource-arguments.js';

const mostAtOnce = 20;

/**
 * Deletes tasks that the selector finds in the namespaces of the input, that this field manager applied, and that are no
 * longer in the input. Never more than 20 unless that was allowed, and never by name alone: what was made anew meanwhile
 * stays. Rejects without deleting anything when there are too many.
 */
export async function pruneTasks(
  cli: Cli,
  client: Client,
  input: readonly InputObject[],
  options: { selector: string; fieldManager: string; allowMany: boolean; dryRun: boolean },
): Promise<void> {
  const kept = new Set(input.filter(({ kind }) => kind === taskKind).map(({ key }) => formatKey(key)));
  if (kept.size === 0) {
    throw new OrchError(
      'BadRequest',
      '--prune deletes nothing when the input holds no task: use orch delete -l instead',
    );
  }
  const namespaces = new Set(
    input.flatMap(({ kind, key }) => (kind === taskKind && key.namespace ? [key.namespace] : [])),
  );
  const found: Stored[] = [];
  for (const namespace of namespaces) {
    found.push(...((await listAll(cli, client, taskKind, { namespace, labelSelector: options.selector })) as Stored[]));
  }
  const doomed = selectPrunable(found, kept, options.fieldManager);
  if (doomed.length > mostAtOnce && !options.allowMany) {
    throw new OrchError(
      'BadRequest',
      `--prune would delete ${doomed.length} tasks, more than ${mostAtOnce}: nothing was deleted. If that is right, add --yes; --dry-run=server shows which`,
    );
  }
  for (const task of doomed) {
    const { namespace, name = '' } = keyOf(task);
    if (!options.dryRun) {
      await client
        .delete(taskKind, { ...(namespace === undefined ? {} : { namespace }), name }, { uid: task.metadata.uid })
        .catch((error: unknown) => {
          if (!isOrchError(error, 'NotFound') && !isOrchError(error, 'Conflict')) throw error;
        });
    }
    cli.print(`${label(taskKind, name)} pruned${options.dryRun ? ' (dry run)' : ''}`);
  }
}

/** Which of the found tasks may go. Pure. */
export function selectPrunable(found: readonly Stored[], kept: ReadonlySet<string>, fieldManager: string): Stored[] {
  return found.filter(
    (task) =>
      !kept.has(formatKey(keyOf(task))) &&
      task.metadata.deletionTimestamp === undefined &&
      task.metadata.managedFields?.some(
        (entry) => entry.manager === fieldManager && entry.operation === 'Apply' && !entry.subresource,
      ),
  );
}
