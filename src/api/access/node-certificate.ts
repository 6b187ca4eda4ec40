import 'reflect-metadata';
import { createHash, webcrypto, type KeyObject, type X509Certificate as NodeCertificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { OrchError } from '../../support/errors.js';
import {
  backdateMilliseconds,
  keyAlgorithm,
  millisecondsPerDay,
  serialNumber,
  type Authority,
} from '../certificates.js';
import { isNodeName } from '../identity.js';

/**
 * The certificates by which workers are known: a request (PKCS#10) in, a certificate out, and back from a certificate to the Node
 * that it was made out to. Always holds: subject and names are the manager's choice, whatever the request asks for.
 */
export interface NodeClaim {
  nodeName: string;
  /** Of the Node: another one of that name is another member. */
  nodeUid: string;
  /** Milliseconds since the epoch. */
  notAfter: number;
}

const validDays = 7;
const maxRequestCharacters = 8192;
const clientAuth = '1.3.6.1.5.5.7.3.2';
const subjectPrefix = 'system:node:';
const organisation = 'system:nodes';
const uriPrefix = 'orch:node-uid:';

export interface CertificateRequest {
  publicKey: x509.PublicKey;
  keySha256: string;
}

/** Reads a request in PEM and checks that its key signed it. Rejects with BadRequest. */
export async function readCertificateRequest(pem: unknown): Promise<CertificateRequest> {
  if (typeof pem !== 'string' || pem.length > maxRequestCharacters) throw noRequest();
  let request: x509.Pkcs10CertificateRequest;
  try {
    request = new x509.Pkcs10CertificateRequest(pem);
    const { name, namedCurve } = request.publicKey.algorithm as { name?: string; namedCurve?: string };
    if (name !== keyAlgorithm.name || namedCurve !== keyAlgorithm.namedCurve) throw noRequest();
    if (!(await request.verify())) throw noRequest();
  } catch {
    throw noRequest();
  }
  const { publicKey } = request;
  return { publicKey, keySha256: createHash('sha256').update(Buffer.from(publicKey.rawData)).digest('hex') };
}

/** A certificate in PEM, for a week from now. */
export async function issueNodeCertificate(
  authority: Authority,
  node: { name: string; uid: string },
  publicKey: x509.PublicKey,
  now: number,
): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ O: [organisation] }, { CN: [`${subjectPrefix}${node.name}`] }],
    issuer: authority.certificate.subject,
    publicKey,
    signingKey: authority.privateKey,
    signingAlgorithm: keyAlgorithm,
    serialNumber: serialNumber(),
    notBefore: new Date(now - backdateMilliseconds),
    notAfter: new Date(now + validDays * millisecondsPerDay),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([clientAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `${uriPrefix}${node.uid}` }]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** Whose certificate that is, by this authority; undefined when it is none of a worker. Says nothing of its time. Pure. */
export function readNodeCertificate(certificate: NodeCertificate, authorityKey: KeyObject): NodeClaim | undefined {
  const { subject, subjectAltName = '', keyUsage, ca } = certificate;
  const name = new RegExp(`^O=${organisation}\\nCN=${subjectPrefix}([^\\n]+)$`).exec(subject)?.[1];
  const nodeUid = new RegExp(`^URI:${uriPrefix}([0-9a-f-]{1,64})$`).exec(subjectAltName)?.[1];
  // The types of Node know it as always there; of a certificate without the extension it is not.
  const uses = keyUsage as readonly string[] | undefined;
  if (name === undefined || !isNodeName(name) || nodeUid === undefined || ca || !uses?.includes(clientAuth)) {
    return undefined;
  }
  if (!certificate.verify(authorityKey)) return undefined;
  return { nodeName: name, nodeUid, notAfter: Date.parse(certificate.validTo) };
}

function noRequest(): OrchError {
  return new OrchError(
    'BadRequest',
    'the body must be {"csr": "..."}: a certificate request (PKCS#10) in PEM, signed by its own key on the curve P-256',
  );
}

x509.cryptoProvider.set(webcrypto);
