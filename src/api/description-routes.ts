import type { Response } from 'express';
import type { JsonObject } from '../model/json.js';
import type { Registry } from '../registry/registry.js';
import { OrchError } from '../support/errors.js';
import { aggregatedDiscoveryVersion } from './accept.js';
import type { Handler } from './api-context.js';
import {
  aggregatedContentType,
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  groupVersions,
} from './discovery.js';
import { sendJson } from './object-response.js';
import { buildOpenApi } from './openapi.js';
import { buildSwagger, emptyProtobuf, protobufContentType } from './openapi-v2.js';
import type { RouteTable } from './route-table.js';
import type { ServedResource } from './served-resource.js';

/** What the API says about itself: discovery and OpenAPI. Made once; the same for everybody. */
export function addDescriptionRoutes(routes: RouteTable, resources: readonly ServedResource[], version: string): void {
  const add = (path: string, handler: Handler): void => routes.add('get', path, { type: 'description' }, handler);
  const rootOf = (core: boolean): Handler => {
    return (request, response) => {
      const aggregated = aggregatedDiscoveryVersion(request.headers.accept);
      response.set('Vary', 'Accept');
      if (!aggregated) return sendJson(response, 200, core ? apiVersions() : apiGroupList(resources));
      sendJson(response, 200, aggregatedDiscovery(resources, core, aggregated), aggregatedContentType(aggregated));
    };
  };
  add('/api', rootOf(true));
  add('/apis', rootOf(false));
  for (const { group, version: groupVersion } of groupVersions(resources)) {
    const path = group === '' ? `/api/${groupVersion}` : `/apis/${group}/${groupVersion}`;
    const list = apiResourceList(resources, group, groupVersion);
    add(path, (_request, response) => sendJson(response, 200, list));
    if (group !== '')
      add(`/apis/${group}`, (_request, response) => sendJson(response, 200, apiGroup(resources, group)));
  }
  const openApi = buildOpenApi(resources, version);
  add('/openapi/v3', (_request, response) => sendJson(response, 200, openApi.index));
  for (const [path, text] of openApi.documents) {
    add(`/openapi/v3/${path}`, (_request, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(text);
    });
  }
  let swagger: JsonObject | undefined; // hardly anybody asks, and it is large
  add('/openapi/v2', (request, response) => {
    response.set('Vary', 'Accept');
    const { accept = '' } = request.headers;
    if (accept.includes('protobuf') && !/\bjson|\*\/\*/.test(accept)) {
      return void response.status(200).set('Content-Type', protobufContentType).end(emptyProtobuf);
    }
    swagger ??= buildSwagger(openApi.documents.values(), version);
    sendJson(response, 200, swagger);
  });
}

/** Text `ok` for load balancers. readyz turns to 503 while the store takes no writes. */
export function healthHandler(registry: Registry, path: string): Handler {
  return (_request, response: Response) => {
    const reason = path === '/readyz' ? registry.readOnlyReason() : undefined;
    if (reason !== undefined) {
      // Anybody may ask, so the reason itself (it may name paths) stays in the log.
      throw new OrchError('ServiceUnavailable', "not ready: the store takes no writes; the manager's log says why");
    }
    response.status(200).set('Content-Type', 'text/plain; charset=utf-8').end('ok');
  };
}
