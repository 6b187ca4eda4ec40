import { describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { taskObject, tasksPath, type TestApi } from './api-harness.js';
import { startApiWithKubectl, useKubectl, type Kubectl } from './kubectl-harness.js';

const mapsPath = '/api/v1/namespaces/default/configmaps';

let api: TestApi;
let kubectl: Kubectl;

useKubectl(startApiWithKubectl, (started) => {
  ({ api, kubectl } = started);
});

async function family(name: string): Promise<void> {
  const owner = await api.request('POST', mapsPath, { body: { metadata: { name } } });
  const { uid } = (owner.json as { metadata: { uid: string } }).metadata;
  const reference = { apiVersion: 'v1', kind: 'ConfigMap', name, uid, blockOwnerDeletion: true };
  const created = await api.request('POST', tasksPath, {
    body: taskObject(`${name}-child`, {}, { ownerReferences: [reference] }),
  });
  expect(created.status).toBe(201);
}

const isThere = async (path: string): Promise<boolean> => (await api.request('GET', path)).status === 200;

describe('kubectl delete', () => {
  it('takes dependents along by default', async () => {
    await family('background');
    expect(await kubectl.succeeds('delete', 'cm', 'background')).toBe('configmap "background" deleted\n');
    await waitFor('the child to go', async () => !(await isThere(`${tasksPath}/background-child`)));
  });

  it('waits for dependents with --cascade=foreground', async () => {
    await family('foreground');
    await kubectl.succeeds('delete', 'cm', 'foreground', '--cascade=foreground');
    expect(await isThere(`${tasksPath}/foreground-child`)).toBe(false);
  });

  it('leaves dependents with --cascade=orphan', async () => {
    await family('orphan');
    await kubectl.succeeds('delete', 'cm', 'orphan', '--cascade=orphan');
    const child = await kubectl.succeeds('get', 'task', 'orphan-child', '-o', 'jsonpath={.metadata.ownerReferences}');
    expect(child).toBe('');
  });

  it('waits for finalizers, and ends when they are gone', async () => {
    await api.request('POST', tasksPath, { body: taskObject('held', {}, { finalizers: ['test/hold'] }) });
    expect(await kubectl.succeeds('delete', 'task', 'held', '--wait=false')).toContain('deleted');
    expect(await kubectl.succeeds('get', 'task', 'held', '-o', 'jsonpath={.metadata.deletionTimestamp}')).toMatch(/Z$/);
    const waiting = kubectl.succeeds('wait', 'task/held', '--for=delete', '--timeout=20s');
    await kubectl.succeeds('patch', 'task', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
    await waiting;
    expect(await isThere(`${tasksPath}/held`)).toBe(false);
  });

  it('deletes by selector, by file and by name, and minds --dry-run', async () => {
    for (const name of ['a', 'b', 'c']) {
      await api.request('POST', tasksPath, {
        body: taskObject(name, {}, { labels: { group: name === 'c' ? 'y' : 'x' } }),
      });
    }
    expect(await kubectl.succeeds('delete', 'tasks', '-l', 'group in (x)', '--dry-run=server')).toContain('dry run');
    expect(await kubectl.succeeds('delete', 'tasks', '-l', 'group in (x)')).toMatch(/"a" deleted\n.*"b" deleted/);
    expect(await kubectl.succeeds('get', 'tasks', '-l', 'group', '-o', 'name')).toBe('task.orch.dev/c\n');
    expect(await kubectl.fails('delete', 'task', 'nothing')).toContain('tasks.orch.dev "nothing" not found');
    expect(await kubectl.succeeds('delete', 'task', 'nothing', '--ignore-not-found')).toBe('');
  });

  it('replaces by force: deletes first, then creates', async () => {
    const manifest = 'apiVersion: orch.dev/v1\nkind: Task\nmetadata: { name: forced }\nspec: { image: a }\n';
    const path = await kubectl.write('forced.yaml', manifest);
    await kubectl.succeeds('create', '-f', path);
    const uid = await kubectl.succeeds('get', 'task', 'forced', '-o', 'jsonpath={.metadata.uid}');
    expect(await kubectl.succeeds('replace', '--force', '-f', path)).toMatch(/deleted\n.*replaced\n/);
    expect(await kubectl.succeeds('get', 'task', 'forced', '-o', 'jsonpath={.metadata.uid}')).not.toBe(uid);
  });

  it('ends a namespace with everything in it, and leaves default alone', async () => {
    await kubectl.succeeds('create', 'namespace', 'shop');
    await kubectl.succeeds('create', 'configmap', 'one', '-n', 'shop');
    await api.request('POST', '/apis/orch.dev/v1/namespaces/shop/tasks', {
      body: taskObject('held', {}, { finalizers: ['test/hold'] }),
    });
    await kubectl.succeeds('delete', 'namespace', 'shop', '--wait=false');
    expect(await kubectl.succeeds('get', 'ns', 'shop')).toMatch(/shop +Terminating/);
    expect(await kubectl.fails('create', 'configmap', 'two', '-n', 'shop')).toContain('it is being terminated');
    // Who waits for it learns what it waits for.
    await waitFor('the namespace to say what holds it', async () => {
      const conditions = await kubectl.succeeds('get', 'ns', 'shop', '-o', 'jsonpath={.status.conditions[*].message}');
      return conditions === 'tasks.orch.dev has 1: held test/hold in 1: tasks.orch.dev/held';
    });
    await kubectl.succeeds(
      ...['patch', 'task', 'held', '-n', 'shop', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'],
    );
    await kubectl.succeeds('wait', 'ns/shop', '--for=delete', '--timeout=20s');
    expect(await kubectl.succeeds('get', 'tasks,cm,events', '-n', 'shop', '--ignore-not-found')).toBe('');
    expect(await kubectl.fails('delete', 'namespace', 'default')).toContain('Forbidden');
  });
});
