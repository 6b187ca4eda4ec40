import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  Watch,
  type KubernetesListObject,
  type KubernetesObject,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { startTestApi, taskObject, tasksPath, type TestApi } from './api-harness.js';

/** Kubernetes' own JavaScript client, as anybody would use it. */
let folder: string;
let api: TestApi;
let config: KubeConfig;

const tasks = { group: 'orch.dev', version: 'v1', namespace: 'default', plural: 'tasks' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orch-client-node-'));
  api = await startTestApi({ dataFolder: folder });
  config = configOf(api);
});

afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

function configOf({ kubeconfig }: TestApi): KubeConfig {
  const loaded = new KubeConfig();
  loaded.loadFromString(kubeconfig);
  return loaded;
}

interface TaskOfClient extends KubernetesObject {
  spec: { image: string; priority?: number };
}

const listTasks = (): Promise<KubernetesListObject<TaskOfClient>> =>
  config.makeApiClient(CustomObjectsApi).listNamespacedCustomObject(tasks) as Promise<
    KubernetesListObject<TaskOfClient>
  >;

describe('@kubernetes/client-node', () => {
  it('reads, writes and deletes core kinds through its typed client', async () => {
    const core = config.makeApiClient(CoreV1Api);
    const created = await core.createNamespace({ body: { metadata: { name: 'typed', labels: { a: 'b' } } } });
    expect(created.status?.phase).toBe('Active');
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const found = await core.listNamespace({ labelSelector: 'a in (b,c)' });
    expect(found.items.map((item) => item.metadata?.name)).toEqual(['typed']);
    await core.patchNamespace(
      { name: 'typed', body: { metadata: { annotations: { note: 'x' } } } },
      setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
    );
    expect((await core.readNamespace({ name: 'typed' })).metadata?.annotations).toEqual({ note: 'x' });
    await core.deleteNamespace({ name: 'typed' });
    await waitFor(
      'the namespace is gone',
      async () => (await core.listNamespace({ labelSelector: 'a=b' })).items.length === 0,
    );
    await expect(core.readNamespace({ name: 'typed' })).rejects.toMatchObject({ code: 404 });
  });

  it('loses nothing of ConfigMaps and Secrets, and deletes many at once', async () => {
    const core = config.makeApiClient(CoreV1Api);
    const inDefault = { namespace: 'default' };
    await core.createNamespacedConfigMap({ ...inDefault, body: { metadata: { name: 'c1' }, data: { a: 'b' } } });
    const map = await core.readNamespacedConfigMap({ ...inDefault, name: 'c1' });
    expect(map.data).toEqual({ a: 'b' });
    await core.replaceNamespacedConfigMap({ ...inDefault, name: 'c1', body: { ...map, data: { a: 'c' } } });
    const body = { metadata: { name: 's1', labels: { many: 'yes' } }, stringData: { password: 'x' } };
    const secret = await core.createNamespacedSecret({ ...inDefault, body });
    expect(secret).toMatchObject({ type: 'Opaque', data: { password: 'eA==' } });
    await core.createNamespacedSecret({ ...inDefault, body: { ...body, metadata: { ...body.metadata, name: 's2' } } });
    await core.deleteCollectionNamespacedSecret({ ...inDefault, labelSelector: 'many=yes' });
    expect((await core.listNamespacedSecret(inDefault)).items).toEqual([]);
    expect((await core.listNamespacedConfigMap(inDefault)).items.map(({ data }) => data)).toEqual([{ a: 'c' }]);
  });

  it('reads, writes and deletes tasks as custom objects', async () => {
    const custom = config.makeApiClient(CustomObjectsApi);
    const created = (await custom.createNamespacedCustomObject({
      ...tasks,
      body: taskObject('custom'),
    })) as TaskOfClient;
    expect(created.spec.image).toBe('busybox:latest');
    await custom.replaceNamespacedCustomObject({
      ...tasks,
      name: 'custom',
      body: { ...created, spec: { ...created.spec, priority: 2 } },
    });
    await expect(
      custom.replaceNamespacedCustomObject({ ...tasks, name: 'custom', body: created }),
    ).rejects.toMatchObject({ code: 409 });
    const read = (await custom.getNamespacedCustomObject({ ...tasks, name: 'custom' })) as TaskOfClient;
    expect(read.spec.priority).toBe(2);
    await custom.deleteNamespacedCustomObject({ ...tasks, name: 'custom' });
    await expect(custom.getNamespacedCustomObject({ ...tasks, name: 'custom' })).rejects.toMatchObject({ code: 404 });
  });

  it('applies on the server, and is told who owns a field', async () => {
    const custom = config.makeApiClient(CustomObjectsApi);
    const apply = (fieldManager: string, priority: number, force = false): Promise<unknown> =>
      custom.patchNamespacedCustomObject(
        { ...tasks, name: 'applied', body: taskObject('applied', { priority }), fieldManager, force },
        setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
      );
    await apply('one', 1);
    await expect(apply('two', 2)).rejects.toMatchObject({ code: 409, body: expect.stringContaining('.spec.priority') });
    expect(await apply('two', 2, true)).toMatchObject({ spec: { priority: 2 } });
  });

  it('resumes a watch where it left off', async () => {
    const watch = new Watch(config);
    const { metadata } = await listTasks();
    await api.request('POST', tasksPath, { body: taskObject('resumed') });
    const seen: string[] = [];
    const follow = async (resourceVersion: string | undefined, count: number): Promise<string> => {
      let last = '';
      const controller = await watch.watch(
        tasksPath,
        { resourceVersion },
        (type: string, object: KubernetesObject) => {
          seen.push(`${type} ${object.metadata?.name}`);
          last = object.metadata?.resourceVersion ?? '';
        },
        () => undefined,
      );
      await waitFor('the events', () => seen.length >= count);
      controller.abort();
      return last;
    };
    const last = await follow(metadata?.resourceVersion, 1);
    await api.request('DELETE', `${tasksPath}/resumed`);
    await follow(last, 2);
    expect(seen).toEqual(['ADDED resumed', 'DELETED resumed']);
  });

  it('keeps an informer right over a restart of the manager: no event is missing, none comes twice', async () => {
    await api.request('POST', tasksPath, { body: taskObject('before') });
    const events: string[] = [];
    const informer = makeInformer<TaskOfClient>(config, tasksPath, listTasks);
    const note = (verb: string) => (task: TaskOfClient) =>
      events.push(`${verb} ${task.metadata?.name} ${task.spec.priority ?? 0}`);
    informer.on('add', note('add'));
    informer.on('update', note('update'));
    informer.on('delete', note('delete'));
    let isUp = true;
    // As its documentation says: it stops at an error, and whoever uses it starts it again.
    informer.on('error', () => void waitFor('the manager', () => isUp).then(() => informer.start()));
    await informer.start();
    await waitFor('the events', () => events.includes('add before 0'));
    events.length = 0;

    await api.request('POST', tasksPath, { body: taskObject('early') });
    await waitFor('the events', () => events.length === 1);
    isUp = false;
    const { port } = api.server;
    await api.close();
    api = await startTestApi({ dataFolder: folder, port });
    await api.request('PATCH', `${tasksPath}/early`, {
      type: 'application/merge-patch+json',
      body: { spec: { priority: 7 } },
    });
    await api.request('DELETE', `${tasksPath}/before`);
    isUp = true;
    await waitFor('the events', () => events.length >= 3);
    await api.request('POST', tasksPath, { body: taskObject('late') });
    await waitFor('the events', () => events.includes('add late 0'));
    expect(events[0]).toBe('add early 0');
    expect(events.slice(1, 3).sort()).toEqual(['delete before 0', 'update early 7']);
    expect(events.slice(3)).toEqual(['add late 0']);
    await informer.stop();
  });
});
