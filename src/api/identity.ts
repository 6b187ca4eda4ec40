/** Who asks, as proven by a bearer token. What each may do is decided in authorization.ts. */
export type Identity =
  | { role: 'admin'; name: 'system:admin' }
  /** May do one thing: turn a worker's name into that worker's own token. */
  | { role: 'join'; name: 'system:join' }
  | { role: 'node'; name: string; nodeName: string };

export const adminIdentity: Identity = { role: 'admin', name: 'system:admin' };
export const joinIdentity: Identity = { role: 'join', name: 'system:join' };

export function nodeIdentity(nodeName: string): Identity {
  return { role: 'node', name: `system:node:${nodeName}`, nodeName };
}

/** Who did it, as TaskEvents tell: `worker/NAME`, or the name of whoever else. */
export function eventSourceOf(identity: Identity): string {
  return identity.role === 'node' ? `worker/${identity.nodeName}` : identity.name;
}

/** Knows tokens. Asked before every route and every upgrade. */
export interface Authenticator {
  /** Undefined when the token is not one of this cluster. Takes as long for a nearly right token as for a wrong one. */
  authenticate(token: string): Identity | undefined;
  /** The token of the worker with this name; always the same one for one name. */
  issueNodeToken(nodeName: string): string;
}

/** What a worker may be called: a DNS-1123 subdomain, as every object. */
export function isNodeName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);
}
