import type { ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import type { Stored } from '../model/api-object.js';
import { objectForm } from './accept.js';
import type { ApiContext } from './api-context.js';
import { includeObject, type Query } from './query.js';
import type { ServedResource } from './served-resource.js';
import { partialMetadata, tableColumns, tableRow } from './table.js';

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  contentType = 'application/json',
): void {
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
  const { as, metaApiVersion } = objectForm(request.headers.accept);
  if (as === 'object') return sendJson(response, status, object);
  if (as === 'metadata') return sendJson(response, status, partialMetadata(object, metaApiVersion));
  sendJson(response, status, {
    kind: 'Table',
    apiVersion: metaApiVersion,
    metadata: { resourceVersion: object.metadata.resourceVersion },
    columnDefinitions: tableColumns(resource),
    rows: [tableRow(resource, object, includeObject(request.query as Query), context.clock.now(), metaApiVersion)],
  });
}
