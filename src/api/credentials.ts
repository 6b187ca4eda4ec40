import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type JsonValue } from '../model/json.js';
import { toTimestamp, type Clock } from '../support/clock.js';
import { OrchError } from '../support/errors.js';
import { readFileIfThere, writePrivateFile } from '../support/private-file.js';
import type { Random } from '../support/random.js';
import { equalDigests, sha256 } from './access/digests.js';
import { EarlierNodeTokens, type EarlierNodes } from './access/earlier-node-tokens.js';
import { tokenOfKubeconfig } from './kubeconfig.js';

/**
 * The admin's bearer token, of the form id.secret. It is random, and on disk it stands in the kubeconfig only;
 * `credentials.json` (0600) has its SHA-256, and for a while what lets workers of an earlier version go on.
 */
export interface Credentials {
  adminToken: string;
  isAdminToken(token: string): boolean;
  readonly earlierNode: EarlierNodeTokens;
  /** The worker of this Node has a certificate: its token of before counts no more. Resolves when that is on disk. */
  forgetEarlierNode(nodeUid: string): Promise<void>;
}

interface CredentialsFile {
  version: 2;
  adminTokenSha256: string;
  earlierNodes?: EarlierNodes;
}

const earlierMilliseconds = 30 * 86_400_000;

/**
 * Reads or makes `credentials.json` in `directory`. The admin token is taken from the kubeconfig (`kubeconfigPath`, by
 * default the file `kubeconfig` in the same folder); when that is lost or does not fit, a new admin token is made, the
 * old one stops working, and the caller writes a new kubeconfig. A file of an earlier version is rewritten; `nodeUids` then
 * tells which Nodes there are. Rejects with InternalError when the file is damaged.
 */
export async function openCredentials(options: {
  directory: string;
  random: Random;
  clock: Clock;
  nodeUids: () => Promise<readonly string[]>;
  kubeconfigPath?: string;
}): Promise<Credentials> {
  const { directory, random, clock } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'credentials.json');
  const text = await readFileIfThere(path);
  const old = text === undefined ? undefined : await parseCredentials(text, options);
  const kubeconfig = await readFileIfThere(options.kubeconfigPath ?? join(directory, 'kubeconfig'));
  const known = kubeconfig === undefined ? undefined : tokenOfKubeconfig(kubeconfig);
  const adminToken =
    old && known !== undefined && equalDigests(sha256(known), old.adminTokenSha256)
      ? known
      : `admin.${Buffer.from(random.bytes(32)).toString('base64url')}`;
  let file = withoutExpired({ ...old, version: 2, adminTokenSha256: sha256(adminToken) }, clock.now());
  const write = (): Promise<void> => writePrivateFile(path, formatCredentials(file));
  if (text !== formatCredentials(file)) await write();
  let earlierNode = new EarlierNodeTokens(file.earlierNodes, () => clock.now());
  let writing = Promise.resolve();
  const { earlierNodes: atStart } = file;
  const keepEarlierNodes = (nodeUids: string[]): void => {
    file = withoutExpired({ ...file, ...(atStart ? { earlierNodes: { ...atStart, nodeUids } } : {}) }, clock.now());
    earlierNode = new EarlierNodeTokens(file.earlierNodes, () => clock.now());
  };
  return {
    adminToken,
    isAdminToken: (token) => equalDigests(sha256(token), file.adminTokenSha256),
    get earlierNode() {
      return earlierNode;
    },
    forgetEarlierNode(nodeUid) {
      const { earlierNodes } = file;
      if (!earlierNodes?.nodeUids.includes(nodeUid)) return writing.catch(() => undefined);
      keepEarlierNodes(earlierNodes.nodeUids.filter((uid) => uid !== nodeUid));
      // A full disk stands in the way of this join only, and the worker may come again with what it has.
      writing = writing.then(write, write).catch((error: unknown) => {
        keepEarlierNodes([...(file.earlierNodes?.nodeUids ?? []), nodeUid]);
        throw error;
      });
      return writing;
    },
  };
}

/** Without the key of an earlier version, once nobody may use it any more. */
function withoutExpired({ earlierNodes, ...file }: CredentialsFile, now: number): CredentialsFile {
  const isOver = !earlierNodes || earlierNodes.nodeUids.length === 0 || Date.parse(earlierNodes.until) <= now;
  return isOver ? file : { ...file, earlierNodes };
}

function formatCredentials(file: CredentialsFile): string {
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

async function parseCredentials(
  text: string,
  { clock, nodeUids }: { clock: Clock; nodeUids: () => Promise<readonly string[]> },
): Promise<CredentialsFile> {
  let value: JsonValue | undefined;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    value = undefined;
  }
  if (!isJsonObject(value) || typeof value['adminTokenSha256'] !== 'string') throw damaged();
  const { version, adminTokenSha256, signingKey } = value;
  if (version === 1 && isSigningKey(signingKey)) {
    const until = toTimestamp(clock.now() + earlierMilliseconds);
    return { version: 2, adminTokenSha256, earlierNodes: { signingKey, nodeUids: await nodeUids(), until } };
  }
  if (version !== 2) throw damaged();
  const earlier = value['earlierNodes'];
  if (earlier === undefined) return { version, adminTokenSha256 };
  if (!isJsonObject(earlier) || !isSigningKey(earlier['signingKey'])) throw damaged();
  const { nodeUids: uids, until } = earlier;
  if (!Array.isArray(uids) || typeof until !== 'string' || Number.isNaN(Date.parse(until))) throw damaged();
  return {
    version,
    adminTokenSha256,
    earlierNodes: { signingKey: earlier['signingKey'], nodeUids: uids.map(String), until },
  };
}

function isSigningKey(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && Buffer.from(value, 'base64url').length >= 32;
}

function damaged(): OrchError {
  return new OrchError(
    'InternalError',
    'credentials.json is damaged: put it back from a backup, or remove it and the kubeconfig to make a new admin token (workers go on)',
  );
}
