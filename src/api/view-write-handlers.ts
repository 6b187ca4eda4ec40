import type { Request } from 'express';
import type { ApiObject, ObjectKey, Stored } from '../model/api-object.js';
import { isJsonObject, type JsonObject } from '../model/json.js';
import { resourceName } from '../model/kind.js';
import { applyJsonPatch } from '../registry/json-patch.js';
import { applyMergePatch } from '../registry/merge-patch.js';
import { invalid, preconditionFailed } from '../registry/registry-errors.js';
import type { WriteOptions, WriteResult } from '../registry/registry.js';
import { isOrchError, OrchError } from '../support/errors.js';
import { bodyOf, identityOf, keyOfPath, pathParameter, type ApiContext, type Handler } from './api-context.js';
import { deleteOptions } from './delete-body.js';
import { sendObject } from './object-response.js';
import { retryOnConflict } from './optimistic-retry.js';
import { readPatch, type RequestedPatch } from './patch-body.js';
import { queryFlag, queryValue, type Query } from './query.js';
import { getVisible } from './read-handlers.js';
import { readObject, takeTurn } from './request-body.js';
import { present, type ServedResource, type ViewWriter } from './served-resource.js';
import { strategicToMergePatch } from './strategic-merge/strategic-merge.js';
import { answer, checkName, namesVersion, optionsOf, patchNamesVersion, placeObject } from './write-handlers.js';

/**
 * Writes to a view: what arrives speaks of the served shape, what is written is the stored object, what is answered is the
 * view again. Always holds: the stored object that a change was worked out from is the one that is replaced.
 */
export type WritableView = ServedResource & { writer: ViewWriter };

export function isWritableView(resource: ServedResource): resource is WritableView {
  return resource.writer !== undefined;
}

export function createView(context: ApiContext, view: WritableView): Handler {
  return inWordsOf(view, async (request, response) => {
    const options = optionsOf(request, identityOf(response));
    const body = bodyOf(request);
    const duplicateFields: string[] = [];
    const sent = placeObject(view.kind, readObject(body, duplicateFields), pathParameter(request, 'namespace'));
    await takeTurn(context.clock, body);
    const { object, warnings } = view.writer.toStored(sent, { ...options, duplicateFields });
    const result = await context.registry.create(view.stored, object, options);
    answer(context, request, response, view, shown(view, result, warnings), 201);
  });
}

export function replaceView(context: ApiContext, view: WritableView): Handler {
  return inWordsOf(view, async (request, response) => {
    const identity = identityOf(response);
    const key = keyOfPath(request);
    const body = bodyOf(request);
    const duplicateFields: string[] = [];
    const sent = placeObject(view.kind, readObject(body, duplicateFields), key.namespace);
    checkName(sent, key);
    await takeTurn(context.clock, body);
    const options = optionsOf(request, identity);
    const result = await retryOnConflict(namesVersion(sent), async () => {
      const current = await getVisible(context, view, identity, key);
      return write(context, view, key, current, sent, { ...options, duplicateFields });
    });
    answer(context, request, response, view, result);
  });
}

export function patchView(context: ApiContext, view: WritableView): Handler {
  return inWordsOf(view, async (request, response) => {
    const identity = identityOf(response);
    const key = keyOfPath(request);
    const body = bodyOf(request);
    const duplicateFields: string[] = [];
    const patch = readPatch(body, view.kind, duplicateFields);
    await takeTurn(context.clock, body);
    const options = optionsOf(request, identity);
    if (patch.type === 'apply') {
      const { created, ...result } = await applyView(context, request, view, key, patch.object, {
        ...options,
        duplicateFields,
      });
      return answer(context, request, response, view, result, created ? 201 : 200);
    }
    const result = await retryOnConflict(patchNamesVersion(patch), async () => {
      const current = await getVisible(context, view, identity, key);
      const wanted = patched(view, present(view, current), patch);
      return write(context, view, key, current, wanted, { ...options, duplicateFields });
    });
    answer(context, request, response, view, result);
  });
}

/**
 * A uid in the preconditions is the view's, which need not be the stored object's. The answer is the object also when it is
 * gone at once: Kubernetes answers a Pod, and typed clients read nothing else.
 */
export function deleteView(context: ApiContext, view: WritableView): Handler {
  return inWordsOf(view, async (request, response) => {
    const identity = identityOf(response);
    const key = keyOfPath(request);
    const options = deleteOptions(bodyOf(request), request.query as Query);
    const object = await deleteShown(context, view, key, options, identity);
    sendObject(context, request, response, view, present(view, object));
  });
}

