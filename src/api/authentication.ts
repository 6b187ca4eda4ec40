import type { IncomingMessage } from 'node:http';
import { OrchError } from '../support/errors.js';
import type { Authenticator, Identity } from './identity.js';

/** The paths that answer without a token: what load balancers and kubectl's dispatcher ask. */
export const anonymousPaths: readonly string[] = ['/livez', '/readyz', '/healthz', '/version'];

/**
 * Who sent this request. Throws Unauthorized without a valid bearer token, and Forbidden for impersonation, which would
 * otherwise be ignored and do more than was asked.
 */
export function authenticateRequest(request: IncomingMessage, authenticator: Authenticator): Identity {
  const match = /^Bearer ([\x21-\x7e]{1,1024})$/i.exec(request.headers.authorization ?? '');
  const identity = match?.[1] === undefined ? undefined : authenticator.authenticate(match[1]);
  if (!identity) {
    throw new OrchError(
      'Unauthorized',
      'Unauthorized: send the token from the kubeconfig as "Authorization: Bearer TOKEN"',
    );
  }
  if (request.headers['impersonate-user'] !== undefined || request.headers['impersonate-group'] !== undefined) {
    throw new OrchError(
      'Forbidden',
      `user "${identity.name}" cannot act as somebody else: impersonation is not served`,
    );
  }
  return identity;
}
