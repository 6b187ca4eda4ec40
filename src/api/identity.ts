import type { IncomingMessage } from 'node:http';
import type { StoredJoinToken } from '../model/join-token.js';

/** Who asks, as proven by a bearer token or a client certificate. What each may do is decided in authorization.ts. */
export type Identity =
  | { role: 'admin'; name: 'system:admin' }
  /** May do one thing: ask to become a worker. Whether the token lets this one join is decided there. */
  | { role: 'join'; name: 'system:join'; token: StoredJoinToken }
  | { role: 'node'; name: string; nodeName: string; nodeUid: string };

export const adminIdentity: Identity = { role: 'admin', name: 'system:admin' };

export function joinIdentity(token: StoredJoinToken): Identity {
  return { role: 'join', name: 'system:join', token };
}

export function nodeIdentity(nodeName: string, nodeUid: string): Identity {
  return { role: 'node', name: `system:node:${nodeName}`, nodeName, nodeUid };
}

/** Who did it, as TaskEvents tell: `worker/NAME`, or the name of whoever else. */
export function eventSourceOf(identity: Identity): string {
  return identity.role === 'node' ? `worker/${identity.nodeName}` : identity.name;
}

/** A request, as far as it says who asks: the connection, and the path that it is for. */
export type Caller = Pick<IncomingMessage, 'socket' | 'url'>;

/** Knows who may come in. Asked before every route and every upgrade, so that what was taken away counts at once. */
export interface Authenticator {
  /**
   * Undefined for nobody of this cluster; rejects with Unauthorized for nobody who can be told why (a join token that has ended).
   * A token decides alone; without one the certificate of the connection does. Takes as long for a nearly right token as
   * for a wrong one.
   */
  authenticate(token: string | undefined, caller: Caller): Promise<Identity | undefined>;
}

/** What a worker may be called: a DNS-1123 subdomain, as every object, that also fits into the label with its hostname. */
export function isNodeName(name: string): boolean {
  return name.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);
}
