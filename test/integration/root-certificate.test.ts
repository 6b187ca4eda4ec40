import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { expect, it } from 'vitest';
import { ensureCertificates, type Certificates } from '../../src/api/certificates.js';
import { renewCertificates } from '../../src/api/renew-certificates.js';
import { RootCertificates, rootCertificateName } from '../../src/controllers/root-certificate.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { ManualClock } from '../support/manual-clock.js';
import { waitFor } from '../support/wait-for.js';
import { startTestApi } from './api-harness.js';

const day = 86_400_000;

it('lets in a client that trusts the ConfigMap only, before and after the authority was renewed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'orch-root-ca-'));
  // The authority is five years old: its certificate is about to be renewed, and the server's has just been.
  const clock = new ManualClock(Date.now() - 5 * 365 * day);
  const ensure = (): Promise<Certificates> => ensureCertificates({ directory, hosts: [], clock });
  await ensure();
  clock.setWallClock(Date.now() - 2 * day);
  const first = await ensure();
  const api = await startTestApi({ certificates: first });
  const maps = new RootCertificates({
    ...{ registry: api.registry, clock: createSystemClock(), logger: silentLogger },
    caPem: first.caPem,
  });
  await maps.start();
  const renewal = renewCertificates({
    ...{ current: first, ensure, clock, logger: silentLogger },
    onRenewed: (renewed) => {
      api.server.useCertificate(renewed);
      maps.useAuthority(renewed.caPem);
      return Promise.resolve();
    },
  });
  const clientThatTrusts = (caPem: string): CoreV1Api => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'c', server: api.server.url, skipTLSVerify: false, caData: Buffer.from(caPem).toString('base64') },
      { name: 'u', token: api.credentials.adminToken },
    );
    return config.makeApiClient(CoreV1Api);
  };
  const read = async (trusted: string): Promise<string> => {
    const key = { namespace: 'default', name: rootCertificateName };
    return (await clientThatTrusts(trusted).readNamespacedConfigMap(key)).data?.['ca.crt'] ?? '';
  };
  try {
    const known = await waitFor('the ConfigMap', () => read(first.caPem).catch(() => undefined));
    expect(known).toBe(first.caPem);
    clock.setWallClock(Date.now());
    await clock.advance(60_000);
    const renewed = await waitFor('the renewed one', async () => {
      const now = await read(known);
      return now !== known && now;
    });
    expect(await read(renewed)).toBe(renewed);
  } finally {
    await renewal.stop();
    await maps.stop();
    await api.close();
    await rm(directory, { recursive: true, force: true });
  }
});
