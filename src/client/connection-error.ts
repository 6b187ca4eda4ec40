import type { ErrorCode } from '../support/errors.js';
import { errorMessage, OrchError } from '../support/errors.js';

/**
 * What a failed connection becomes: an OrchError whose sentence says what was tried, what happened and what to do.
 * `server` is the manager's URL.
 */
export function connectionError(server: string, error: unknown): OrchError {
  if (error instanceof OrchError) return error;
  const code = errorCodeOf(error);
  const [kind, sentence] = explain(server, code, error);
  return new OrchError(kind, sentence, {}, { cause: error });
}

/** A deadline that passed, in the same words. */
export function deadlineError(server: string, waitedFor: 'connection' | 'answer' | 'more', seconds: number): OrchError {
  const what = {
    connection: `no connection to ${server} within ${seconds} s: is the address right, and does a firewall let it through?`,
    answer: `no answer from ${server} within ${seconds} s: whether the request was carried out is not known; asking again is safe`,
    more: `${server} stopped in the middle of an answer and was silent for ${seconds} s`,
  }[waitedFor];
  return new OrchError('Timeout', what);
}

function explain(server: string, code: string, error: unknown): [ErrorCode, string] {
  const unavailable = (sentence: string): [ErrorCode, string] => ['ServiceUnavailable', sentence];
  if (code === 'ECONNREFUSED') {
    return unavailable(`no manager answers at ${server} (connection refused): is \`orch up\` running?`);
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return unavailable(`the name in ${server} cannot be resolved (${code}): check it, and this machine's DNS`);
  }
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'ETIMEDOUT') {
    return unavailable(`no way leads to ${server} (${code}): check the address and the network`);
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return unavailable(
      `the certificate of ${server} is not made out to this address: use an address that the manager was started with (\`--host\`)`,
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return unavailable(
      `the certificate of ${server} ${code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'}: compare the clocks of both machines; a manager renews its certificate in time by itself`,
    );
  }
  if (distrust.has(code)) {
    return unavailable(
      `the certificate of ${server} is not signed by the authority in the configuration: another manager answers there, or it has a new data folder; use the kubeconfig from that manager's data folder`,
    );
  }
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return unavailable(`what answers at ${server} does not speak TLS: it is not an orch manager`);
  }
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED') {
    return unavailable(
      `the connection to ${server} broke off (${code}): whether the request was carried out is not known; asking again is safe`,
    );
  }
  return unavailable(`the connection to ${server} failed: ${errorMessage(error)}`);
}

const distrust = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'INVALID_CA',
]);

/** The system's code of an error; of the first of several when all addresses of a name failed. */
export function errorCodeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCodeOf(error.errors[0]);
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
