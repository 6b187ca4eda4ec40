import type { Request, Response } from 'express';
import type { ObjectKey } from '../model/api-object.js';
import type { Registry } from '../registry/registry.js';
import type { Clock } from '../support/clock.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import type { Identity } from './identity.js';
import { mediaType, type RequestBody } from './request-body.js';
import type { TunnelHub } from './streams/tunnel-hub.js';
import type { WatchFrames } from './watch-frames.js';
import { own } from '../support/own.js';

/** What handlers work with. */
export interface ApiContext {
  registry: Registry;
  clock: Clock;
  random: Random;
  logger: Logger;
  frames: WatchFrames;
  tunnels: TunnelHub;
  /** Ends each open watch or log, for a clean shutdown. */
  openStreams: Set<() => void>;
}

export type Handler = (request: Request, response: Response) => void | Promise<void>;

/** Set by the authentication in front of every route but the anonymous ones. */
export function identityOf(response: Response): Identity {
  return response.locals['identity'] as Identity;
}

/** The namespace and name in a path; namespace stays absent for cluster-scoped kinds. */
export function keyOfPath(request: Request): ObjectKey {
  const namespace = pathParameter(request, 'namespace');
  const name = pathParameter(request, 'name') ?? '';
  return namespace === undefined ? { name } : { namespace, name };
}

export function pathParameter(request: Request, name: string): string | undefined {
  const value = own(request.params, name);
  return typeof value === 'string' ? value : undefined;
}

export function bodyOf(request: Request): RequestBody {
  const body: unknown = request.body;
  return {
    bytes: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
    contentType: mediaType(request.headers['content-type']),
  };
}
