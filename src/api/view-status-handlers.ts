import type { ObjectKey, Stored } from '../model/api-object.js';
import type { JsonObject } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import type { ApiObject } from '../model/api-object.js';
import { preconditionFailed } from '../registry/registry-errors.js';
import type { WriteOptions, WriteResult } from '../registry/registry.js';
import { toTimestamp } from '../support/clock.js';
import { bodyOf, identityOf, keyOfPath, type ApiContext, type Handler } from './api-context.js';
import { retryOnConflict } from './optimistic-retry.js';
import { readPatch } from './patch-body.js';
import { getVisible } from './read-handlers.js';
import { checkStatusIsReadable, readObject, takeTurn } from './request-body.js';
import { present } from './served-resource.js';
import { answer, checkName, namesVersion, optionsOf, patchNamesVersion, placeObject } from './write-handlers.js';
import { inWordsOf, patched, shown, type WritableView } from './view-write-handlers.js';

/**
 * Writes to the status of a view. Of what is sent the view's writer takes what clients may say; all else of the stored
 * status stays. Always holds: the stored object that a change was worked out from is the one that is replaced.
 */
export function replaceViewStatus(context: ApiContext, view: WritableView): Handler {
  return inWordsOf(view, async (request, response) => {
    const identity = identityOf(response);
    const key = keyOfPath(request);
    const body = bodyOf(request);
    checkStatusIsReadable(body);
    const duplicateFields: string[] = [];
    const sent = placeObject(view.kind, readObject(body, duplicateFields), key.namespace);
    checkName(sent, key);
    await takeTurn(context.clock, body);
    const options = { ...optionsOf(request, identity), duplicateFields };
    const result = await retryOnConflict(namesVersion(sent), async () => {
      const current = await getVisible(context, view, identity, key);
      return writeStatus(context, view, key, current, sent, options);
    });
    answer(context, request, response, view, result);
  });
}

/** Server-side apply is taken as a merge of the conditions that it names: who owns them is not recorded. */
export function patchViewStatus(context: ApiContext, view: WritableView): Handler {
  return inWordsOf(view, async (request, response) => {
    const identity = identityOf(response);
    const key = keyOfPath(request);
    const body = bodyOf(request);
    const duplicateFields: string[] = [];
    const requested = readPatch(body, view.kind, duplicateFields);
    const patch =
      requested.type === 'apply'
        ? ({ type: 'strategic', body: placeObject(view.kind, requested.object, key.namespace) } as const)
        : requested;
    await takeTurn(context.clock, body);
    const options = { ...optionsOf(request, identity), duplicateFields };
    const result = await retryOnConflict(patchNamesVersion(patch), async () => {
      const current = await getVisible(context, view, identity, key);
      return writeStatus(context, view, key, current, patched(view, present(view, current), patch), options);
    });
    answer(context, request, response, view, result);
  });
}

async function writeStatus(
  context: ApiContext,
  view: WritableView,
  key: ObjectKey,
  current: Stored,
  wanted: JsonObject,
  { duplicateFields = [], ...options }: WriteOptions,
): Promise<WriteResult<ApiObject>> {
  const metadata = isJsonObject(wanted['metadata']) ? wanted['metadata'] : {};
  const { uid } = present(view, current).metadata;
  const sentUid = metadata['uid'];
  if (typeof sentUid === 'string' && sentUid !== '' && sentUid !== uid) {
    throw preconditionFailed(view.kind, key.name, 'UID', sentUid, uid);
  }
  const at = toTimestamp(context.clock.now());
  const { status, warnings } = view.writer.statusToStored?.(current, wanted, { ...options, duplicateFields, at }) ?? {
    status: {},
    warnings: [],
  };
  const { resourceVersion } = current.metadata;
  const versioned = {
    ...(current as unknown as JsonObject),
    metadata: { ...current.metadata, resourceVersion: metadata['resourceVersion'] ?? resourceVersion },
    status,
  };
  const result = await context.registry.replace(view.stored, key, versioned, { ...options, subresource: 'status' });
  return shown(view, result, warnings);
}
