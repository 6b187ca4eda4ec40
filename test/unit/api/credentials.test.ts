import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCredentials } from '../../../src/api/credentials.js';
import { formatKubeconfig, tokenOfKubeconfig } from '../../../src/api/kubeconfig.js';
import { createSystemRandom } from '../../../src/support/random.js';

let directory: string;
const random = createSystemRandom();
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'orch-credentials-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const keepKubeconfig = (token: string): Promise<void> =>
  writeFile(join(directory, 'kubeconfig'), formatKubeconfig({ server: 'https://127.0.0.1:7443', caPem: 'ca', token }));

describe('openCredentials', () => {
  it('knows its tokens and no others', async () => {
    const { authenticator, adminToken, joinToken, issueNodeToken } = await openCredentials({ directory, random });
    expect(authenticator.authenticate(adminToken)).toEqual({ role: 'admin', name: 'system:admin' });
    expect(authenticator.authenticate(joinToken)).toEqual({ role: 'join', name: 'system:join' });
    const node = issueNodeToken('rack1.n-2');
    expect(authenticator.authenticate(node)).toEqual({
      role: 'node',
      name: 'system:node:rack1.n-2',
      nodeName: 'rack1.n-2',
    });
    const secretOf = (token: string): string => token.slice(token.lastIndexOf('.') + 1);
    const wrong = [
      '',
      'admin',
      'admin.',
      `${adminToken}x`,
      adminToken.slice(0, -1),
      `node-other.${secretOf(node)}`,
      `node-join.${secretOf(joinToken)}`,
      `join.${secretOf(node)}`,
      `admin.${secretOf(joinToken)}`,
      `node-.${secretOf(node)}`,
      'x'.repeat(100_000),
    ];
    for (const token of wrong)
      expect([token.slice(0, 60), authenticator.authenticate(token)]).toEqual([token.slice(0, 60), undefined]);
  });

  it('keeps all tokens while the kubeconfig is there', async () => {
    const first = await openCredentials({ directory, random });
    await keepKubeconfig(first.adminToken);
    const second = await openCredentials({ directory, random });
    expect(second.adminToken).toBe(first.adminToken);
    expect(second.joinToken).toBe(first.joinToken);
    expect(second.issueNodeToken('a')).toBe(first.issueNodeToken('a'));
  });

  it('makes a new admin token when the kubeconfig is lost or foreign, and only that', async () => {
    const first = await openCredentials({ directory, random });
    await keepKubeconfig('admin.foreign');
    const second = await openCredentials({ directory, random });
    expect(second.adminToken).not.toBe(first.adminToken);
    expect(second.authenticator.authenticate(first.adminToken)).toBeUndefined();
    expect(second.authenticator.authenticate('admin.foreign')).toBeUndefined();
    expect(second.joinToken).toBe(first.joinToken);
  });

  it('SE-03: stores no token, for its owner only', async () => {
    const { adminToken, joinToken } = await openCredentials({ directory, random });
    const path = join(directory, 'credentials.json');
    const text = await readFile(path, 'utf8');
    for (const token of [adminToken, joinToken]) expect(text).not.toContain(token.split('.')[1]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('refuses a damaged file instead of replacing it', async () => {
    for (const text of ['{', '{"version":1}', '{"version":1,"signingKey":"c2hvcnQ","adminTokenSha256":"x"}']) {
      await writeFile(join(directory, 'credentials.json'), text);
      await expect(openCredentials({ directory, random })).rejects.toThrow('credentials.json is damaged');
      expect(await readFile(join(directory, 'credentials.json'), 'utf8')).toBe(text);
    }
  });

  it('issues no token for what cannot name a worker', async () => {
    const { issueNodeToken } = await openCredentials({ directory, random });
    for (const name of ['', 'A', 'a b', '../a', 'a'.repeat(254), 'a.'])
      expect(() => issueNodeToken(name)).toThrow('cannot name');
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
