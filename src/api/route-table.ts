import type { Express, RequestHandler } from 'express';
import { OrchError } from '../support/errors.js';
import { objectForm } from './accept.js';
import type { Admission } from './admission.js';
import { identityOf, pathParameter, type Handler } from './api-context.js';
import { authorize, type RouteAccess } from './authorization.js';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/**
 * Adds routes to express. There is no way to add one without saying what it does: that is what the caller's permission
 * is checked against before its handler runs.
 */
export class RouteTable {
  readonly #app: Express;
  readonly #admission: Admission;
  readonly #paths = new Map<string, Method[]>();

  /** `admission` is what a request passes between its permission and its handler. */
  constructor(app: Express, admission: Admission) {
    this.#app = app;
    this.#admission = admission;
  }

  add(method: Method, path: string, access: RouteAccess, handler: Handler): void {
    this.#paths.set(path, [...(this.#paths.get(path) ?? []), method]);
    const permission: RequestHandler = (request, response, next) => {
      authorize(identityOf(response), access, pathParameter(request, 'name'));
      // Who does not accept the answer to a write must hear of it before it is done.
      if (access.type === 'resource' && method !== 'get') objectForm(request.headers.accept);
      next();
    };
    this.#app[method](path, permission, ...this.#admission(access), (request, response) => handler(request, response));
  }

  /** Answers the other methods of known paths with 405, and unknown paths with 404. Call it once, after the last add(). */
  seal(): void {
    for (const [path, methods] of this.#paths) {
      this.#app.all(path, (request, response) => {
        response.set('Allow', methods.map((method) => method.toUpperCase()).join(', '));
        throw new OrchError('MethodNotAllowed', `the server does not allow ${request.method} on this path`);
      });
    }
    this.#app.use(() => {
      throw new OrchError('NotFound', 'the server could not find the requested resource');
    });
  }
}
