import type { IncomingMessage } from 'node:http';
import { OrchError } from '../support/errors.js';
import type { Authenticator, Identity } from './identity.js';

/** The paths that answer without a token: what load balancers and kubectl's dispatcher ask. */
export const anonymousPaths: readonly string[] = ['/livez', '/readyz', '/healthz', '/version'];

/**
 * Who sent this request. Rejects with Unauthorized without a valid bearer token or client certificate, and with Forbidden for
 * impersonation, which would otherwise be ignored and do more than was asked.
 */
export async function authenticateRequest(request: IncomingMessage, authenticator: Authenticator): Promise<Identity> {
  const { authorization } = request.headers;
  const token = /^Bearer ([\x21-\x7e]{1,1024})$/i.exec(authorization ?? '')?.[1];
  const identity =
    authorization !== undefined && token === undefined ? undefined : await authenticator.authenticate(token, request);
  if (!identity) {
    throw new OrchError(
      'Unauthorized',
      'Unauthorized: send the token from the kubeconfig as "Authorization: Bearer TOKEN"; a worker comes with its certificate, or joins with a token of `orch token create`',
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
