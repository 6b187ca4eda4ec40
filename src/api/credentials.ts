import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type JsonValue } from '../model/json.js';
import { OrchError } from '../support/errors.js';
import type { Random } from '../support/random.js';
import {
  adminIdentity,
  isNodeName,
  joinIdentity,
  nodeIdentity,
  type Authenticator,
  type Identity,
} from './identity.js';
import { tokenOfKubeconfig } from './kubeconfig.js';
import { readFileIfThere, writePrivateFile } from '../support/private-file.js';

/**
 * The cluster's bearer tokens, all of the form id.secret. The admin token is random, and on disk it stands in the
 * kubeconfig only; `credentials.json` (0600) has its SHA-256. The join token and the workers' tokens are signatures made with
 * a key in that file, so they need no list: whoever removes the file revokes them all.
 */
export interface Credentials {
  authenticator: Authenticator;
  adminToken: string;
  joinToken: string;
  issueNodeToken(nodeName: string): string;
}

interface CredentialsFile {
  version: 1;
  /** 32 random bytes, base64url: signs join and node tokens. */
  signingKey: string;
  adminTokenSha256: string;
}

const maxTokenLength = 512;

/**
 * Reads or makes `credentials.json` in `directory`. The admin token is taken from the kubeconfig (`kubeconfigPath`, by
 * default the file `kubeconfig` in the same folder); when that is lost or does not fit, a new admin token is made, the
 * old one stops working, and the caller writes a new kubeconfig. Rejects with InternalError when the file is damaged.
 */
export async function openCredentials(options: {
  directory: string;
  random: Random;
  kubeconfigPath?: string;
}): Promise<Credentials> {
  const { directory, random } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'credentials.json');
  const text = await readFileIfThere(path);
  const old = text === undefined ? undefined : parseCredentials(text);
  const kubeconfig = await readFileIfThere(options.kubeconfigPath ?? join(directory, 'kubeconfig'));
  const known = kubeconfig === undefined ? undefined : tokenOfKubeconfig(kubeconfig);
  const adminToken =
    old && known !== undefined && equalDigests(sha256(known), old.adminTokenSha256)
      ? known
      : `admin.${base64url(random.bytes(32))}`;
  const file: CredentialsFile = {
    version: 1,
    signingKey: old?.signingKey ?? base64url(random.bytes(32)),
    adminTokenSha256: sha256(adminToken),
  };
  if (old?.adminTokenSha256 !== file.adminTokenSha256) {
    await writePrivateFile(path, `${JSON.stringify(file, undefined, 2)}\n`);
  }
  const authenticator = createAuthenticator(file);
  return {
    authenticator,
    adminToken,
    joinToken: `join.${sign(file.signingKey, 'join')}`,
    issueNodeToken: (nodeName) => authenticator.issueNodeToken(nodeName),
  };
}

function createAuthenticator(file: CredentialsFile): Authenticator {
  const nodePrefix = 'node-';
  return {
    authenticate(token): Identity | undefined {
      const dot = token.lastIndexOf('.');
      if (dot < 0 || token.length > maxTokenLength) return undefined;
      const [id, secret] = [token.slice(0, dot), token.slice(dot + 1)];
      if (id === 'admin') return equalDigests(sha256(token), file.adminTokenSha256) ? adminIdentity : undefined;
      if (id === 'join') return equalSecrets(secret, sign(file.signingKey, 'join')) ? joinIdentity : undefined;
      if (!id.startsWith(nodePrefix)) return undefined;
      const nodeName = id.slice(nodePrefix.length);
      return isNodeName(nodeName) && equalSecrets(secret, sign(file.signingKey, `node:${nodeName}`))
        ? nodeIdentity(nodeName)
        : undefined;
    },
    issueNodeToken(nodeName) {
      if (!isNodeName(nodeName)) {
        throw new OrchError(
          'BadRequest',
          `"${nodeName.slice(0, 80)}" cannot name a worker: use lower-case letters, digits, "-" and "."`,
        );
      }
      return `${nodePrefix}${nodeName}.${sign(file.signingKey, `node:${nodeName}`)}`;
    },
  };
}

function parseCredentials(text: string): CredentialsFile {
  let value: JsonValue | undefined;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    value = undefined;
  }
  if (
    !isJsonObject(value) ||
    value['version'] !== 1 ||
    typeof value['signingKey'] !== 'string' ||
    Buffer.from(value['signingKey'], 'base64url').length < 32 ||
    typeof value['adminTokenSha256'] !== 'string'
  ) {
    throw new OrchError(
      'InternalError',
      'credentials.json is damaged: put it back from a backup, or remove it to make new tokens (workers must then join again)',
    );
  }
  return { version: 1, signingKey: value['signingKey'], adminTokenSha256: value['adminTokenSha256'] };
}

function sign(signingKey: string, what: string): string {
  return createHmac('sha256', Buffer.from(signingKey, 'base64url')).update(what).digest('base64url');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Compares digests of both, so neither the content nor the length of the guess shows in the time. */
function equalSecrets(guess: string, secret: string): boolean {
  return equalDigests(sha256(guess), sha256(secret));
}

function equalDigests(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
