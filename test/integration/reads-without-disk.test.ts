import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startTestApi, taskObject, tasksPath, type TestApi } from './api-harness.js';

// What is stored is held in memory as well: a slow or failing disk holds up writers, and no reader.
let folder: string;
let api: TestApi;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orch-reads-'));
  api = await startTestApi({ dataFolder: folder });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

function failReads(): void {
  const fail = (): never => {
    throw new Error('the disk cannot be read');
  };
  for (const read of ['get', 'getMany', 'iterator', 'keys', 'values'] as const) {
    vi.spyOn(ClassicLevel.prototype, read).mockImplementation(fail);
  }
}

it('serves objects, lists, pages, tables and watches while the disk cannot be read', async () => {
  for (const name of ['a', 'b', 'c']) await api.request('POST', tasksPath, { body: taskObject(name) });
  const before = (await api.request('GET', tasksPath)).json.metadata.resourceVersion as string;
  await api.request('DELETE', `${tasksPath}/c`);
  failReads();
  await expect((async () => new ClassicLevel(join(folder, 'other')).get('x'))()).rejects.toThrow('cannot be read');

  expect((await api.request('GET', `${tasksPath}/a`)).status).toBe(200);
  const first = await api.request('GET', `${tasksPath}?limit=1`);
  expect(first.json.items).toHaveLength(1);
  const next = await api.request('GET', `${tasksPath}?limit=5&continue=${first.json.metadata.continue}`);
  expect(next.json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['b']);
  const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  expect((await api.request('GET', '/api/v1/pods', { headers: table })).json.rows).toHaveLength(2);
  expect((await api.request('GET', '/api/v1/namespaces/default/events')).json.items).not.toEqual([]);

  const watch = await api.openWatch(`${tasksPath}?watch=true&resourceVersion=${before}`);
  expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'c' } } });
  // What is written is told without being read back.
  expect((await api.request('POST', tasksPath, { body: taskObject('d') })).status).toBe(201);
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'd' } } });
  watch.destroy();
});
