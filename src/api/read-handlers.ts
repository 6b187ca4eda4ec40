import type { Response } from 'express';
import type { ObjectKey, Stored } from '../model/api-object.js';
import { taskKind, type StoredTask } from '../model/task.js';
import { notFound } from '../registry/registry-errors.js';
import type { ListOptions } from '../registry/registry.js';
import { isOrchError, OrchError } from '../support/errors.js';
import { identityOf, keyOfPath, pathParameter, type ApiContext, type Handler } from './api-context.js';
import type { Identity } from './identity.js';
import { checkReadFor, checkVisible, isReadForTasks, scopeList } from './node-scope.js';
import { sendList, type ListPage } from './list-response.js';
import { sendObject } from './object-response.js';
import { listOptions, queryFlag, queryInteger, queryValue, shorten, type Query } from './query.js';
import { compileSelectors } from '../model/selectors.js';
import { present, type ServedResource } from './served-resource.js';
import { handleWatch, type WatchOutput } from './watch-handler.js';

/** GET of one object, and of its /status, which is the same. */
export function getHandler(context: ApiContext, resource: ServedResource): Handler {
  return async (request, response) => {
    const query = request.query as Query;
    checkNotOlderThan(context, query);
    const identity = identityOf(response);
    const key = keyOfPath(request);
    if (isReadForTasks(identity, resource.stored)) {
      checkReadFor(identity, resource.stored, key.name, await taskOf(context, key, queryValue(query, 'forTask')));
    }
    const object = await getVisible(context, resource, identity, key);
    sendObject(context, request, response, resource, present(resource, object));
  };
}

async function taskOf(context: ApiContext, { namespace }: ObjectKey, name?: string): Promise<StoredTask | undefined> {
  if (!name || namespace === undefined) return undefined;
  try {
    return await context.registry.get<StoredTask>(taskKind, { namespace, name });
  } catch (error) {
    if (isOrchError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** GET of a collection: LIST, or WATCH with watch=true. */
export function listHandler(context: ApiContext, resource: ServedResource): Handler {
  return async (request, response) => {
    const query = request.query as Query;
    const options = requestedList(query, pathParameter(request, 'namespace'), resource, identityOf(response));
    const shown = (await resource.forSelection?.(options, context.registry)) ?? resource;
    if (queryFlag(query, 'watch')) {
      return handleWatch(context, { query, accept: request.headers.accept }, watchOver(response), shown, options);
    }
    checkNotOlderThan(context, query);
    const page = await listPage(context, shown, options);
    checkExact(query, page.revision);
    await sendList(context, request, response, shown, page);
  };
}

export async function getVisible(
  context: ApiContext,
  resource: ServedResource,
  identity: Identity,
  key: ObjectKey,
): Promise<Stored> {
  const object = await context.registry.get(resource.stored, key);
  checkVisible(identity, resource.stored, object);
  if (resource.shows && !resource.shows(object)) throw notFound(resource.kind, key.name);
  return object;
}

/** What of a collection is asked for, within what the caller may see. Throws BadRequest. Pure. */
export function requestedList(
  query: Query,
  namespace: string | undefined,
  resource: ServedResource,
  identity: Identity,
): ListOptions {
  return scopeList(identity, resource.stored, listOptions(query, namespace));
}

function watchOver(response: Response): WatchOutput {
  return {
    stream: response,
    begin() {
      response.setHeader('Content-Type', 'application/json');
      response.setHeader('Cache-Control', 'no-store');
      response.flushHeaders();
    },
  };
}

/** Field selectors of a view speak of the served shape, so they are matched here instead of in the registry. */
async function listPage(context: ApiContext, resource: ServedResource, options: ListOptions): Promise<ListPage> {
  const { convert, shows = () => true } = resource;
  if (!convert) return context.registry.list(resource.stored, options);
  const matches = compileSelectors(resource.kind, options);
  const { items, revision } = await context.registry.list(
    resource.stored,
    options.namespace === undefined ? {} : { namespace: options.namespace },
  );
  return {
    items: items
      .filter(shows)
      .map((item) => convert(item))
      .filter(matches),
    revision,
  };
}

/**
 * resourceVersion=N asks for data that is not older than N. A store that has not come that far (a restored backup, another
 * cluster) must not answer as if it had.
 */
function checkNotOlderThan(context: ApiContext, query: Query): void {
  const wanted = queryInteger(query, 'resourceVersion');
  if (wanted === undefined || wanted <= context.registry.currentRevision()) return;
  const message = `Too large resource version: ${wanted}, current: ${context.registry.currentRevision()}`;
  throw new OrchError('Timeout', message, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

function checkExact(query: Query, revision: number): void {
  const match = queryValue(query, 'resourceVersionMatch');
  if (match === undefined || match === 'NotOlderThan') return;
  if (match !== 'Exact') {
    throw new OrchError('BadRequest', `resourceVersionMatch must be NotOlderThan or Exact, not "${shorten(match)}"`);
  }
  if (queryInteger(query, 'resourceVersion') !== revision) {
    throw new OrchError('Expired', 'lists of the past are not kept: list without resourceVersionMatch=Exact');
  }
}
