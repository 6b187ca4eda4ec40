import { OrchError } from '../support/errors.js';
import { taskEventKind } from '../model/task-event.js';
import { podKind } from '../model/pod.js';
import { taskKind } from '../model/task.js';
import type { ApiContext, Handler } from './api-context.js';
import { deleteCollectionHandler } from './delete-collection.js';
import { logHandler } from './streams/log-relay.js';
import { evictionHandler } from './pods/eviction.js';
import { getHandler, listHandler } from './read-handlers.js';
import type { RouteTable } from './route-table.js';
import { getScale, patchScale, replaceScale } from './scale.js';
import { verbsOf, type ServedResource } from './served-resource.js';
import { taskEventHandler } from './task-event-handler.js';
import {
  createView,
  deleteView,
  inWordsOf,
  isWritableView,
  patchView,
  replaceView,
  type WritableView,
} from './view-write-handlers.js';
import { patchViewStatus, replaceViewStatus } from './view-status-handlers.js';
import { createHandler, deleteHandler, patchHandler, replaceHandler } from './write-handlers.js';

/** The routes of one kind: Kubernetes' path family, generic over the table of kinds. */
export function addResourceRoutes(routes: RouteTable, context: ApiContext, resource: ServedResource): void {
  const { kind } = resource;
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const collection = kind.namespaced ? `${root}/namespaces/:namespace/${kind.plural}` : `${root}/${kind.plural}`;
  const item = `${collection}/:name`;
  const list = listHandler(context, resource);
  routes.add('get', collection, { type: 'resource', kind, verb: 'list' }, list);
  if (kind.namespaced) routes.add('get', `${root}/${kind.plural}`, { type: 'resource', kind, verb: 'list' }, list);
  const get = getHandler(context, resource);
  routes.add('get', item, { type: 'resource', kind, verb: 'get' }, resource.convert ? inWordsOf(resource, get) : get);
  if (isWritableView(resource)) return addViewWrites(routes, context, resource, collection);
  if (resource.convert) return; // other views are read-only

  const refused = kind.writtenBySystem === undefined ? undefined : refuse(kind.writtenBySystem);
  const create = kind === taskEventKind ? taskEventHandler(context) : createHandler(context, resource);
  const unchangeable = kind.keptAsReported === undefined ? refused : refuse(kind.keptAsReported);
  const [replace, patch] = [replaceHandler(context, resource), patchHandler(context, resource)];
  routes.add('post', collection, { type: 'resource', kind, verb: 'create' }, refused ?? create);
  routes.add('put', item, { type: 'resource', kind, verb: 'update' }, unchangeable ?? replace);
  routes.add('patch', item, { type: 'resource', kind, verb: 'patch' }, unchangeable ?? patch);
  routes.add('delete', item, { type: 'resource', kind, verb: 'delete' }, deleteHandler(context, resource));
  if (verbsOf(resource).includes('deletecollection')) {
    const access = { type: 'resource', kind, verb: 'deletecollection' } as const;
    routes.add('delete', collection, access, deleteCollectionHandler(context, resource));
  }
  if (kind.hasStatus) {
    const status = `${item}/status`;
    const access = { type: 'resource', kind, subresource: 'status' } as const;
    routes.add('get', status, { ...access, verb: 'get' }, getHandler(context, resource));
    const [replaceStatus, patchStatus] = [
      replaceHandler(context, resource, 'status'),
      patchHandler(context, resource, 'status'),
    ];
    routes.add('put', status, { ...access, verb: 'update' }, refused ?? replaceStatus);
    routes.add('patch', status, { ...access, verb: 'patch' }, refused ?? patchStatus);
  }
  if (kind.scale) {
    const scale = `${item}/scale`;
    const access = { type: 'resource', kind, subresource: 'scale' } as const;
    routes.add('get', scale, { ...access, verb: 'get' }, getScale(context, resource, kind.scale));
    routes.add('put', scale, { ...access, verb: 'update' }, replaceScale(context, resource, kind.scale));
    routes.add('patch', scale, { ...access, verb: 'patch' }, patchScale(context, resource, kind.scale));
  }
  if (kind === taskKind) addStreams(routes, context, resource, item);
}

/** The output of a container, and what goes on over a connection of its own (streams/upgrades.ts). */
function addStreams(routes: RouteTable, context: ApiContext, resource: ServedResource, item: string): void {
  const access = { type: 'resource', kind: resource.kind } as const;
  const log = logHandler(context);
  routes.add(
    'get',
    `${item}/log`,
    { ...access, verb: 'get', subresource: 'log' },
    resource.convert ? inWordsOf(resource, log) : log,
  );
  for (const subresource of ['exec', 'attach', 'portforward'] as const) {
    for (const method of ['get', 'post'] as const) {
      routes.add(method, `${item}/${subresource}`, { ...access, verb: 'create', subresource }, needsUpgrade);
    }
  }
}

function addViewWrites(routes: RouteTable, context: ApiContext, view: WritableView, collection: string): void {
  const { kind } = view;
  const item = `${collection}/:name`;
  const access = { type: 'resource', kind } as const;
  routes.add('post', collection, { ...access, verb: 'create' }, createView(context, view));
  routes.add('put', item, { ...access, verb: 'update' }, replaceView(context, view));
  routes.add('patch', item, { ...access, verb: 'patch' }, patchView(context, view));
  routes.add('delete', item, { ...access, verb: 'delete' }, deleteView(context, view));
  const all = { ...access, verb: 'deletecollection' } as const;
  routes.add('delete', collection, all, deleteCollectionHandler(context, view));
  // Most of the status is the worker's to report, on the stored object.
  const status = { ...access, verb: 'get', subresource: 'status' } as const;
  routes.add('get', `${item}/status`, status, inWordsOf(view, getHandler(context, view)));
  if (view.writer.statusToStored) {
    routes.add('put', `${item}/status`, { ...status, verb: 'update' }, replaceViewStatus(context, view));
    routes.add('patch', `${item}/status`, { ...status, verb: 'patch' }, patchViewStatus(context, view));
  }
  if (kind !== podKind) return;
  addStreams(routes, context, view, item);
  const evicts = { ...access, verb: 'create', subresource: 'eviction' } as const;
  routes.add('post', `${item}/eviction`, evicts, inWordsOf(view, evictionHandler(context)));
}

/** Of a kind that only the system writes. */
function refuse(why: string): Handler {
  return () => {
    throw new OrchError('MethodNotAllowed', why);
  };
}

/** What is served after an upgrade only (streams/upgrades.ts) says so to everybody else. */
export function needsUpgrade(): never {
  throw new OrchError('BadRequest', 'Upgrade request required: this path is served over a WebSocket or SPDY/3.1');
}
