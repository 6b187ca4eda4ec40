import type { Client } from '../client/client.js';
import { errorFromAnswer, errorFromStatus } from '../client/status-error.js';
import { readLines } from '../client/json-lines.js';
import { collectionPath } from '../client/resource-path.js';
import type { ApiObject } from '../model/api-object.js';
import type { JsonValue } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { readPages } from './read-pages.js';

/** Rows as the manager makes them: it knows the columns of every kind, so `get` need not. */
export interface Table {
  columnDefinitions: { name: string; priority?: number }[];
  rows: { cells: JsonValue[]; object?: ApiObject }[];
  metadata: { resourceVersion?: string; continue?: string };
}

export interface TableQuery {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const pageSize = 500;
const maxEventBytes = 16 * 2 ** 20;
const watchIdleMilliseconds = 90_000;

/** All rows, page by page. Rejects as Client does. */
export async function listTable(cli: Cli, client: Client, kind: Kind, query: TableQuery): Promise<Table> {
  let all: Table | undefined;
  const read = async (token: string | undefined): Promise<string | undefined> => {
    const response = await client.request({
      method: 'GET',
      path: collectionPath(kind, query.namespace),
      query: { ...selectors(query), limit: String(pageSize), ...(token === undefined ? {} : { continue: token }) },
      headers: { accept },
    });
    const text = await response.text();
    if (response.status >= 400) throw errorFromAnswer(response.status, text, response.headers['retry-after']);
    const page = toTable(JSON.parse(text));
    if (all) all.rows.push(...page.rows);
    else all = page;
    return page.metadata.continue || undefined;
  };
  await readPages(cli, read, () => (all = undefined));
  return all ?? toTable({});
}

/** Rows that change after `resourceVersion`, as the manager sends them. Ends when it closes the stream. */
export async function* watchTable(
  client: Client,
  kind: Kind,
  query: TableQuery & { resourceVersion: string; signal: AbortSignal },
): AsyncGenerator<{ type: string; table: Table }> {
  try {
    const response = await client.request({
      method: 'GET',
      path: collectionPath(kind, query.namespace),
      query: {
        ...selectors(query),
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: query.resourceVersion,
      },
      headers: { accept },
      idleTimeoutMilliseconds: watchIdleMilliseconds,
      signal: query.signal,
    });
    if (response.status >= 400) throw errorFromAnswer(response.status, await response.text());
    for await (const line of readLines(response.body, maxEventBytes)) {
      const event: unknown = JSON.parse(line);
      if (!isJsonObject(event) || typeof event['type'] !== 'string') continue;
      if (event['type'] === 'ERROR') throw errorFromStatus(isJsonObject(event['object']) ? event['object'] : {});
      yield { type: event['type'], table: toTable(event['object']) };
    }
  } catch (error) {
    if (!query.signal.aborted) throw error;
  }
}

function selectors(query: TableQuery): Record<string, string> {
  return {
    ...(query.labelSelector ? { labelSelector: query.labelSelector } : {}),
    ...(query.fieldSelector ? { fieldSelector: query.fieldSelector } : {}),
  };
}

function toTable(value: unknown): Table {
  if (!isJsonObject(value))
    throw new OrchError('InternalError', 'the manager answered with something that is no table');
  if (value['kind'] !== 'Table') {
    // A bookmark carries only a version.
    return { columnDefinitions: [], rows: [], metadata: isJsonObject(value['metadata']) ? value['metadata'] : {} };
  }
  const table = value as unknown as Partial<Table>;
  return {
    columnDefinitions: table.columnDefinitions ?? [],
    rows: table.rows ?? [],
    metadata: table.metadata ?? {},
  };
}
