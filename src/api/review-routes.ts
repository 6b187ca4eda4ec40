import { isJsonObject } from '../model/json.js';
import { apiVersionOf } from '../model/kind.js';
import { OrchError } from '../support/errors.js';
import { objectForm } from './accept.js';
import { bodyOf, identityOf } from './api-context.js';
import { sendJson } from './object-response.js';
import { readObject } from './request-body.js';
import { reviews } from './reviews.js';
import type { RouteTable } from './route-table.js';
import type { ServedResource } from './served-resource.js';

/** POST of a review, by everybody about themselves and by admins about others: the object comes back with its status, and is not kept. */
export function addReviewRoutes(routes: RouteTable, resources: readonly ServedResource[]): void {
  for (const { resource, answer, adminOnly } of reviews) {
    const { kind } = resource;
    const apiVersion = apiVersionOf(kind);
    const collection = `/apis/${apiVersion}/${kind.namespaced ? 'namespaces/:namespace/' : ''}${kind.plural}`;
    const access = adminOnly
      ? ({ type: 'resource', kind, verb: 'create' } as const)
      : ({ type: 'description' } as const);
    routes.add('post', collection, access, (request, response) => {
      checkForm(request.headers.accept);
      const sent = readObject(bodyOf(request));
      if ((sent['kind'] ?? kind.kind) !== kind.kind) {
        throw new OrchError('BadRequest', `this path takes a ${kind.kind}`);
      }
      const spec = isJsonObject(sent['spec']) ? sent['spec'] : {};
      const status = answer(identityOf(response), spec, resources);
      sendJson(response, 201, { ...sent, apiVersion, kind: kind.kind, metadata: sent['metadata'] ?? {}, status });
    });
  }
}

/** A review is an answer, no object: there is no table of it. */
function checkForm(accept: string | undefined): void {
  if (objectForm(accept).as === 'object') return;
  throw new OrchError('NotAcceptable', 'only application/json is served of a review: ask for it in the Accept header');
}
