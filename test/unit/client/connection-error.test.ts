import { expect, it } from 'vitest';
import { connectionError } from '../../../src/client/connection-error.js';
import { OrchError } from '../../../src/support/errors.js';

const server = 'https://127.0.0.1:7443';
const failure = (code: string): Error => Object.assign(new Error(`failed with ${code}`), { code });

it.each([
  ['ECONNREFUSED', /no manager answers at https:\/\/127\.0\.0\.1:7443 \(connection refused\): is `orch up` running\?/],
  ['ENOTFOUND', /cannot be resolved/],
  ['EHOSTUNREACH', /check the address and the network/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /--host/],
  ['CERT_HAS_EXPIRED', /has expired.*clocks/],
  ['CERT_NOT_YET_VALID', /is not valid yet/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /use the kubeconfig from that manager's data folder/],
  ['EPROTO', /does not speak TLS/],
  ['ECONNRESET', /asking again is safe/],
])('says what to do about %s', (code, sentence) => {
  expect(connectionError(server, failure(code))).toMatchObject({
    code: 'ServiceUnavailable',
    message: expect.stringMatching(sentence),
  });
});

it('looks into the failures of the several addresses of a name', () => {
  const error = new AggregateError([failure('ECONNREFUSED'), failure('ECONNREFUSED')]);
  expect(connectionError(server, error).message).toContain('connection refused');
});

it('lets an error that says it already pass', () => {
  const error = new OrchError('Timeout', 'late');
  expect(connectionError(server, error)).toBe(error);
});
