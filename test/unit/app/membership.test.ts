import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureCertificates, type Authority } from '../../../src/api/certificates.js';
import { issueNodeCertificate, readCertificateRequest } from '../../../src/api/access/node-certificate.js';
import { Membership, planMembership, type JoinAttempt } from '../../../src/app/membership.js';
import { readWorkerIdentity } from '../../../src/app/worker-identity.js';
import { OrchError } from '../../../src/support/errors.js';
import { silentLogger } from '../../../src/support/logger.js';
import { createSystemRandom } from '../../../src/support/random.js';
import { ManualClock } from '../../support/manual-clock.js';
import { waitFor } from '../../support/wait-for.js';

const hour = 3_600_000;
const day = 24 * hour;

describe('planMembership', () => {
  const certificate = { notBefore: 0, notAfter: 7 * day };
  const step = (now: number, isRefused = false): string => planMembership(certificate, isRefused, now).step;

  it('renews at two thirds, and joins when there is nothing to renew', () => {
    expect(step(4.6 * day)).toBe('wait');
    expect(step(4.7 * day)).toBe('renew');
    expect(step(7 * day)).toBe('join');
    expect(planMembership(undefined, false, 0).step).toBe('join');
  });

  it('joins anew when a valid certificate is refused', () => {
    expect(step(day, true)).toBe('joinAnew');
    expect(step(8 * day, true)).toBe('join');
  });

  it('looks at the wall clock once a minute, since it may be set', () => {
    expect(planMembership(certificate, false, day).waitMilliseconds).toBe(60_000);
    expect(planMembership(certificate, false, (14 / 3) * day - 5_000).waitMilliseconds).toBeCloseTo(5_000, 0);
  });
});

describe('Membership', () => {
  const random = createSystemRandom();
  const clock = new ManualClock();
  let directory: string;
  let authority: Authority;
  let membership: Membership | undefined;
  let attempts: JoinAttempt[];
  /** What the manager answers; undefined: a certificate. */
  let refusal: ((attempt: JoinAttempt) => OrchError | undefined) | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'orch-membership-'));
    ({ authority } = await ensureCertificates({ directory: join(directory, 'pki'), hosts: [], clock }));
    [attempts, refusal] = [[], undefined];
  });
  afterEach(async () => {
    await membership?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function start(): Promise<Membership> {
    membership = new Membership({
      directory,
      identity: await readWorkerIdentity(directory, 'w1', () => random.uuid()),
      join: async (attempt) => {
        attempts.push(attempt);
        const error = refusal?.(attempt);
        if (error) throw error;
        const { publicKey } = await readCertificateRequest(attempt.csr);
        const node = { name: 'w1', uid: '7d0ae6b5-9a9c-4b0e-8f53-1c1f0d6f0a11' };
        return { certificate: await issueNodeCertificate(authority, node, publicKey, clock.now()), clusterUid: 'c1' };
      },
      clock,
      random,
      logger: silentLogger,
    });
    await membership.start();
    return membership;
  }
  const kept = async (): Promise<Record<string, string>> =>
    JSON.parse(await readFile(join(directory, 'identity.json'), 'utf8')) as Record<string, string>;

  it('joins once, keeps its key for itself, and starts again without asking', async () => {
    const first = await start();
    expect(attempts.map(({ proof }) => proof.type)).toEqual(['new']);
    expect((await stat(join(directory, 'identity.json'))).mode & 0o777).toBe(0o600);
    expect(attempts[0]?.csr).not.toContain('PRIVATE');
    await first.stop();
    refusal = () => new OrchError('ServiceUnavailable', 'the manager is away');
    const second = await start();
    expect(second.client).toEqual(first.client);
    expect(attempts).toHaveLength(1);
  });

  it('renews over the certificate of before, with the same key, and tries again when that fails', async () => {
    const { client } = await start();
    refusal = () => new OrchError('ServiceUnavailable', 'the manager is away');
    await clock.advance(4.7 * day);
    await waitFor('a try', () => attempts.length >= 2);
    expect(attempts[1]?.proof).toEqual({ type: 'member', identity: client });
    refusal = undefined;
    await waitFor('a renewed certificate', async () => {
      await clock.advance(60_000);
      return membership?.client?.cert !== client?.cert;
    });
    expect(membership?.client?.key).toBe(client?.key);
    expect(await kept()).toMatchObject({ certificate: membership?.client?.cert });
  });

  it('joins again by itself, with a new key, when its node was deleted', async () => {
    const { client } = await start();
    refusal = ({ proof }) => (proof.type === 'member' ? new OrchError('Unauthorized', 'deleted') : undefined);
    membership?.noteRefused();
    await waitFor('another certificate', () => membership?.client?.cert !== client?.cert);
    expect(attempts.map(({ proof }) => proof.type)).toEqual(['new', 'member', 'new']);
    expect(membership?.client?.key).not.toBe(client?.key);
  });

  it('asks with one key until it is answered', async () => {
    await start();
    refusal = () => new OrchError('Unauthorized', 'no token yet');
    membership?.noteRefused();
    await waitFor('a second try', async () => {
      await clock.advance(60_000);
      return attempts.filter(({ proof }) => proof.type === 'new').length >= 3;
    });
    const { nextKey } = await kept();
    expect(nextKey).toContain('PRIVATE KEY');
    refusal = ({ proof }) => (proof.type === 'member' ? new OrchError('Unauthorized', 'deleted') : undefined);
    await waitFor('a certificate', async () => {
      await clock.advance(60_000);
      return membership?.client?.key === nextKey;
    });
    expect(await kept()).not.toHaveProperty('nextKey');
  });

  it('turns the token of an earlier version into a certificate, and starts without the manager', async () => {
    const old = { name: 'w1', instanceId: 'i1', token: 'node-w1.secret', clusterUid: 'c1' };
    await writeFile(join(directory, 'identity.json'), JSON.stringify(old));
    refusal = () => new OrchError('ServiceUnavailable', 'the manager is away');
    await start();
    expect(membership?.client).toBeUndefined();
    refusal = undefined;
    await waitFor('a certificate', async () => {
      await clock.advance(60_000);
      return membership?.client;
    });
    expect(attempts.at(-1)?.proof).toEqual({ type: 'earlierToken', token: 'node-w1.secret' });
    expect(await kept()).toMatchObject({ instanceId: 'i1', clusterUid: 'c1' });
    expect(await kept()).not.toHaveProperty('token');
  });

  it('does not move to another cluster, nor to another name', async () => {
    const other = { name: 'w1', instanceId: 'i1', token: 'node-w1.secret', clusterUid: 'c2' };
    await writeFile(join(directory, 'identity.json'), JSON.stringify(other));
    await start();
    expect(membership?.client).toBeUndefined();
    await expect(readWorkerIdentity(directory, 'w2', () => 'i')).rejects.toThrow('belongs to the worker "w1"');
  });
});
