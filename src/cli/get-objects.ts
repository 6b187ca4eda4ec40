import type { ApiObject } from '../model/api-object.js';
import { isOrchError, OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import type { Connection } from './connection.js';
import type { GetOptions } from './get-query.js';
import { compareValues, listAll, queryFor } from './get-query.js';
import type { OutputFormat } from './output-format.js';
import { formatObjects } from './output-format.js';
import type { Selection } from './resource-arguments.js';
import { keyIn } from './resource-arguments.js';

/** `get` with the objects themselves; the exit code is 1 when a named object does not exist. */
export async function getObjects(
  cli: Cli,
  connection: Connection,
  selections: readonly Selection[],
  options: GetOptions,
  format: Exclude<OutputFormat, { type: 'table' }>,
): Promise<number> {
  const { client, namespace } = connection;
  if (options.watch || options.watchOnly) {
    const [selection] = selections;
    if (!selection || selections.length > 1) {
      throw new OrchError('BadRequest', 'only one kind, or one object, can be watched at a time');
    }
    return watchObjects(cli, connection, selection, options, format);
  }
  const objects: ApiObject[] = [];
  let exitCode = 0;
  for (const { kind, name } of selections) {
    if (name === undefined) {
      objects.push(...(await listAll(cli, client, kind, queryFor(kind, connection, options))));
      continue;
    }
    try {
      objects.push(await client.get(kind, keyIn(kind, namespace, name)));
    } catch (error) {
      if (!isOrchError(error, 'NotFound')) throw error;
      if (options.ignoreNotFound) continue;
      cli.note(`${cli.colors.red('error:')} ${error.message}`);
      exitCode = 1;
    }
  }
  if (options.sortBy) {
    const { findByPath } = await import('./json-path.js');
    const path = options.sortBy;
    objects.sort((a, b) => compareValues(findByPath(path, a)[0], findByPath(path, b)[0]));
  }
  const single = selections.length === 1 && selections[0]?.name !== undefined;
  if (objects.length === 0 && (single || exitCode !== 0 || format.type === 'name')) return exitCode;
  const shown = options.showManagedFields ? objects : objects.map(withoutManagedFields);
  const text = await formatObjects(shown, format, single);
  // As kubectl does it: a template says itself where lines end.
  cli.printData(format.type === 'jsonpath' ? text : `${text}\n`);
  return exitCode;
}

async function watchObjects(
  cli: Cli,
  connection: Connection,
  { kind, name }: Selection,
  options: GetOptions,
  format: Exclude<OutputFormat, { type: 'table' }>,
): Promise<number> {
  const query = queryFor(kind, connection, options);
  const { createInformer } = await import('../client/informer.js');
  const { silentLogger } = await import('../support/logger.js');
  const informer = createInformer({
    client: connection.client,
    kind,
    options: { ...query, ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }) },
    clock: cli.environment.clock,
    random: cli.environment.random,
    logger: silentLogger,
    onEvent: ({ object }) => {
      if (options.watchOnly && !informer.hasSynced) return;
      pending = pending.then(async () => {
        const text = await formatObjects(
          [options.showManagedFields ? object : withoutManagedFields(object)],
          format,
          true,
        );
        const separator = format.type === 'yaml' ? '---\n' : '';
        cli.printData(`${separator}${text}\n`);
      });
    },
  });
  let pending = Promise.resolve();
  informer.start();
  await new Promise<void>((resolve) => {
    if (cli.signal.aborted) resolve();
    else cli.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await informer.stop();
  await pending;
  return 0;
}

/** Who set which field is of no interest to most readers, and long. */
function withoutManagedFields(object: ApiObject): ApiObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
