import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureCertificates, isRenewalDue, type Certificates } from '../../../src/api/certificates.js';
import type { Clock } from '../../../src/support/clock.js';

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'orch-pki-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const day = 86_400_000;
const start = Date.parse('2026-01-01T00:00:00Z');
const clockAt = (now: number): Clock => ({
  now: () => now,
  monotonic: () => now,
  setTimer: () => ({ cancel: () => undefined }),
});
const ensure = (hosts: string[] = [], now = start): Promise<Certificates> =>
  ensureCertificates({ directory, hosts, clock: clockAt(now) });

describe('ensureCertificates', () => {
  it('makes an authority and a server certificate that clients accept', async () => {
    const { caPem, cert } = await ensure(['orch.example.com', '::1']);
    const [ca, server] = [new X509Certificate(caPem), new X509Certificate(cert)];
    expect(ca.ca).toBe(true);
    expect(server.ca).toBe(false);
    expect(server.verify(ca.publicKey)).toBe(true);
    expect(server.checkIssued(ca)).toBe(true);
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(server.checkIP('::1')).toBe('::1');
    expect(server.checkHost('localhost')).toBe('localhost');
    expect(server.checkHost('orch.example.com')).toBe('orch.example.com');
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(server.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
    expect(Date.parse(server.validFrom)).toBe(start - 5 * 60_000);
  });

  it('keeps files for their owner, and uses them again', async () => {
    const first = await ensure();
    const second = await ensure([], start + 100 * day);
    expect(second).toEqual(first);
    const names = (await readdir(directory)).sort();
    expect(names).toEqual(['ca.crt', 'ca.key', 'server.crt', 'server.key']);
    for (const name of names) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
  });

  it('renews the server certificate under the same authority when it is about to expire or misses a host', async () => {
    const first = await ensure();
    const later = await ensure([], start + 340 * day);
    expect(later.caPem).toBe(first.caPem);
    expect(later.cert).not.toBe(first.cert);
    expect(Date.parse(new X509Certificate(later.cert).validTo)).toBeGreaterThan(start + 600 * day);
    const wider = await ensure(['other'], start + 340 * day);
    expect(wider.caPem).toBe(first.caPem);
    expect(new X509Certificate(wider.cert).checkHost('other')).toBe('other');
  });

  it('makes a damaged server certificate anew, but never the authority', async () => {
    const first = await ensure();
    await writeFile(join(directory, 'server.key'), 'damaged');
    const repaired = await ensure();
    expect(repaired.caPem).toBe(first.caPem);
    expect(repaired.key).toContain('PRIVATE KEY');
    await rm(join(directory, 'ca.key'));
    await expect(ensure()).rejects.toThrow('ca.key is missing');
    expect(await readFile(join(directory, 'ca.crt'), 'utf8')).toBe(first.caPem);
  });

  it('renews the authority under its own key, long before whoever trusts the old certificate is cut off', async () => {
    const first = await ensure();
    expect(isRenewalDue(first, start + 300 * day)).toBe(false);
    const later = await ensure([], start + 1900 * day);
    const [old, renewed] = [new X509Certificate(first.caPem), new X509Certificate(later.caPem)];
    expect(Date.parse(renewed.validTo)).toBeGreaterThan(start + 5500 * day);
    expect(renewed.subject).toBe(old.subject);
    const server = new X509Certificate(later.cert);
    for (const authority of [old, renewed]) {
      expect(server.checkIssued(authority)).toBe(true);
      expect(server.verify(authority.publicKey)).toBe(true);
    }
    expect(isRenewalDue(first, start + 1900 * day)).toBe(true);
    expect(isRenewalDue(later, start + 1900 * day)).toBe(false);
  });

  it('says so when the authority has expired', async () => {
    await ensure();
    await expect(ensure([], start + 3651 * day)).rejects.toThrow('expired on');
  });
});
