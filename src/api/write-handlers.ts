import type { Request, Response } from 'express';
import type { ApiObject, ObjectKey, Stored } from '../model/api-object.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.js';
import { apiVersionOf, type Kind } from '../model/kind.js';
import { applyMergePatch } from '../registry/merge-patch.js';
import type { SubresourceOption, WriteOptions, WriteResult } from '../registry/registry.js';
import { OrchError } from '../support/errors.js';
import { bodyOf, identityOf, keyOfPath, pathParameter, type ApiContext, type Handler } from './api-context.js';
import { deleteOptions } from './delete-body.js';
import { eventSourceOf, type Identity } from './identity.js';
import { checkDelete, checkNodeWrite, checkReport } from './node-scope.js';
import { addWarnings, sendJson, sendObject } from './object-response.js';
import { retryOnConflict } from './optimistic-retry.js';
import { readPatch, type RequestedPatch } from './patch-body.js';
import { queryFlag, queryValue, shorten, writeOptions, type Query } from './query.js';
import { getVisible } from './read-handlers.js';
import { checkStatusIsReadable, readObject, takeTurn } from './request-body.js';
import type { ServedResource } from './served-resource.js';
import { successStatus } from './status.js';
import { strategicToMergePatch } from './strategic-merge/strategic-merge.js';

/** POST to a collection. */
export function createHandler(context: ApiContext, resource: ServedResource): Handler {
  const { kind } = resource;
  return async (request, response) => {
    const identity = identityOf(response);
    const body = bodyOf(request);
    const duplicateFields: string[] = [];
    const object = placeObject(kind, readObject(body, duplicateFields), pathParameter(request, 'namespace'));
    await takeTurn(context.clock, body);
    const result = await context.registry.create(kind, object, {
      ...optionsOf(request, identity),
      duplicateFields,
    });
    answer(context, request, response, resource, result, 201);
  };
}

/** PUT of an object or of its status. */
export function replaceHandler(context: ApiContext, resource: ServedResource, subresource?: 'status'): Handler {
  const { kind } = resource;
  return async (request, response) => {
    const identity = identityOf(response);
    const key = keyOfPath(request);
    const sent = bodyOf(request);
    if (subresource) checkStatusIsReadable(sent);
    const duplicateFields: string[] = [];
    const object = placeObject(kind, readObject(sent, duplicateFields), key.namespace);
    checkName(object, key);
    await takeTurn(context.clock, sent);
    const options = { ...optionsOf(request, identity), ...subresourceOption(subresource), duplicateFields };
    const write = (body: JsonValue): Promise<WriteResult<ApiObject>> =>
      context.registry.replace(kind, key, body, options);
    const result =
      identity.role === 'node'
        ? await retryOnConflict(namesVersion(object), async () => {
            const current = await getVisible(context, resource, identity, key);
            const check = subresource ? checkReport : checkNodeWrite;
            check(identity, kind, current, object);
            return write(withVersion(object, current));
          })
        : await write(object);
    answer(context, request, response, resource, result);
  };
}

/** PATCH of an object or of its status, in the four ways of patch-body.ts. */
export function patchHandler(context: ApiContext, resource: ServedResource, subresource?: 'status'): Handler {
  const { kind } = resource;
  return async (request, response) => {
    const identity = identityOf(response);
    const key = keyOfPath(request);
    const body = bodyOf(request);
    const duplicateFields: string[] = [];
    const patch = readPatch(body, kind, duplicateFields);
    const options = { ...optionsOf(request, identity), ...subresourceOption(subresource), duplicateFields };
    await takeTurn(context.clock, body);
    if (patch.type === 'apply') {
      const result = await applyObject(context, request, kind, key, patch.object, options, identity.role === 'node');
      return answer(context, request, response, resource, result, result.created ? 201 : 200);
    }
    if (identity.role !== 'node' && patch.type !== 'strategic') {
      return answer(context, request, response, resource, await context.registry.patch(kind, key, patch, options));
    }
    if (identity.role === 'node' && patch.type === 'json') {
      throw new OrchError('Forbidden', `user "${identity.name}" cannot use JSON patches: send a merge patch`);
    }
    const result = await retryOnConflict(patchNamesVersion(patch), async () => {
      const current = await getVisible(context, resource, identity, key);
      const body = resolvePatch(patch, current, kind);
      if (identity.role === 'node') {
        const check = subresource ? checkReport : checkNodeWrite;
        check(identity, kind, current, applyMergePatch(current as unknown as JsonObject, body));
      }
      return context.registry.patch(kind, key, { type: 'merge', body: withVersion(body, current) }, options);
    });
    answer(context, request, response, resource, result);
  };
}

