import 'reflect-metadata';
import { createPrivateKey, webcrypto, X509Certificate as NodeCertificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { Clock } from '../support/clock.js';
import { OrchError } from '../support/errors.js';
import { readFileIfThere, writePrivateFile } from '../support/private-file.js';

/**
 * The manager's own certificate authority and its server certificate, kept in a folder. What arrives is the folder and
 * the names that clients use; what leaves is PEM for the server and for kubeconfigs. Always holds: the authority keeps its key
 * and its name, so that a kubeconfig once handed out goes on working until the authority certificate in it expires.
 */
export interface Certificates {
  caPem: string;
  key: string;
  cert: string;
  authority: Authority;
}

/** Signs certificates. */
export interface Authority {
  pem: string;
  certificate: x509.X509Certificate;
  privateKey: webcrypto.CryptoKey;
}

export const millisecondsPerDay = 86_400_000;
const authorityDays = 3650;
const serverDays = 365;
/** A server certificate is made anew when less than this is left. */
const renewDays = 30;
/** The authority's too, under its old key: whoever trusts the old certificate has this long to get the new one. */
const authorityRenewDays = 1825;
/** Clocks of clients may be a little behind. */
export const backdateMilliseconds = 5 * 60_000;
export const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

x509.cryptoProvider.set(webcrypto);

/**
 * Reads or makes `ca.crt`, `ca.key`, `server.crt` and `server.key` in `directory` (all 0600). The server certificate
 * covers 127.0.0.1, localhost and `hosts`, and is renewed under the same authority when it is about to expire or misses
 * a host. Rejects with InternalError when the authority is incomplete or expired: it is never replaced in silence,
 * because every kubeconfig and worker trusts it.
 */
export async function ensureCertificates(options: {
  directory: string;
  hosts: readonly string[];
  clock: Clock;
}): Promise<Certificates> {
  const { directory, clock } = options;
  const hosts = [...new Set(['127.0.0.1', 'localhost', ...options.hosts])];
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const authority = await ensureAuthority(directory, clock.now());
  const [cert, key] = await Promise.all([
    readFileIfThere(join(directory, 'server.crt')),
    readFileIfThere(join(directory, 'server.key')),
  ]);
  if (
    cert !== undefined &&
    key !== undefined &&
    serves({ cert, key, caPem: authority.pem, authority }, hosts, clock.now())
  ) {
    return { caPem: authority.pem, cert, key, authority };
  }
  const made = await makeServerCertificate(authority, hosts, clock.now());
  await writePrivateFile(join(directory, 'server.key'), made.key);
  await writePrivateFile(join(directory, 'server.crt'), made.cert);
  return { caPem: authority.pem, ...made, authority };
}

async function ensureAuthority(directory: string, now: number): Promise<Authority> {
  const [pem, keyPem] = await Promise.all([
    readFileIfThere(join(directory, 'ca.crt')),
    readFileIfThere(join(directory, 'ca.key')),
  ]);
  if (pem === undefined && keyPem === undefined) return makeAuthority(directory, now);
  if (pem === undefined) {
    // The key is written first: a crash between the two leaves a key that nothing trusts yet.
    return makeAuthority(directory, now);
  }
  const remedy =
    'put it back from a backup, or remove ca.crt and ca.key to make a new authority (every kubeconfig and worker must then be given the new one)';
  if (keyPem === undefined) {
    throw new OrchError('InternalError', `ca.key is missing beside ca.crt in the certificates folder: ${remedy}`);
  }
  const certificate = new x509.X509Certificate(pem);
  if (certificate.notAfter.getTime() <= now) {
    throw new OrchError(
      'InternalError',
      `the certificate authority (ca.crt) expired on ${certificate.notAfter.toISOString()}: ${remedy}`,
    );
  }
  if (!new NodeCertificate(pem).checkPrivateKey(createPrivateKey(keyPem))) {
    throw new OrchError('InternalError', `ca.key does not belong to ca.crt in the certificates folder: ${remedy}`);
  }
  const privateKey = await webcrypto.subtle.importKey('pkcs8', fromPem(keyPem), keyAlgorithm, true, ['sign']);
  if (!expiresWithin(certificate, authorityRenewDays, now)) return { pem, certificate, privateKey };
  const publicKey = await webcrypto.subtle.importKey('spki', certificate.publicKey.rawData, keyAlgorithm, true, [
    'verify',
  ]);
  const renewed = await signAuthority({ privateKey, publicKey }, now);
  await writePrivateFile(join(directory, 'ca.crt'), renewed.pem);
  return renewed;
}

async function makeAuthority(directory: string, now: number): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const authority = await signAuthority(keys, now);
  await writePrivateFile(join(directory, 'ca.key'), await privateKeyPem(keys.privateKey));
  await writePrivateFile(join(directory, 'ca.crt'), authority.pem);
  return authority;
}

async function signAuthority(keys: webcrypto.CryptoKeyPair, now: number): Promise<Authority> {
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=orch-ca',
    keys,
    signingAlgorithm: keyAlgorithm,
    serialNumber: serialNumber(),
    notBefore: new Date(now - backdateMilliseconds),
    notAfter: new Date(now + authorityDays * millisecondsPerDay),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { pem: `${certificate.toString('pem')}\n`, certificate, privateKey: keys.privateKey };
}

async function makeServerCertificate(
  authority: Authority,
  hosts: readonly string[],
  now: number,
): Promise<{ key: string; cert: string }> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const notAfter = Math.min(now + serverDays * millisecondsPerDay, authority.certificate.notAfter.getTime());
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=orch-manager',
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.privateKey,
    signingAlgorithm: keyAlgorithm,
    serialNumber: serialNumber(),
    notBefore: new Date(now - backdateMilliseconds),
    notAfter: new Date(notAfter),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const), value: host })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
    ],
  });
  return { key: await privateKeyPem(keys.privateKey), cert: `${certificate.toString('pem')}\n` };
}

/** Whether it is time to call ensureCertificates again. Pure. */
export function isRenewalDue({ caPem, cert }: Certificates, now: number): boolean {
  return (
    expiresWithin(new x509.X509Certificate(cert), renewDays, now) ||
    expiresWithin(new x509.X509Certificate(caPem), authorityRenewDays, now)
  );
}

function expiresWithin({ notAfter }: x509.X509Certificate, days: number, now: number): boolean {
  return notAfter.getTime() - now <= days * millisecondsPerDay;
}

/** Whether a server certificate can go on being used: ours, of this key, for all hosts, and not about to expire. */
function serves(candidate: Certificates, hosts: readonly string[], now: number): boolean {
  try {
    const certificate = new NodeCertificate(candidate.cert);
    const authority = new NodeCertificate(candidate.caPem);
    return (
      certificate.verify(authority.publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(candidate.key)) &&
      Date.parse(certificate.validTo) - now > renewDays * millisecondsPerDay &&
      hosts.every((host) =>
        isIP(host) === 0 ? certificate.checkHost(host) !== undefined : certificate.checkIP(host) !== undefined,
      )
    );
  } catch {
    return false; // not readable as a certificate: made anew
  }
}

/** 16 random bytes, positive as X.509 wants it. */
export function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

function fromPem(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64');
}
