import { keyOf } from '../model/api-object.js';
import type { Stored } from '../model/api-object.js';
import { compileSelectors } from '../model/selectors.js';
import type { DeleteOptions, ListOptions } from '../registry/registry.js';
import { isOrchError } from '../support/errors.js';
import { bodyOf, pathParameter, type ApiContext, type Handler } from './api-context.js';
import { deleteOptions } from './delete-body.js';
import { sendJson } from './object-response.js';
import { listOptions, type Query } from './query.js';
import { present, type ServedResource } from './served-resource.js';
import { successStatus } from './status.js';

const deletionsAtOnce = 32;

/**
 * DELETE of a collection: every object that the selectors match when it begins, each as if it had been deleted by name. What
 * goes meanwhile is passed over; the first refusal ends it.
 */
export function deleteCollectionHandler(context: ApiContext, resource: ServedResource): Handler {
  const { kind } = resource;
  return async (request, response) => {
    const query = request.query as Query;
    const options = deleteOptions(bodyOf(request), query);
    const items = await matching(context, resource, listOptions(query, pathParameter(request, 'namespace')));
    for (let start = 0; start < items.length; start += deletionsAtOnce) {
      await Promise.all(
        items.slice(start, start + deletionsAtOnce).map(async (item) => {
          const preconditions: DeleteOptions['preconditions'] = { ...options.preconditions, uid: item.metadata.uid };
          try {
            await context.registry.delete(resource.stored, keyOf(item), { ...options, preconditions });
          } catch (error) {
            if (!isOrchError(error, 'NotFound')) throw error;
          }
        }),
      );
    }
    sendJson(response, 200, successStatus(200, { ...(kind.group && { group: kind.group }), kind: kind.plural }));
  };
}

/** The stored objects; selectors of a view speak of the served shape. */
async function matching(context: ApiContext, resource: ServedResource, options: ListOptions): Promise<Stored[]> {
  if (!resource.convert) return (await context.registry.list(resource.kind, options)).items;
  const matches = compileSelectors(resource.kind, options);
  const scope = options.namespace === undefined ? {} : { namespace: options.namespace };
  const { items } = await context.registry.list(resource.stored, scope);
  return items.filter((item) => matches(present(resource, item)));
}