/** DELETE of one object. Answers the object while it goes on existing, and a Status once it is gone. */
export function deleteHandler(context: ApiContext, resource: ServedResource): Handler {
  const { kind } = resource;
  return async (request, response) => {
    const identity = identityOf(response);
    const key = keyOfPath(request);
    const options = deleteOptions(bodyOf(request), request.query as Query);
    const { object, gone } =
      identity.role === 'node'
        ? await retryOnConflict(options.preconditions?.resourceVersion !== undefined, async () => {
            const current = await getVisible(context, resource, identity, key);
            checkDelete(identity, kind, current, options);
            const { resourceVersion } = current.metadata;
            return context.registry.delete(kind, key, {
              ...options,
              preconditions: { resourceVersion, ...options.preconditions },
            });
          })
        : await context.registry.delete(kind, key, options);
    if (!gone) return sendObject(context, request, response, resource, object);
    const { name, uid } = object.metadata;
    const group = kind.group === '' ? {} : { group: kind.group };
    sendJson(response, 200, successStatus(200, { name, ...group, kind: kind.plural, uid }));
  };
}

function applyObject(
  context: ApiContext,
  request: Request,
  kind: Kind,
  key: ObjectKey,
  body: JsonObject,
  options: WriteOptions & SubresourceOption,
  isNode: boolean,
): Promise<WriteResult<ApiObject> & { created: boolean }> {
  const query = request.query as Query;
  const fieldManager = queryValue(query, 'fieldManager');
  if (!fieldManager) throw new OrchError('BadRequest', 'fieldManager is required for apply patch: ?fieldManager=NAME');
  if (isNode) {
    // Ownership of fields cannot be bound to the version that was checked, so workers merge instead.
    throw new OrchError('Forbidden', 'workers write with a merge patch, not with apply');
  }
  const object = placeObject(kind, body, key.namespace);
  checkName(object, key);
  return context.registry.apply(kind, key, object, {
    ...options,
    fieldManager,
    force: queryFlag(query, 'force'),
  });
}

function resolvePatch(patch: RequestedPatch, current: Stored, kind: Kind): JsonValue {
  if (patch.type === 'strategic') {
    return strategicToMergePatch(patch.body, current as unknown as JsonObject, kind);
  }
  return patch.type === 'merge' ? patch.body : null;
}

/**
 * The object with what the path says filled in. Throws BadRequest when the object says otherwise: it would land
 * somewhere else than meant.
 */
export function placeObject(kind: Kind, object: JsonObject, namespace: string | undefined): JsonObject {
  const apiVersion = object['apiVersion'] ?? apiVersionOf(kind);
  const kindName = object['kind'] ?? kind.kind;
  if (apiVersion !== apiVersionOf(kind) || kindName !== kind.kind) {
    const sent = shorten(`${text(apiVersion)} ${text(kindName)}`);
    throw new OrchError('BadRequest', `this path takes ${apiVersionOf(kind)} ${kind.kind}, not ${sent}`);
  }
  const metadata = object['metadata'] ?? {};
  if (namespace === undefined || !isJsonObject(metadata)) return { ...object, apiVersion, kind: kindName };
  const own = metadata['namespace'];
  if (own !== undefined && own !== '' && own !== namespace) {
    throw new OrchError(
      'BadRequest',
      `the namespace of the object ("${shorten(text(own))}") does not match the namespace on the request ("${namespace}")`,
    );
  }
  return { ...object, apiVersion, kind: kindName, metadata: { ...metadata, namespace } };
}

export function checkName(object: JsonObject, key: ObjectKey): void {
  const metadata = object['metadata'];
  const name = isJsonObject(metadata) ? metadata['name'] : undefined;
  if (name !== undefined && name !== key.name) {
    throw new OrchError(
      'BadRequest',
      `the name of the object ("${shorten(text(name))}") does not match the name on the URL ("${key.name}")`,
    );
  }
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

export function optionsOf(request: Request, identity: Identity): WriteOptions {
  return writeOptions(request.query as Query, request.headers['user-agent'], eventSourceOf(identity));
}

function subresourceOption(subresource: 'status' | undefined): SubresourceOption {
  return subresource === undefined ? {} : { subresource };
}

export function patchNamesVersion(patch: RequestedPatch): boolean {
  return patch.type === 'merge' || patch.type === 'strategic' ? namesVersion(patch.body) : false;
}

export function namesVersion(body: JsonValue): boolean {
  const metadata = isJsonObject(body) ? body['metadata'] : undefined;
  return (
    isJsonObject(metadata) && typeof metadata['resourceVersion'] === 'string' && metadata['resourceVersion'] !== ''
  );
}

/** The version that was checked becomes the precondition, unless the client named one. */
function withVersion(body: JsonValue, current: Stored): JsonValue {
  if (!isJsonObject(body) || namesVersion(body)) return body;
  const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
  return { ...body, metadata: { ...metadata, resourceVersion: current.metadata.resourceVersion } };
}

export function answer(
  context: ApiContext,
  request: Request,
  response: Response,
  resource: ServedResource,
  result: WriteResult<ApiObject>,
  status = 200,
): void {
  addWarnings(response, result.warnings);
  sendObject(context, request, response, resource, result.object, status);
}
