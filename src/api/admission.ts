import type { Socket } from 'node:net';
import express, { type RequestHandler } from 'express';
import type { Clock } from '../support/clock.js';
import { OrchError } from '../support/errors.js';
import { identityOf } from './api-context.js';
import type { RouteAccess } from './authorization.js';
import type { Identity } from './identity.js';
import { InFlightLimit } from './in-flight-limit.js';
import { maxBodyBytes } from './request-body.js';

/**
 * What a request passes once it is known who asks and that they may: the limit on requests in flight, then its body. Always
 * holds: the admin, workers and who wants to join each have places that nobody else can take, and no worker takes all of
 * theirs; heartbeats have their own; a body that does not come gives its place back.
 */
export type Admission = (access: RouteAccess) => RequestHandler[];

/** Requests that are answered at once, by who asks. Each may hold a body: together they bound the memory of bodies. */
const shortLimits: Readonly<Record<Identity['role'], { total: number; perIdentity: number }>> = {
  admin: { total: 192, perIdentity: 192 },
  node: { total: 256, perIdentity: 64 },
  join: { total: 64, perIdentity: 48 },
};
/** Those that stay open: watches and logs. */
const longLimits = { total: 20_000, perIdentity: 10_000 };
/** A worker sends one at a time: no flood, not even its own of other requests, makes it look dead. */
const heartbeatLimits = { total: 20_000, perIdentity: 8 };

/** Two MiB within this is what a bad line carries. */
const bodyDeadlineMilliseconds = 15_000;

/** One for all routes of a server: the places are counted over all of them. */
export function createAdmission(clock: Clock): Admission {
  const short = {
    admin: new InFlightLimit(shortLimits.admin),
    node: new InFlightLimit(shortLimits.node),
    join: new InFlightLimit(shortLimits.join),
  };
  const long = new InFlightLimit(longLimits);
  const heartbeats = new InFlightLimit(heartbeatLimits);
  const leaveAtEnd = leaveAtEndOfConnections();
  const body = bodyWithDeadline(clock);
  return (access) => {
    const enter: RequestHandler = (request, response, next) => {
      const identity = identityOf(response);
      const stays = isLog(access) || (request.method === 'GET' && request.query['watch'] !== undefined);
      const limit = isHeartbeat(access) ? heartbeats : stays ? long : short[identity.role];
      // Who hung up while their identity was looked up: the end of this connection has been told already.
      if (request.socket.destroyed) return;
      const leave = leaveAtEnd(request.socket, limit.enter(placeOf(identity)));
      response.once('close', leave);
      next();
    };
    return [enter, body];
  };
}

function isHeartbeat(access: RouteAccess): boolean {
  return access.type === 'worker' && access.action === 'heartbeat';
}

function isLog(access: RouteAccess): boolean {
  return access.type === 'resource' && access.subresource === 'log';
}

/** Join tokens are counted each for itself. */
function placeOf(identity: Identity): string {
  return identity.role === 'join' ? `${identity.name}:${identity.token.metadata.name}` : identity.name;
}

/**
 * Node tells no end of an answer that waits behind another on a connection that is cut: its place would never come back. One
 * listener a connection, however many requests come over it.
 */
function leaveAtEndOfConnections(): (socket: Socket, leave: () => void) => () => void {
  const entered = new WeakMap<Socket, Set<() => void>>();
  return (socket, leave) => {
    let leaving = entered.get(socket);
    if (!leaving) {
      const all = new Set<() => void>();
      entered.set(socket, (leaving = all));
      socket.once('close', () => all.forEach((each) => each()));
    }
    const mine = leaving.add(leave);
    return () => {
      mine.delete(leave);
      leave();
    };
  };
}

function bodyWithDeadline(clock: Clock): RequestHandler {
  const read = express.raw({ type: () => true, limit: maxBodyBytes, inflate: false });
  return (request, response, next) => {
    let isOver = false;
    const finish = (error?: unknown): void => {
      if (isOver) return;
      isOver = true;
      deadline.cancel();
      next(error);
    };
    const tooLate = (): void => {
      // The rest is not waited for.
      response.set('Connection', 'close');
      const seconds = bodyDeadlineMilliseconds / 1000;
      finish(new OrchError('Timeout', `the request body did not arrive within ${seconds} s: send it anew`));
    };
    const deadline = clock.setTimer(tooLate, bodyDeadlineMilliseconds);
    void read(request, response, finish);
  };
}
