import type { IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configMapKind } from '../../src/model/config-map.js';
import { waitFor } from '../support/wait-for.js';
import { startTestApi, type TestApi } from './api-harness.js';

const mapsPath = '/api/v1/namespaces/default/configmaps';
const count = 600;

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  for (let index = 0; index < count; index += 1) {
    const name = `map-${String(index).padStart(3, '0')}`;
    const labels = { parity: index % 2 === 0 ? 'even' : 'odd', step: 'all' };
    await api.registry.create(configMapKind, { metadata: { name, labels }, data: { text: 'x'.repeat(1_000) } });
  }
});

afterAll(() => api.close());

interface List {
  items: { metadata: { name: string } }[];
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
}

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('long lists', () => {
  it('leave compressed for who takes that, and say the same', async () => {
    const plain = await api.openBody(mapsPath);
    expect(plain.headers['content-encoding']).toBeUndefined();
    const text = await bytesOf(plain);
    const packed = await api.openBody(mapsPath, { 'accept-encoding': 'gzip' });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.headers['vary']).toContain('Accept-Encoding');
    const bytes = await bytesOf(packed);
    expect(bytes.length).toBeLessThan(text.length / 5);
    expect(gunzipSync(bytes).equals(text)).toBe(true);
    expect((JSON.parse(text.toString()) as List).items).toHaveLength(count);
  });

  it('leave as they are when they are short, or for whom refuses', async () => {
    const short = await api.openBody(`${mapsPath}?limit=3`, { 'accept-encoding': 'gzip' });
    expect(short.headers['content-encoding']).toBeUndefined();
    await bytesOf(short);
    const refused = await api.openBody(mapsPath, { 'accept-encoding': 'gzip;q=0' });
    expect(refused.headers['content-encoding']).toBeUndefined();
    await bytesOf(refused);
  });

  it('do not harm the server when the client leaves in the middle', async () => {
    const response = await api.openBody(mapsPath, { 'accept-encoding': 'gzip' });
    response.destroy();
    await waitFor('an answer', async () => (await api.request('GET', `${mapsPath}?limit=1`)).status === 200);
  });

  it('are never compressed when they are watches: every event arrives at once', async () => {
    const watch = await api.openWatch(`${mapsPath}?watch=true&fieldSelector=metadata.name=map-000`, {
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(watch.response.headers['content-encoding']).toBeUndefined();
    expect(await watch.next()).toMatchObject({ type: 'ADDED' });
    watch.destroy();
  });
});

describe('pages', () => {
  it("are all of the first one's revision, from which a watch tells what changed meanwhile", async () => {
    const seen: string[] = [];
    const revisions = new Set<string>();
    let token = '';
    do {
      const query = `?limit=250${token === '' ? '' : `&continue=${token}`}`;
      const page = (await api.request('GET', `${mapsPath}${query}`)).json as List;
      seen.push(...page.items.map(({ metadata }) => metadata.name));
      revisions.add(page.metadata.resourceVersion);
      token = page.metadata.continue ?? '';
      if (seen.length === 250) {
        expect(page.metadata.remainingItemCount).toBe(count - 250);
        await api.request('DELETE', `${mapsPath}/map-001`);
        await api.request('DELETE', `${mapsPath}/map-599`);
      }
    } while (token !== '');
    expect(seen).toHaveLength(count);
    expect(new Set(seen).size).toBe(count);
    expect(revisions.size).toBe(1);
    const watch = await api.openWatch(`${mapsPath}?watch=true&resourceVersion=${[...revisions].join()}`);
    const deleted = [await watch.next(), await watch.next()] as { type: string; object: List['items'][number] }[];
    watch.destroy();
    expect(deleted.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      'DELETED map-001',
      'DELETED map-599',
    ]);
  });
});

describe('a page whose first one is long ago', () => {
  it('is 410, as Kubernetes answers it, with a token in its metadata that goes on as things are now', async () => {
    const old = (await api.request('GET', `${mapsPath}?limit=250`)).json as List;
    for (let other = 0; other < 64; other += 1) {
      const label = { metadata: { labels: { turn: String(other) } } };
      await api.request('PATCH', `${mapsPath}/map-002`, { body: label, type: 'application/merge-patch+json' });
      await api.request('GET', `${mapsPath}?limit=1`);
    }
    const gone = await api.request('GET', `${mapsPath}?limit=250&continue=${old.metadata.continue ?? ''}`);
    expect(gone.status).toBe(410);
    expect(gone.json).toMatchObject({ reason: 'Expired', details: {} });
    const next = (gone.json as List).metadata.continue ?? '';
    const now = (await api.request('GET', `${mapsPath}?limit=500&continue=${next}`)).json as List;
    expect(now.items[0]?.metadata.name).toBe(`map-${String(old.items.length + 1).padStart(3, '0')}`);
    expect(Number(now.metadata.resourceVersion)).toBeGreaterThan(Number(old.metadata.resourceVersion));
  });
});

describe('DELETE of a collection', () => {
  it('takes what the selector matches, and nothing under dry run', async () => {
    const dry = await api.request('DELETE', `${mapsPath}?labelSelector=parity%3Dodd&dryRun=All`);
    expect(dry.json).toMatchObject({ kind: 'Status', status: 'Success', details: { kind: 'configmaps' } });
    expect((await api.request('GET', `${mapsPath}?labelSelector=parity%3Dodd`)).json.items).toHaveLength(298);
    expect((await api.request('DELETE', `${mapsPath}?labelSelector=parity%3Dodd`)).status).toBe(200);
    const left = (await api.request('GET', mapsPath)).json as List;
    expect(left.items).toHaveLength(300);
    expect((await api.request('DELETE', '/api/v1/namespaces')).status).toBe(405);
    const node = await api.admit('n1');
    expect((await api.request('DELETE', mapsPath, { token: node })).status).toBe(403);
  });
});
