import { once } from 'node:events';
import type { Request, Response } from 'express';
import type { Stored } from '../model/api-object.js';
import { apiVersionOf } from '../model/kind.js';
import { objectForm } from './accept.js';
import type { ApiContext } from './api-context.js';
import { includeObject, type Query } from './query.js';
import type { ServedResource } from './served-resource.js';
import { partialMetadata, tableColumns, tableRow } from './table.js';

export function sendJson(response: Response, status: number, body: object, contentType = 'application/json'): void {
  response.statusCode = status;
  response.setHeader('Content-Type', contentType); // unlike set(), it adds no charset
  response.end(JSON.stringify(body));
}

/** Tells the client what was odd without refusing it; kubectl prints these. */
export function addWarnings(response: Response, warnings: readonly string[]): void {
  for (const warning of warnings.slice(0, 20)) {
    const text = warning
      .replace(/[^\x20-\x7e]/g, '?')
      .replace(/["\\]/g, '\\$&')
      .slice(0, 1000);
    response.append('Warning', `299 - "${text}"`);
  }
}

/** One object in the form that the client accepts. */
export function sendObject(
  context: ApiContext,
  request: Request,
  response: Response,
  resource: ServedResource,
  object: Stored,
  status = 200,
): void {
  const form = objectForm(request.headers.accept);
  if (form === 'object') return sendJson(response, status, object);
  if (form === 'metadata') return sendJson(response, status, partialMetadata(object));
  sendJson(response, status, {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: object.metadata.resourceVersion },
    columnDefinitions: tableColumns(resource),
    rows: [tableRow(resource.kind, object, includeObject(request.query as Query), context.clock.now())],
  });
}

export interface ListPage {
  items: readonly Stored[];
  revision: number;
  continueToken?: string;
  remainingItemCount?: number;
}

/** How many objects are turned into text before the loop is given back. */
const itemsPerChunk = 250;

/** A list in the form that the client accepts. Long lists leave in chunks, as fast as the client reads. */
export async function sendList(
  context: ApiContext,
  request: Request,
  response: Response,
  resource: ServedResource,
  page: ListPage,
): Promise<void> {
  const form = objectForm(request.headers.accept);
  const include = includeObject(request.query as Query);
  const now = context.clock.now();
  const metadata = {
    resourceVersion: String(page.revision),
    ...(page.continueToken === undefined ? {} : { continue: page.continueToken }),
    ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
  };
  const apiVersion = apiVersionOf(resource.kind);
  const head =
    form === 'table'
      ? { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata, columnDefinitions: tableColumns(resource) }
      : form === 'metadata'
        ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata }
        : { kind: `${resource.kind.kind}List`, apiVersion, metadata };
  const shape = (object: Stored): object =>
    form === 'table'
      ? tableRow(resource.kind, object, include, now)
      : form === 'metadata'
        ? partialMetadata(object)
        : object;
  const opening = `${JSON.stringify(head).slice(0, -1)},"${form === 'table' ? 'rows' : 'items'}":[`;
  response.setHeader('Content-Type', 'application/json');
  if (page.items.length <= itemsPerChunk) {
    response.end(`${opening}${page.items.map((item) => JSON.stringify(shape(item))).join(',')}]}`);
    return;
  }
  await sendInChunks(response, opening, page.items, shape);
}

async function sendInChunks(
  response: Response,
  opening: string,
  items: readonly Stored[],
  shape: (object: Stored) => object,
): Promise<void> {
  let text = opening;
  for (let start = 0; start < items.length; start += itemsPerChunk) {
    const chunk = items.slice(start, start + itemsPerChunk).map((item) => JSON.stringify(shape(item)));
    text += `${start === 0 ? '' : ','}${chunk.join(',')}`;
    if (!response.write(text) && !(await drained(response))) return;
    text = '';
  }
  response.end(']}');
}

/** False when the client went away instead. */
async function drained(response: Response): Promise<boolean> {
  if (response.destroyed) return false;
  const settled = new AbortController();
  try {
    return await Promise.race([
      once(response, 'drain', { signal: settled.signal }).then(() => true),
      once(response, 'close', { signal: settled.signal }).then(() => false),
    ]);
  } finally {
    settled.abort();
  }
}
