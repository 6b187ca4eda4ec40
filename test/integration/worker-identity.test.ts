import { createHash, createHmac, X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { joinOverNetwork } from '../../src/app/join-cluster.js';
import { startManager, type RunningManager } from '../../src/app/manager.js';
import { startWorker } from '../../src/app/worker.js';
import { certificateRequest, makeKey } from '../../src/app/worker-identity.js';
import { createClient } from '../../src/client/create-client.js';
import type { Client } from '../../src/client/client.js';
import { joinTokenKind } from '../../src/model/join-token.js';
import { isReady, nodeKind, type StoredNode } from '../../src/model/node.js';
import { tunnelProtocol } from '../../src/model/worker-tunnel.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { ManualClock } from '../support/manual-clock.js';
import { waitFor } from '../support/wait-for.js';
import { startTestApi, type NodeIdentity, type TestApi, type TestResponse } from './api-harness.js';

const hour = 3_600_000;
const mergePatch = 'application/merge-patch+json';
const keepAlive = { connection: 'keep-alive' };

describe('the door', () => {
  let api: TestApi;
  const clock = new ManualClock();

  beforeAll(async () => void (api = await startTestApi({ clock })));
  afterAll(() => api.close());

  async function joinAs(name: string, token: string | NodeIdentity, body: object = {}): Promise<TestResponse> {
    const csr = await certificateRequest(await makeKey(), 'w9');
    return api.request('POST', `/apis/orch.dev/v1/workers/${name}/join`, { token, body: { csr, ...body } });
  }
  const nodeOf = (name: string, token?: NodeIdentity): ReturnType<TestApi['request']> =>
    api.request('GET', `/api/v1/nodes/${name}`, token ? { token } : {});

  it('SE-04: makes a node for a token, and chooses itself what the certificate says', async () => {
    const token = await api.joinToken({ labels: { zone: 'a' } });
    const { json } = await joinAs('w1', token);
    const { subject, subjectAltName, keyUsage, validTo } = new X509Certificate(json.certificate as string);
    const node = (await nodeOf('w1')).json as StoredNode;
    expect(subject).toBe('O=system:nodes\nCN=system:node:w1');
    expect(subjectAltName).toBe(`URI:orch:node-uid:${node.metadata.uid}`);
    expect(keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(Date.parse(validTo) - clock.now()).toBe(7 * 24 * hour);
    expect(node.metadata.labels).toEqual({ zone: 'a', 'kubernetes.io/hostname': 'w1' });
  });

  it('SE-04: gives nobody the name of a node, nor labels beyond the token, nor anything for a request that proves nothing', async () => {
    const [token, w2] = [await api.joinToken(), await api.admit('w2')];
    const before = (await nodeOf('w2')).json as StoredNode;
    const taken = await joinAs('w2', token);
    expect([taken.status, taken.json.message]).toEqual([409, expect.stringContaining('orch delete node w2')]);
    expect((await joinAs('w3', w2)).status).toBe(403);
    expect((await joinAs('w3', token, { labels: { zone: 'pci' } })).status).toBe(403);
    for (const csr of [
      undefined,
      '',
      'x',
      w2.cert,
      `${await certificateRequest(await makeKey(), 'w3')}`.replace(/.{8}\n/, 'AAAAAAAA\n'),
    ]) {
      expect((await joinAs('w3', token, { csr })).status).toBe(400);
    }
    expect((await nodeOf('w3')).status).toBe(404);
    expect((await nodeOf('w2')).json).toEqual(before);
    expect((await joinAs('w2', w2)).status).toBe(200);
  });

  it('SE-03: stores hashes of join tokens, each of which ends with its time, its uses or its deletion', async () => {
    const token = await api.joinToken({ uses: 1, nodeName: 'w4' });
    const text = JSON.stringify((await api.registry.snapshot()).entries);
    expect(text).not.toContain(token.split('.')[1]);
    expect(text).toContain(createHash('sha256').update(token).digest('hex'));
    expect((await joinAs('w5', token)).status).toBe(403);
    expect((await joinAs('w4', token)).status).toBe(200);
    await api.request('DELETE', '/api/v1/nodes/w4');
    expect((await joinAs('w4', token)).status).toBe(401);
    const deleted = await api.joinToken();
    await api.request('DELETE', `/apis/orch.dev/v1/jointokens/${/join-([^.]+)/.exec(deleted)?.[1]}`);
    expect((await joinAs('w4', deleted)).status).toBe(401);
    const expired = await api.joinToken({ expirationTimestamp: '2025-12-31T23:59:59Z' });
    expect((await joinAs('w4', expired)).json).toMatchObject({
      ...{ code: 401, message: expect.stringContaining('expired at 2025-12-31T23:59:59Z') as string },
    });
    expect((await nodeOf('w4')).status).toBe(404);
  });

  it('SE-03: takes whoever has an ended join token for nobody, and says why', async () => {
    const isNobody = async (token: string, why: string): Promise<void> => {
      for (const path of ['/apis', '/apis/orch.dev/v1/workers/w12/join', '/apis/orch.dev/v1/workers/w11/join']) {
        const answer = await api.request('POST', path, { token, body: {} });
        expect([answer.status, answer.headers.connection, answer.json.message]).toEqual([
          ...[401, 'close'],
          expect.stringContaining(why),
        ]);
      }
      expect((await api.request('GET', '/version', { token })).headers.connection).toBe('close');
    };
    const kept = await api.request('GET', '/version', { token: await api.joinToken(), headers: keepAlive });
    expect(kept.headers.connection).toBe('keep-alive');

    await isNobody(await api.joinToken({ expirationTimestamp: '2025-12-31T23:59:59Z' }), 'expired at 2025-12-31');
    const leaving = await api.joinToken();
    const path = `/apis/orch.dev/v1/jointokens/${/join-([^.]+)/.exec(leaving)?.[1]}`;
    const finalizers = { body: { metadata: { finalizers: ['example.com/keep'] } }, type: mergePatch };
    await api.request('PATCH', path, finalizers);
    await api.request('DELETE', path);
    await isNobody(leaving, 'was deleted');

    // Whoever lost the answer to the last use may ask for it again, until the worker was heard of.
    const [token, key] = [await api.joinToken({ uses: 1 }), await makeKey()];
    const ask = async (name: string): Promise<TestResponse> => {
      const body = { csr: await certificateRequest(key, name) };
      return api.request('POST', `/apis/orch.dev/v1/workers/${name}/join`, { token, body });
    };
    expect((await ask('w11')).status).toBe(200);
    expect((await ask('w12')).status).toBe(401);
    const again = await ask('w11');
    expect(again.status).toBe(200);
    const worker = { key, cert: again.json.certificate as string };
    const status = { nodeInfo: { containerRuntimeVersion: 'simulated' } };
    const told = { token: worker, body: { status }, type: mergePatch };
    expect((await api.request('PATCH', '/api/v1/nodes/w11/status', told)).status).toBe(200);
    await isNobody(token, 'is used up (1)');
    expect((await ask('w11')).status).toBe(401);
    expect((await nodeOf('w11', worker)).status).toBe(200);
  });

  it('SE-04: costs a token no use when nobody joined', async () => {
    const token = await api.joinToken({ uses: 2 });
    const used = async (): Promise<number> => {
      const name = /join-([^.]+)/.exec(token)?.[1];
      return (await api.request('GET', `/apis/orch.dev/v1/jointokens/${name}`)).json.status?.used ?? 0;
    };
    for (const name of ['w'.repeat(64), `${'w'.repeat(40)}.${'w'.repeat(40)}`, 'W1', 'w_1']) {
      const refused = await joinAs(name, token);
      expect([refused.status, refused.json.message]).toEqual([400, expect.stringContaining('at most 63')]);
    }
    expect((await joinAs('w13', token, { csr: 'x' })).status).toBe(400);
    expect(await used()).toBe(0);
    // Of two at once with one name, one has joined.
    const both = await Promise.all([joinAs('w13', token), joinAs('w13', token)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await used()).toBe(1);
    const longest = 'w'.repeat(63);
    expect((await joinAs(longest, token)).status).toBe(200);
    expect((await nodeOf(longest)).json.metadata.labels).toEqual({ 'kubernetes.io/hostname': longest });
  });

  it('SE-03: puts a worker out with its node: watches and tunnel at once, and for good', async () => {
    const worker = await api.admit('w6');
    const watch = await api.openWatch('/apis/orch.dev/v1/tasks?watch=true', { token: worker });
    const tunnel = api.socket('/apis/orch.dev/v1/workers/w6/tunnel', tunnelProtocol, worker);
    await new Promise((resolve, reject) => tunnel.once('open', resolve).once('error', reject));
    const closed = new Promise((resolve) => tunnel.once('close', resolve));
    await api.request('DELETE', '/api/v1/nodes/w6');
    await Promise.all([watch.ended, closed]);
    const beat = { token: worker, body: { sessionId: 's' } };
    const isOut = async (): Promise<void> => {
      expect((await nodeOf('w6', worker)).status).toBe(401);
      expect((await api.request('POST', '/apis/orch.dev/v1/workers/w6/heartbeat', beat)).status).toBe(401);
      expect((await joinAs('w6', worker)).status).toBe(401);
      const node = { token: worker, body: { metadata: { name: 'w6' } } };
      expect((await api.request('POST', '/api/v1/nodes', node)).status).toBe(401);
    };
    await isOut();
    // Another node of that name is another member.
    const next = await api.admit('w6');
    await isOut();
    expect((await nodeOf('w6', next)).status).toBe(200);
  });

  it('SE-03: does not wait for a finalizer to put a worker out', async () => {
    const worker = await api.admit('w7');
    const finalizers = {
      body: { metadata: { finalizers: ['example.com/keep'] } },
      type: 'application/merge-patch+json',
    };
    await api.request('PATCH', '/api/v1/nodes/w7', finalizers);
    await api.request('DELETE', '/api/v1/nodes/w7');
    expect((await nodeOf('w7')).status).toBe(200);
    expect((await nodeOf('w7', worker)).status).toBe(401);
    expect((await joinAs('w7', await api.joinToken())).status).toBe(409);
  });

  it('SE-03: looks at the time of a certificate with every request, and cuts what it carries when it ends', async () => {
    const worker = await api.admit('w8');
    const watch = await api.openWatch('/apis/orch.dev/v1/tasks?watch=true&timeoutSeconds=900000', { token: worker });
    await clock.advance(7 * 24 * hour - 1000);
    expect((await nodeOf('w8', worker)).status).toBe(200);
    await clock.advance(1000);
    expect(await watch.ended).toBe(false);
    expect((await nodeOf('w8', worker)).status).toBe(401);
    expect((await joinAs('w8', worker)).status).toBe(401);
    // With a token and its key it comes back to the node that it had.
    const { uid } = ((await nodeOf('w8')).json as StoredNode).metadata;
    const csr = await certificateRequest(worker.key, 'w8');
    const again = await joinAs('w8', await api.joinToken(), { csr });
    expect((await nodeOf('w8', { key: worker.key, cert: again.json.certificate as string })).json.metadata.uid).toBe(
      uid,
    );
  });
});

describe('a worker', () => {
  const clock = createSystemClock();
  const effects = { clock, random: createSystemRandom(), logger: silentLogger };
  let folder: string;
  let manager: RunningManager;
  let client: Client;
  let closers: (() => Promise<void>)[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orch-identity-'));
    closers = [];
  });
  afterEach(async () => {
    for (const close of closers.reverse()) await close();
    await rm(folder, { recursive: true, force: true });
  });

  async function startCluster(): Promise<void> {
    manager = await startManager({ dataDirectory: join(folder, 'm'), host: '127.0.0.1', port: 0 }, effects);
    const { url: server, caPem } = manager;
    client = createClient({ server, caPem, token: manager.credentials.adminToken, clock });
    closers.push(
      () => manager.close(),
      () => client.close(),
    );
  }
  async function startMember(name: string): Promise<() => Promise<void>> {
    const { url: server, caPem } = manager;
    const join_ = joinOverNetwork({ server, caPem, name, labels: {}, tokenFile: join(folder, 'm/join-token'), clock });
    const dataDirectory = join(folder, name);
    const worker = await startWorker(
      { name, dataDirectory, server, caPem, runtime: 'simulated', join: join_ },
      effects,
    );
    let isClosed = false;
    const close = async (): Promise<void> => {
      if (!isClosed) await worker.close();
      isClosed = true;
    };
    closers.push(close);
    return close;
  }
  const readyNode = (name: string, isWanted: (node: StoredNode) => boolean = () => true): Promise<StoredNode> =>
    waitFor(`node ${name} to be ready`, async () => {
      const node = (await client.get(nodeKind, { name })) as StoredNode;
      return isReady(node) && isWanted(node) ? node : undefined;
    });

  it('keeps its node over a restart, and joins again by itself when the node was deleted', async () => {
    await startCluster();
    const stop = await startMember('w1');
    const first = await readyNode('w1');
    await client.patch(
      nodeKind,
      { name: 'w1' },
      { spec: { unschedulable: true }, metadata: { labels: { zone: 'a' } } },
    );
    await stop();
    await startMember('w1');
    const second = await readyNode('w1');
    expect(second.metadata.uid).toBe(first.metadata.uid);
    expect([second.spec?.unschedulable, second.metadata.labels?.['zone']]).toEqual([true, 'a']);

    await client.delete(nodeKind, { name: 'w1' });
    const third = await readyNode('w1', ({ metadata }) => metadata.uid !== first.metadata.uid);
    expect(third.metadata.labels).not.toHaveProperty('zone');
    expect((await client.list(joinTokenKind)).items).toHaveLength(1);
  });

  it('of an earlier version goes on with its token, until it has a certificate', async () => {
    await startCluster();
    for (const name of ['w1', 'w2']) await manager.admit(name, {}, await certificateRequest(await makeKey(), name));
    const { adminToken } = manager.credentials;
    const { clusterUid } = manager;
    await manager.close();
    // What the version before has left in the folders.
    const signingKey = Buffer.alloc(32, 7);
    const tokenOf = (name: string): string =>
      `node-${name}.${createHmac('sha256', signingKey).update(`node:${name}`).digest('base64url')}`;
    const adminTokenSha256 = createHash('sha256').update(adminToken).digest('hex');
    const credentials = { version: 1, signingKey: signingKey.toString('base64url'), adminTokenSha256 };
    await writeFile(join(folder, 'm/credentials.json'), JSON.stringify(credentials));
    const joinToken = `join.${createHmac('sha256', signingKey).update('join').digest('base64url')}`;
    await writeFile(join(folder, 'm/join-token'), `${joinToken}\n`);
    await mkdir(join(folder, 'w1'), { mode: 0o700 });
    const identity = { name: 'w1', instanceId: 'i1', token: tokenOf('w1'), clusterUid };
    await writeFile(join(folder, 'w1/identity.json'), JSON.stringify(identity));

    await startCluster();
    expect(manager.credentials.adminToken).toBe(adminToken);
    expect(await readFile(join(folder, 'm/join-token'), 'utf8')).toMatch(/^join-[0-9a-f]{10}\./);
    const statusWith = async (token: string, path: string): Promise<number> => {
      const { url: server, caPem } = manager;
      const earlier = createClient({ server, caPem, token, clock });
      const response = await earlier.request({ method: 'GET', path });
      await response.text();
      await earlier.close();
      return response.status;
    };
    expect(await statusWith(tokenOf('w1'), '/api/v1/nodes/w1')).toBe(200);
    expect(await statusWith(tokenOf('w3'), '/api/v1/nodes/w3')).toBe(401);
    expect(await statusWith(joinToken, '/api/v1/nodes/w1')).toBe(401);

    await startMember('w1');
    await readyNode('w1');
    expect(await statusWith(tokenOf('w1'), '/api/v1/nodes/w1')).toBe(401);
    expect(await statusWith(tokenOf('w2'), '/api/v1/nodes/w2')).toBe(200);
    await client.delete(nodeKind, { name: 'w2' });
    expect(await statusWith(tokenOf('w2'), '/api/v1/nodes/w2')).toBe(401);
    expect(await readFile(join(folder, 'w1/identity.json'), 'utf8')).not.toContain(tokenOf('w1'));
  });
});
