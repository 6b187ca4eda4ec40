/**
 * A worker's identity.json: its name, its key and the certificate that it is known by. In: the file, of this version or an
 * earlier one; out: the identity, and requests for certificates. Always holds: a key is on disk before it is shown to anybody.
 */
import 'reflect-metadata';
import { X509Certificate, webcrypto } from 'node:crypto';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { OrchError } from '../support/errors.js';
import { readFileIfThere, writePrivateFile } from '../support/private-file.js';

export interface WorkerIdentity {
  name: string;
  /** Made once per data folder. */
  instanceId: string;
  /** Of the cluster that it has joined. */
  clusterUid?: string;
  /** Private, in PEM. */
  key: string;
  /** Of that key, in PEM. */
  certificate?: string;
  /** The key that it asks with to join anew: it takes the place of `key` with its certificate. */
  nextKey?: string;
  /** Of a version without certificates: proves who it is until it has one. */
  token?: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const fileName = 'identity.json';

/** Rejects with Conflict for the folder of a worker of another name, and with InternalError when the file is damaged. */
export async function readWorkerIdentity(
  directory: string,
  name: string,
  newInstanceId: () => string,
): Promise<WorkerIdentity> {
  const text = await readFileIfThere(join(directory, fileName));
  if (text === undefined) {
    const made = { name, instanceId: newInstanceId(), key: await makeKey() };
    await writeWorkerIdentity(directory, made);
    return made;
  }
  const known = parseIdentity(text, directory);
  if (known.name !== name) {
    throw new OrchError(
      'Conflict',
      `${directory} belongs to the worker "${known.name}", not "${name}": give each worker a folder of its own with --data`,
    );
  }
  if (known.key !== undefined) return { ...known, key: known.key };
  const upgraded = { ...known, key: await makeKey() };
  await writeWorkerIdentity(directory, upgraded);
  return upgraded;
}

export function writeWorkerIdentity(directory: string, identity: WorkerIdentity): Promise<void> {
  return writePrivateFile(join(directory, fileName), `${JSON.stringify(identity, undefined, 2)}\n`);
}

/** A fresh private key in PEM. */
export async function makeKey(): Promise<string> {
  const { privateKey } = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const der = await webcrypto.subtle.exportKey('pkcs8', privateKey);
  return x509.PemConverter.encode(der, 'PRIVATE KEY');
}

/** A certificate request (PKCS#10) in PEM, signed by the key. */
export async function certificateRequest(key: string, name: string): Promise<string> {
  x509.cryptoProvider.set(webcrypto);
  const [der] = x509.PemConverter.decode(key);
  const privateKey = await webcrypto.subtle.importKey('pkcs8', der ?? new ArrayBuffer(0), algorithm, true, ['sign']);
  const jwk = await webcrypto.subtle.exportKey('jwk', privateKey);
  const { d: _secret, ...publicJwk } = jwk;
  const publicKey = await webcrypto.subtle.importKey('jwk', { ...publicJwk, key_ops: ['verify'] }, algorithm, true, [
    'verify',
  ]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [`system:node:${name}`] }],
    keys: { privateKey, publicKey },
    signingAlgorithm: algorithm,
  });
  return request.toString('pem');
}

/** In milliseconds since the epoch. */
export function validityOf(certificate: string): { notBefore: number; notAfter: number } {
  const { validFrom, validTo } = new X509Certificate(certificate);
  return { notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) };
}

function parseIdentity(text: string, directory: string): Omit<WorkerIdentity, 'key'> & { key?: string } {
  try {
    const value = JSON.parse(text) as Partial<WorkerIdentity>;
    if (typeof value.name === 'string' && typeof value.instanceId === 'string') {
      return { ...value, name: value.name, instanceId: value.instanceId };
    }
  } catch {
    // Told below.
  }
  throw new OrchError(
    'InternalError',
    `${join(directory, fileName)} is damaged: remove it, delete the worker's node, and give the worker a join token to join again`,
  );
}
