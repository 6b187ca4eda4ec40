import { isJsonObject } from '../model/json.js';
import { apiVersionOf } from '../model/kind.js';
import { OrchError } from '../support/errors.js';
import { bodyOf, identityOf } from './api-context.js';
import { sendJson } from './object-response.js';
import { readObject } from './request-body.js';
import { reviews } from './reviews.js';
import type { RouteTable } from './route-table.js';
import type { ServedResource } from './served-resource.js';

/** POST of a review, by everybody about themselves: the object comes back with its status, and is not kept. */
export function addReviewRoutes(routes: RouteTable, resources: readonly ServedResource[]): void {
  for (const { resource, answer } of reviews) {
    const { kind } = resource;
    const apiVersion = apiVersionOf(kind);
    routes.add('post', `/apis/${apiVersion}/${kind.plural}`, { type: 'description' }, (request, response) => {
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
