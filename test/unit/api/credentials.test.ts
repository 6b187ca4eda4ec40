import { createHash, createHmac } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCredentials, type Credentials } from '../../../src/api/credentials.js';
import { formatKubeconfig, tokenOfKubeconfig } from '../../../src/api/kubeconfig.js';
import { createSystemRandom } from '../../../src/support/random.js';
import { ManualClock } from '../../support/manual-clock.js';

let directory: string;
let clock: ManualClock;
const random = createSystemRandom();
beforeEach(async () => {
  clock = new ManualClock();
  directory = await mkdtemp(join(tmpdir(), 'orch-credentials-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const keepKubeconfig = (token: string): Promise<void> =>
  writeFile(join(directory, 'kubeconfig'), formatKubeconfig({ server: 'https://127.0.0.1:7443', caPem: 'ca', token }));

const open = (nodeUids: readonly string[] = []): Promise<Credentials> =>
  openCredentials({ directory, random, clock, nodeUids: async () => nodeUids });

describe('openCredentials', () => {
  it('knows its token and no other', async () => {
    const { isAdminToken, adminToken } = await open();
    expect(isAdminToken(adminToken)).toBe(true);
    const wrong = ['', 'admin', 'admin.', `${adminToken}x`, adminToken.slice(0, -1), 'x'.repeat(100_000)];
    for (const token of wrong) expect([token.slice(0, 60), isAdminToken(token)]).toEqual([token.slice(0, 60), false]);
  });

  it('keeps the token while the kubeconfig is there', async () => {
    const first = await open();
    await keepKubeconfig(first.adminToken);
    expect((await open()).adminToken).toBe(first.adminToken);
  });

  it('makes a new admin token when the kubeconfig is lost or foreign', async () => {
    const first = await open();
    await keepKubeconfig('admin.foreign');
    const second = await open();
    expect(second.adminToken).not.toBe(first.adminToken);
    expect(second.isAdminToken(first.adminToken)).toBe(false);
    expect(second.isAdminToken('admin.foreign')).toBe(false);
  });

  it('SE-03: stores no token, for its owner only', async () => {
    const { adminToken } = await open();
    const path = join(directory, 'credentials.json');
    expect(await readFile(path, 'utf8')).not.toContain(adminToken.split('.')[1]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('refuses a damaged file instead of replacing it', async () => {
    for (const text of ['{', '{"version":1}', '{"version":1,"signingKey":"c2hvcnQ","adminTokenSha256":"x"}']) {
      await writeFile(join(directory, 'credentials.json'), text);
      await expect(open()).rejects.toThrow('credentials.json is damaged');
      expect(await readFile(join(directory, 'credentials.json'), 'utf8')).toBe(text);
    }
  });
});

describe('the file of a version whose workers had tokens', () => {
  const signingKey = Buffer.alloc(32, 7).toString('base64url');
  const tokenOf = (name: string): string => {
    const hmac = createHmac('sha256', Buffer.from(signingKey, 'base64url'));
    return `node-${name}.${hmac.update(`node:${name}`).digest('base64url')}`;
  };
  const text = async (): Promise<string> => readFile(join(directory, 'credentials.json'), 'utf8');
  beforeEach(async () => {
    const adminTokenSha256 = createHash('sha256').update('admin.old').digest('hex');
    await keepKubeconfig('admin.old');
    await writeFile(join(directory, 'credentials.json'), JSON.stringify({ version: 1, signingKey, adminTokenSha256 }));
  });

  it('keeps the admin token, and lets the workers of its nodes go on', async () => {
    const { adminToken, earlierNode } = await open(['uid-a']);
    expect(adminToken).toBe('admin.old');
    expect(earlierNode.nameOf(tokenOf('rack1.n-2'))).toBe('rack1.n-2');
    expect(earlierNode.nameOf(`${tokenOf('a')}x`)).toBeUndefined();
    expect(earlierNode.nameOf(tokenOf('a').replace('node-a', 'node-b'))).toBeUndefined();
    expect(earlierNode.validUntil('uid-a')).toBe(clock.now() + 30 * 86_400_000);
    expect(earlierNode.validUntil('uid-b')).toBeUndefined();
  });

  it('forgets each with its certificate, and the key with the last of them or after 30 days', async () => {
    const first = await open(['uid-a', 'uid-b']);
    await first.forgetEarlierNode('uid-a');
    expect(first.earlierNode.validUntil('uid-a')).toBeUndefined();
    // What there is now has no say any more: the nodes are those of the first start.
    const second = await open(['uid-a', 'uid-b', 'uid-c']);
    expect(['uid-a', 'uid-b', 'uid-c'].filter((uid) => second.earlierNode.validUntil(uid))).toEqual(['uid-b']);
    await second.forgetEarlierNode('uid-b');
    expect(second.earlierNode.nameOf(tokenOf('b'))).toBeUndefined();
    expect(await text()).not.toContain(signingKey);
  });

  it('lets a worker come again when its certificate could not be noted, and holds nobody else up', async () => {
    const credentials = await open(['uid-a', 'uid-b']);
    const file = join(directory, 'credentials.json');
    await rm(file);
    await mkdir(join(file, 'in-the-way'), { recursive: true });
    await expect(credentials.forgetEarlierNode('uid-a')).rejects.toThrow();
    expect(credentials.earlierNode.validUntil('uid-a')).toBeDefined();
    await rm(file, { recursive: true });
    await credentials.forgetEarlierNode('uid-a');
    await credentials.forgetEarlierNode('uid-b');
    expect(credentials.earlierNode.validUntil('uid-a')).toBeUndefined();
    expect(await text()).not.toContain(signingKey);
  });

  it('ends by itself after 30 days', async () => {
    const { earlierNode } = await open(['uid-a']);
    await clock.advance(31 * 86_400_000);
    expect(earlierNode.validUntil('uid-a')).toBeUndefined();
    await open();
    expect(await text()).not.toContain(signingKey);
  });
});

describe('kubeconfig', () => {
  it('gives back the token that it was made with, also after kubectl has rewritten it as YAML', () => {
    const text = formatKubeconfig({ server: 'https://[::1]:1', caPem: 'pem', token: 'admin.a-b_c' });
    expect(tokenOfKubeconfig(text)).toBe('admin.a-b_c');
    const rewritten = 'users:\n- name: orch\n  user:\n    token: admin.a-b_c\n';
    expect(tokenOfKubeconfig(rewritten)).toBe('admin.a-b_c');
    expect(tokenOfKubeconfig('users: []')).toBeUndefined();
  });
});
