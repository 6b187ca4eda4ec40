import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureCertificates, type Certificates } from '../../src/api/certificates.js';
import { renewCertificates } from '../../src/api/renew-certificates.js';
import { silentLogger } from '../../src/support/logger.js';
import { ManualClock } from '../support/manual-clock.js';
import { waitFor } from '../support/wait-for.js';
import { startTestApi, type TestApi } from './api-harness.js';

const day = 86_400_000;
const ranForDays = 340;
let directory: string;
let api: TestApi;
let certificates: Certificates;
/** The manager started 340 days ago: its certificate is about to expire. */
const clock = new ManualClock(Date.now() - ranForDays * day);
const ensure = (): Promise<Certificates> => ensureCertificates({ directory, hosts: [], clock });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'orch-renewal-'));
  certificates = await ensure();
  api = await startTestApi({ certificates });
});
afterAll(async () => {
  await api.close();
  await rm(directory, { recursive: true, force: true });
});

/** What a client sees that trusts the authority as it was at the manager's start. */
function certificateSeen(): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: api.server.port, host: '127.0.0.1', ca: certificates.caPem }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

it('renews the certificate of a manager that runs, and open connections stay', async () => {
  const renewal = renewCertificates({
    current: certificates,
    ensure,
    clock,
    logger: silentLogger,
    onRenewed: async (renewed) => api.server.useCertificate(renewed),
  });
  const watch = await api.openWatch('/api/v1/nodes?watch=true');
  const first = await certificateSeen();
  await clock.advance(10 * 60_000);
  expect((await certificateSeen()).serialNumber).toBe(first.serialNumber);

  // The days pass: all at once, as for a machine that slept.
  clock.setWallClock(Date.now());
  await clock.advance(60_000);
  const renewed = await waitFor('a renewed certificate', async () => {
    const seen = await certificateSeen();
    return seen.serialNumber === first.serialNumber ? undefined : seen;
  });
  expect(Date.parse(renewed.valid_to)).toBeGreaterThan(Date.now() + 360 * day);
  expect((await api.request('GET', '/api/v1/nodes')).status).toBe(200);

  await api.request('POST', '/api/v1/nodes', { body: { metadata: { name: 'n1' } } });
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'n1' } } });
  watch.destroy();
  await renewal.stop();
  expect(clock.pendingTimers).toBe(0);
});
