import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import { RefusalLog } from './access/refusal-log.js';
import { createAdmission } from './admission.js';
import type { ApiContext } from './api-context.js';
import { anonymousPaths, authenticateRequest } from './authentication.js';
import { addDescriptionRoutes, healthHandler } from './description-routes.js';
import { backupHandler, type ReadManagerFiles } from './backup-handler.js';
import type { HeartbeatSink } from './heartbeat-sink.js';
import type { Authenticator } from './identity.js';
import { sendJson } from './object-response.js';
import { addResourceRoutes, needsUpgrade } from './resource-routes.js';
import { addReviewRoutes } from './review-routes.js';
import { reviews } from './reviews.js';
import { RouteTable } from './route-table.js';
import { servedResources } from './served-resources.js';
import { failureStatus, toOrchError } from './status.js';
import { versionInfo } from './version.js';
import { listPathOfWatch } from './watch-path.js';
import { heartbeatHandler, joinHandler, type Admissions } from './worker-handlers.js';

export interface AppOptions {
  context: ApiContext;
  authenticator: Authenticator;
  admissions: Admissions;
  heartbeats: HeartbeatSink;
  version: string;
  readManagerFiles: ReadManagerFiles;
}

/**
 * The manager's HTTP door as an express application. A request passes, in this order: identification of the cluster,
 * the anonymous paths, the old paths of watches, authentication, permission, the limit on requests in flight,
 * the body reader, its handler. Who is not known is answered once: the connection is closed then.
 */
export function createApp(options: AppOptions): Express {
  const { context, authenticator, admissions, heartbeats, version, readManagerFiles } = options;
  const { registry, logger } = context;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');

  app.use(helmet());
  app.use((_request, response, next) => {
    response.set('X-Orch-Cluster-Uid', registry.clusterUid);
    if (registry.restoreUid !== undefined) response.set('X-Orch-Restore-Uid', registry.restoreUid);
    next();
  });
  app.use([...anonymousPaths], async (request, response, next) => {
    const isKnown = await authenticateRequest(request, authenticator).then(
      () => true,
      () => false,
    );
    if (!isKnown) response.set('Connection', 'close');
    next();
  });
  for (const path of anonymousPaths) {
    if (path === '/version') app.get(path, (_request, response) => sendJson(response, 200, versionInfo(version)));
    else app.get(path, healthHandler(registry, path));
  }
  app.use((request, _response, next) => {
    if (request.method === 'GET') request.url = listPathOfWatch(request.url) ?? request.url;
    next();
  });
  app.use(authentication(authenticator, context));

  const routes = new RouteTable(app, createAdmission(context.clock));
  addDescriptionRoutes(routes, [...servedResources, ...reviews.map(({ resource }) => resource)], version);
  for (const resource of servedResources) addResourceRoutes(routes, context, resource);
  addReviewRoutes(routes, servedResources);
  const worker = '/apis/orch.dev/v1/workers/:name';
  routes.add('post', `${worker}/join`, { type: 'worker', action: 'join' }, joinHandler(admissions));
  routes.add('post', `${worker}/heartbeat`, { type: 'worker', action: 'heartbeat' }, heartbeatHandler(heartbeats));
  routes.add('get', `${worker}/tunnel`, { type: 'worker', action: 'tunnel' }, needsUpgrade);
  routes.add('get', '/apis/orch.dev/v1/backup', { type: 'backup' }, backupHandler(context, version, readManagerFiles));
  routes.seal();
  app.use(errorHandler(logger));
  return app;
}

function authentication(authenticator: Authenticator, { logger, clock }: ApiContext): RequestHandler {
  const refusals = new RefusalLog(logger, clock);
  return async (request, response, next) => {
    try {
      response.locals['identity'] = await authenticateRequest(request, authenticator);
    } catch (error) {
      const node = /\/workers\/([^/]*)\/join$/.exec(request.path)?.[1];
      if (node !== undefined && isOrchError(error)) {
        refusals.tell('join refused', { node, address: request.socket.remoteAddress, reason: error.message });
      }
      throw error;
    }
    next();
  };
}

function errorHandler(logger: Logger): ErrorRequestHandler {
  // Express knows error handlers by their four parameters.
  return (thrown: unknown, request, response, _next) => {
    const { error, unexpected } = toOrchError(thrown);
    if (unexpected) logger.error('request failed', { method: request.method, path: request.path, error: thrown });
    if (response.headersSent) return void response.destroy();
    const { retryAfterSeconds } = error.details;
    if (retryAfterSeconds !== undefined) response.set('Retry-After', String(retryAfterSeconds));
    if (error.code === 'Unauthorized') response.set('WWW-Authenticate', 'Bearer');
    // The rest of a refused body is not worth reading.
    if (error.code === 'RequestEntityTooLarge' || error.code === 'Unauthorized') response.set('Connection', 'close');
    sendJson(response, error.httpStatus, failureStatus(error));
  };
}
