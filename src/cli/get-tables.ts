import type { Client } from '../client/client.js';
import type { Kind } from '../model/kind.js';
import { resourceName } from '../model/kind.js';
import { backoffDelay } from '../support/backoff.js';
import { sleep } from '../support/clock.js';
import { isOrchError, OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import type { Connection } from './connection.js';
import type { GetOptions } from './get-query.js';
import { compareValues, listAll, queryFor } from './get-query.js';
import type { Selection } from './resource-arguments.js';
import type { TablePrinter } from './table-printer.js';
import { createTablePrinter } from './table-printer.js';
import type { Table, TableQuery } from './table-request.js';
import { listTable, watchTable } from './table-request.js';

/** `get` as tables; the exit code is 1 when a named object does not exist. */
export async function getTables(
  cli: Cli,
  connection: Connection,
  selections: readonly Selection[],
  options: GetOptions,
  wide: boolean,
): Promise<number> {
  const groups = groupByKind(selections);
  const watching = options.watch || options.watchOnly;
  if (watching && (groups.length > 1 || (groups[0]?.names.length ?? 0) > 1)) {
    throw new OrchError('BadRequest', 'only one kind, or one object, can be watched at a time');
  }
  let exitCode = 0;
  let printed = 0;
  for (const { kind, names } of groups) {
    const query = queryFor(kind, connection, options);
    const tables =
      names.length === 0
        ? [{ name: '', table: await listTable(cli, connection.client, kind, query) }]
        : await Promise.all(
            names.map(async (name) => ({
              name,
              table: await listTable(cli, connection.client, kind, {
                ...query,
                fieldSelector: [`metadata.name=${name}`, options.fieldSelector ?? ''].filter((part) => part).join(','),
              }),
            })),
          );
    for (const { name, table } of tables) {
      if (name === '' || table.rows.length > 0 || watching) continue;
      if (options.ignoreNotFound) continue;
      cli.note(`${cli.colors.red('error:')} ${resourceName(kind)} "${name}" not found`);
      exitCode = 1;
    }
    const [first] = tables;
    if (!first) continue;
    const table = { ...first.table, rows: tables.flatMap((each) => each.table.rows) };
    if (options.sortBy) await sortRows(cli, table, options.sortBy, connection.client, kind, query);
    const printer = createTablePrinter(cli, {
      wide,
      withNamespace: kind.namespaced && options.allNamespaces === true,
      withLabels: options.showLabels === true,
      headers: options.headers,
      prefix: groups.length > 1 ? `${resourceName({ group: kind.group, plural: kind.singular })}/` : '',
    });
    if (!options.watchOnly && table.rows.length > 0) {
      if (printed > 0) cli.print();
      printer.print(table);
      printed += 1;
    }
    if (watching) {
      const fieldSelector = names[0] === undefined ? query.fieldSelector : `metadata.name=${names[0]}`;
      await followTable(
        cli,
        connection.client,
        kind,
        { ...query, ...(fieldSelector ? { fieldSelector } : {}) },
        first.table,
        printer,
      );
    }
  }
  if (printed === 0 && exitCode === 0 && !watching && groups.every(({ names }) => names.length === 0)) {
    const where = groups.some(({ kind }) => kind.namespaced) && !options.allNamespaces;
    cli.note(
      `No ${groups.map(({ kind }) => kind.plural).join(' or ')} found${where ? ` in the namespace ${connection.namespace}` : ''}.`,
    );
  }
  return exitCode;
}

/** Selections of one kind are one question: the names of a kind are looked for in its list. */
function groupByKind(selections: readonly Selection[]): { kind: Kind; names: string[] }[] {
  const groups = new Map<Kind, string[]>();
  for (const { kind, name } of selections) {
    const names = groups.get(kind) ?? [];
    if (name !== undefined) names.push(name);
    groups.set(kind, names);
  }
  return [...groups].map(([kind, names]) => ({ kind, names }));
}

async function sortRows(
  cli: Cli,
  table: Table,
  path: string,
  client: Client,
  kind: Kind,
  query: TableQuery,
): Promise<void> {
  const { findByPath } = await import('./json-path.js');
  const objects = await listAll(cli, client, kind, query);
  const order = new Map(objects.map((object) => [object.metadata.uid ?? '', findByPath(path, object)[0]]));
  const value = (row: Table['rows'][number]): unknown => order.get(row.object?.metadata.uid ?? '');
  table.rows.sort((a, b) => compareValues(value(a), value(b)));
}

/** Goes on where the list ended, for as long as anybody looks; a manager that restarts is waited for. */
async function followTable(
  cli: Cli,
  client: Client,
  kind: Kind,
  query: TableQuery,
  table: Table,
  printer: TablePrinter,
): Promise<void> {
  let resourceVersion = table.metadata.resourceVersion ?? '0';
  let failures = 0;
  while (!cli.signal.aborted) {
    try {
      for await (const event of watchTable(client, kind, { ...query, resourceVersion, signal: cli.signal })) {
        failures = 0;
        resourceVersion =
          event.table.metadata.resourceVersion ??
          event.table.rows[0]?.object?.metadata.resourceVersion ??
          resourceVersion;
        if (event.type !== 'BOOKMARK') printer.print(event.table);
      }
    } catch (error) {
      if (isOrchError(error, 'Expired')) {
        const again = await listTable(cli, client, kind, query);
        printer.print(again);
        resourceVersion = again.metadata.resourceVersion ?? '0';
      } else if (!isOrchError(error, 'ServiceUnavailable') && !isOrchError(error, 'Timeout')) throw error;
      else if (failures === 0) cli.warn(`${error.message}; trying again`);
    }
    failures += 1;
    const delay = backoffDelay({ initialMilliseconds: 200, maxMilliseconds: 5_000 }, failures);
    await sleep(cli.environment.clock, delay, cli.signal);
  }
}
