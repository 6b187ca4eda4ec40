import type { Client } from '../client/client.js';
import type { ApiObject } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import type { Cli } from './cli.js';
import type { Connection } from './connection.js';
import { readPages } from './read-pages.js';
import type { TableQuery } from './table-request.js';

/** The options of `get`. */
export interface GetOptions {
  allNamespaces?: boolean;
  selector?: string;
  fieldSelector?: string;
  output?: string;
  watch?: boolean;
  watchOnly?: boolean;
  headers: boolean;
  showLabels?: boolean;
  sortBy?: string;
  ignoreNotFound?: boolean;
  showManagedFields?: boolean;
}

/** Which part of a kind's objects the options ask for. */
export function queryFor(
  kind: Kind,
  connection: Connection,
  options: Pick<GetOptions, 'allNamespaces' | 'selector' | 'fieldSelector'>,
): TableQuery {
  return {
    ...(kind.namespaced && !options.allNamespaces ? { namespace: connection.namespace } : {}),
    ...(options.selector === undefined ? {} : { labelSelector: options.selector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };
}

/** All objects, page by page. */
export async function listAll(cli: Cli, client: Client, kind: Kind, query: TableQuery): Promise<ApiObject[]> {
  const objects: ApiObject[] = [];
  const read = async (token: string | undefined): Promise<string | undefined> => {
    const page = await client.list(kind, {
      ...query,
      limit: 500,
      ...(token === undefined ? {} : { continueToken: token }),
    });
    objects.push(...page.items);
    return page.continueToken;
  };
  await readPages(cli, read, () => objects.splice(0));
  return objects;
}

/** The order of two field values: numbers as numbers, texts with their numbers counted (a2 before a10). */
export function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [a, b].map((value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')));
  return (left ?? '').localeCompare(right ?? '', 'en', { numeric: true });
}