async function deleteShown(
  context: ApiContext,
  view: WritableView,
  key: ObjectKey,
  options: ReturnType<typeof deleteOptions>,
  identity: ReturnType<typeof identityOf>,
): Promise<Stored> {
  const { uid, resourceVersion } = options.preconditions ?? {};
  if (uid === undefined) return (await context.registry.delete(view.stored, key, options)).object;
  return retryOnConflict(resourceVersion !== undefined, async () => {
    const current = await getVisible(context, view, identity, key);
    const shownUid = present(view, current).metadata.uid;
    if (uid !== shownUid) throw preconditionFailed(view.kind, key.name, 'UID', uid, shownUid);
    const preconditions = {
      uid: current.metadata.uid,
      resourceVersion: resourceVersion ?? current.metadata.resourceVersion,
    };
    return (await context.registry.delete(view.stored, key, { ...options, preconditions })).object;
  });
}

async function write(
  context: ApiContext,
  view: WritableView,
  key: ObjectKey,
  current: Stored,
  wanted: JsonObject,
  { duplicateFields = [], ...options }: WriteOptions,
): Promise<WriteResult<ApiObject>> {
  const { object, warnings } = view.writer.update(current, wanted, { ...options, duplicateFields });
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  const { resourceVersion } = current.metadata;
  const versioned = {
    ...object,
    metadata: { ...metadata, resourceVersion: metadata['resourceVersion'] ?? resourceVersion },
  };
  return shown(view, await context.registry.replace(view.stored, key, versioned, options), warnings);
}

/** Fields are owned as those of the stored object. What the view may not change is found out in a dry run before. */
async function applyView(
  context: ApiContext,
  request: Request,
  view: WritableView,
  key: ObjectKey,
  body: JsonObject,
  { duplicateFields = [], ...options }: WriteOptions,
): Promise<WriteResult<ApiObject> & { created: boolean }> {
  const query = request.query as Query;
  const fieldManager = queryValue(query, 'fieldManager');
  if (!fieldManager) throw new OrchError('BadRequest', 'fieldManager is required for apply patch: ?fieldManager=NAME');
  const sent = placeObject(view.kind, body, key.namespace);
  checkName(sent, key);
  const { object: converted, warnings } = view.writer.toStored(sent, { ...options, duplicateFields });
  const applyOptions = { ...options, fieldManager, force: queryFlag(query, 'force') };
  const current = await context.registry.get(view.stored, key).catch((error: unknown) => {
    if (isOrchError(error, 'NotFound')) return undefined;
    throw error;
  });
  const object = (current && view.writer.inWordsOf?.(current, converted)) ?? converted;
  if (current) {
    const outcome = await context.registry.apply(view.stored, key, object, { ...applyOptions, dryRun: true });
    view.writer.update(current, present(view, outcome.object) as unknown as JsonObject, {
      fieldValidation: 'Ignore',
    });
  }
  const { created, ...result } = await context.registry.apply(view.stored, key, object, applyOptions);
  return { ...shown(view, result, warnings), created };
}

/** The object of the view with the patch in it. */
export function patched(
  view: ServedResource,
  object: Stored,
  patch: Exclude<RequestedPatch, { type: 'apply' }>,
): JsonObject {
  const target = object as unknown as JsonObject;
  if (patch.type === 'json') return applyJsonPatch(view.kind, object.metadata.name, target, patch.operations);
  const body = patch.type === 'strategic' ? strategicToMergePatch(patch.body, target, view.kind) : patch.body;
  return applyMergePatch(target, body);
}

/** What was written, as the view shows it. */
export function shown(
  view: ServedResource,
  { object, changed, warnings }: WriteResult<ApiObject>,
  more: readonly string[],
): WriteResult<ApiObject> {
  return { object: present(view, object), changed, warnings: [...more, ...warnings] };
}

/** What the registry says of the stored kind is told in the words of the view. */
export function inWordsOf(view: ServedResource, handler: Handler): Handler {
  return async (request, response) => {
    await translated(
      view,
      Promise.resolve().then(() => handler(request, response)),
    );
  };
}

/** The same for anything that asks the registry. */
export async function translated<T>(view: ServedResource, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isOrchError(error) ? translateError(error, view) : error;
  }
}

/** Pure. */
function translateError(error: OrchError, { kind, stored, asCauseOf }: ServedResource): OrchError {
  const { group, ...details } = error.details;
  const kindName = details.kind === stored.plural ? kind.plural : details.kind === stored.kind ? kind.kind : undefined;
  if (kindName === undefined || (group ?? '') !== stored.group) return error;
  if (error.code === 'Invalid' && details.causes && asCauseOf) {
    return invalid(kind, details.name ?? '', details.causes.map(asCauseOf));
  }
  const message = error.message
    .replaceAll(resourceName(stored), resourceName(kind))
    .replace(`${stored.kind}.${stored.group} "`, `${kind.kind} "`);
  return new OrchError(error.code, message, {
    ...details,
    kind: kindName,
    ...(kind.group === '' ? {} : { group: kind.group }),
  });
}
