import { configMapKind } from '../model/config-map.js';
import { resourceName, type Kind } from '../model/kind.js';
import { nodeKind } from '../model/node.js';
import { secretKind } from '../model/secret.js';
import { taskEventKind } from '../model/task-event.js';
import { taskKind } from '../model/task.js';
import { OrchError } from '../support/errors.js';
import type { Identity } from './identity.js';

export const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const;
export type Verb = (typeof verbs)[number];
export type Subresource = 'status' | 'scale' | 'log' | 'exec' | 'attach' | 'portforward' | 'eviction';

/** What a route does, as far as permission goes. Every route names this when it is added. */
export type RouteAccess =
  /** Discovery, OpenAPI, health: the same for everybody who is known. */
  | { type: 'description' }
  | { type: 'resource'; kind: Kind; verb: Verb; subresource?: Subresource }
  /** Everything, secrets included: for admins only. */
  | { type: 'backup' }
  | { type: 'worker'; action: 'join' | 'heartbeat' | 'tunnel' };

/**
 * Throws Forbidden unless the identity may use the route. For workers this is the first gate only: node-scope.ts narrows
 * it to the worker's own objects. Pure.
 */
export function authorize(identity: Identity, access: RouteAccess, name: string | undefined): void {
  if (!isAllowed(identity, access, name)) {
    throw new OrchError(
      'Forbidden',
      `${resourceText(access, name)} is forbidden: user "${identity.name}" cannot ${verbText(access)} it`,
    );
  }
}

/** Whether the identity may use the route; `name` is the object's, where the path or the question has one. Pure. */
export function isAllowed(identity: Identity, access: RouteAccess, name: string | undefined): boolean {
  switch (identity.role) {
    case 'admin':
      return true;
    case 'join':
      return access.type === 'worker' && access.action === 'join';
    case 'node':
      if (access.type === 'description') return true;
      if (access.type === 'backup') return false;
      if (access.type === 'worker') return name === identity.nodeName;
      return nodeMay(identity.nodeName, access, name);
  }
}

function nodeMay(nodeName: string, access: RouteAccess & { type: 'resource' }, name: string | undefined): boolean {
  const { kind, verb, subresource } = access;
  const reads = verb === 'get' || verb === 'list' || verb === 'watch';
  if (subresource !== undefined && subresource !== 'status') return false;
  if (kind === nodeKind) {
    if (name !== undefined && name !== nodeName) return false;
    // It is made when the worker joins.
    return reads || verb === 'update' || verb === 'patch';
  }
  if (kind === taskKind) {
    if (subresource === 'status') return reads || verb === 'update' || verb === 'patch';
    return reads || verb === 'delete';
  }
  // One at a time, for a task of its own that names it.
  if (kind === configMapKind || kind === secretKind) return verb === 'get' && name !== undefined;
  return kind === taskEventKind && verb === 'create';
}

function resourceText(access: RouteAccess, name: string | undefined): string {
  const quoted = name === undefined ? '' : ` "${name.slice(0, 80)}"`;
  if (access.type === 'description' || access.type === 'backup') return 'this path';
  if (access.type === 'worker') return `worker${quoted}`;
  const subresource = access.subresource === undefined ? '' : `/${access.subresource}`;
  return `${resourceName(access.kind)}${subresource}${quoted}`;
}

function verbText(access: RouteAccess): string {
  return access.type === 'resource' ? access.verb : access.type === 'worker' ? access.action : 'get';
}
