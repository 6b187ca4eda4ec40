import { beforeEach, describe, expect, it } from 'vitest';
import { namespaceKind } from '../../../src/model/namespace.js';
import { nodeKind } from '../../../src/model/node.js';
import { sourceKind } from '../../../src/model/source.js';
import { taskEventKind, type TaskEvent } from '../../../src/model/task-event.js';
import { taskKind, type Task } from '../../../src/model/task.js';
import { settle } from '../../support/manual-clock.js';
import { inDefault, node, openFixture, task, type Fixture } from './registry-fixture.js';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});

const exists = async (name: string, namespace = 'default') =>
  (await fixture.registry.list(taskKind, { namespace })).items.some((item) => item.metadata.name === name);

/** A task on a worker whose node exists. */
async function createBound(
  name: string,
  spec: object = {},
  metadata: { namespace?: string; finalizers?: string[] } = {},
) {
  if (!(await fixture.registry.list(nodeKind)).items.length) await fixture.registry.create(nodeKind, node('w1'));
  await fixture.registry.create(taskKind, task(name, { ...spec }, metadata));
  return fixture.registry.mutate<Task>(taskKind, { name, namespace: metadata.namespace ?? 'default' }, (stored) => ({
    ...stored,
    spec: { ...stored.spec, nodeName: 'w1' },
    status: { state: 'Scheduled' },
  }));
}

describe('deleting a task', () => {
  it('that no worker has: it is gone at once', async () => {
    await fixture.registry.create(taskKind, task('web'));
    const { gone, object } = await fixture.registry.delete(taskKind, inDefault('web'));
    expect(gone).toBe(true);
    expect(object.metadata.resourceVersion).toBe(String(fixture.registry.currentRevision()));
    await expect(fixture.registry.delete(taskKind, inDefault('web'))).rejects.toMatchObject({
      code: 'NotFound',
      message: 'tasks.orch.dev "web" not found',
    });
  });

  it('AP-10: that a worker has: it waits for the confirmation, for ever', async () => {
    await createBound('web', { terminationGracePeriodSeconds: 7 });
    const { gone, object } = await fixture.registry.delete<Task>(taskKind, inDefault('web'));
    expect(gone).toBe(false);
    expect(object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 7,
    });
    await fixture.clock.advance(3_600_000);
    const again = await fixture.registry.delete(taskKind, inDefault('web'));
    expect(again.object).toEqual(object);
    const { uid } = object.metadata;
    const confirmation = { gracePeriodSeconds: 0, preconditions: { uid } };
    expect((await fixture.registry.delete(taskKind, inDefault('web'), confirmation)).gone).toBe(true);
    expect(await exists('web')).toBe(false);
  });

  it('gives 30 s by default, what was asked for otherwise, and never more than before', async () => {
    await createBound('web');
    const shown = await fixture.registry.delete(taskKind, inDefault('web'), { dryRun: true });
    expect(shown.object.metadata.deletionGracePeriodSeconds).toBe(30);
    await fixture.registry.delete(taskKind, inDefault('web'), { gracePeriodSeconds: 5 });
    const longer = await fixture.registry.delete(taskKind, inDefault('web'), { gracePeriodSeconds: 50 });
    expect(longer.object.metadata.deletionGracePeriodSeconds).toBe(5);
    const shorter = await fixture.registry.delete(taskKind, inDefault('web'), { gracePeriodSeconds: 2 });
    expect(shorter.object.metadata.deletionGracePeriodSeconds).toBe(2);
    await expect(fixture.registry.delete(taskKind, inDefault('web'), { gracePeriodSeconds: -1 })).rejects.toMatchObject(
      { code: 'BadRequest' },
    );
  });

  it('does not take a grace of 0 in the spec for a confirmation', async () => {
    await createBound('web', { terminationGracePeriodSeconds: 0 });
    expect((await fixture.registry.delete(taskKind, inDefault('web'))).gone).toBe(false);
  });

  it('AP-06: holds its uid and resourceVersion against the preconditions', async () => {
    const { object } = await fixture.registry.create(taskKind, task('web'));
    const { uid, resourceVersion } = object.metadata;
    for (const preconditions of [{ uid: 'former' }, { resourceVersion: '1' }, { uid, resourceVersion: '1' }]) {
      await expect(fixture.registry.delete(taskKind, inDefault('web'), { preconditions })).rejects.toMatchObject({
        code: 'Conflict',
        message: expect.stringContaining('Precondition failed') as string,
      });
    }
    expect(
      (await fixture.registry.delete(taskKind, inDefault('web'), { preconditions: { uid, resourceVersion } })).gone,
    ).toBe(true);
  });

  it('AP-10: waits for finalizers, and is irrevocable meanwhile', async () => {
    await fixture.registry.create(taskKind, task('web', {}, { finalizers: ['a', 'b'] }));
    expect((await fixture.registry.delete(taskKind, inDefault('web'))).gone).toBe(false);
    const { object } = await fixture.registry.replace(
      taskKind,
      inDefault('web'),
      task('web', {}, { finalizers: ['b'] }),
    );
    expect(object.metadata).toMatchObject({ finalizers: ['b'], deletionTimestamp: '2026-01-01T00:00:00Z' });
    await expect(
      fixture.registry.patch(taskKind, inDefault('web'), {
        type: 'merge',
        body: { metadata: { finalizers: ['b', 'c'] } },
      }),
    ).rejects.toMatchObject({ code: 'Invalid' });
    const revoked = await fixture.registry.mutate(taskKind, inDefault('web'), (stored) => {
      delete stored.metadata.deletionTimestamp;
      return stored;
    });
    expect(revoked.changed).toBe(false);
    await fixture.registry.patch(taskKind, inDefault('web'), {
      type: 'merge',
      body: { metadata: { finalizers: null } },
    });
    expect(await exists('web')).toBe(false);
  });

  it('needs the worker and the finalizers, in any order', async () => {
    for (const confirmsFirst of [true, false]) {
      await createBound('web', {}, { finalizers: ['a'] });
      await fixture.registry.delete(taskKind, inDefault('web'));
      const steps = [
        () => fixture.registry.delete(taskKind, inDefault('web'), { gracePeriodSeconds: 0 }),
        () =>
          fixture.registry.patch(taskKind, inDefault('web'), { type: 'merge', body: { metadata: { finalizers: [] } } }),
      ];
      if (!confirmsFirst) steps.reverse();
      await steps[0]?.();
      expect(await exists('web')).toBe(true);
      await steps[1]?.();
      expect(await exists('web')).toBe(false);
    }
  });

  it('ends when the system takes the task back from its worker', async () => {
    await createBound('web');
    await fixture.registry.delete(taskKind, inDefault('web'));
    await fixture.registry.mutate<Task>(taskKind, inDefault('web'), (stored) => {
      delete stored.spec.nodeName;
      return { ...stored, status: { state: 'Pending' } };
    });
    expect(await exists('web')).toBe(false);
  });

  it('AP-10: ends when its node is deleted, and at once when the node is gone already', async () => {
    await createBound('dying');
    await createBound('living');
    await fixture.registry.delete(taskKind, inDefault('dying'));
    await fixture.registry.delete(nodeKind, { name: 'w1' });
    await fixture.registry.close();
    expect([await exists('dying'), await exists('living')]).toEqual([false, true]);
    expect((await fixture.registry.delete(taskKind, inDefault('living'))).gone).toBe(true);
  });

  it('is finished by the next manager when the node went in between', async () => {
    await createBound('web');
    await fixture.registry.delete(taskKind, inDefault('web'));
    // As if the process had died right after the node was gone.
    await fixture.store.commit([{ type: 'delete', key: '/core/nodes/w1', expect: 'any' }]);
    fixture = await openFixture(fixture);
    await fixture.registry.close();
    expect(await exists('web')).toBe(false);
  });

  it('is written into its history', async () => {
    await createBound('web');
    await fixture.registry.delete(taskKind, inDefault('web'));
    await fixture.registry.delete(taskKind, inDefault('web'), { gracePeriodSeconds: 0 });
    const { items } = await fixture.registry.list<TaskEvent>(taskEventKind);
    expect(items.map((event) => event.reason)).toEqual(['Created', 'Scheduled', 'Deleting', 'Deleted']);
  });

  it('does nothing under dryRun', async () => {
    await fixture.registry.create(taskKind, task('web'));
    const before = fixture.registry.currentRevision();
    expect((await fixture.registry.delete(taskKind, inDefault('web'), { dryRun: true })).gone).toBe(true);
    expect(fixture.registry.currentRevision()).toBe(before);
  });
});

describe('deleting a namespace', () => {
  const shop = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
  const phase = async () =>
    (await fixture.registry.list(namespaceKind, { fieldSelector: 'metadata.name=shop' })).items.map((item) => [
      (item as { status?: { phase?: string } }).status?.phase,
    ]);

  it('is forbidden for default', async () => {
    await expect(fixture.registry.delete(namespaceKind, { name: 'default' })).rejects.toMatchObject({
      code: 'Forbidden',
      message: 'namespaces "default" is forbidden: this namespace may not be deleted',
    });
  });

  it('takes its tasks and their events along and leaves the others', async () => {
    await fixture.registry.create(namespaceKind, shop);
    await fixture.registry.create(taskKind, task('a', {}, { namespace: 'shop' }));
    await fixture.registry.create(taskKind, task('b', {}, { namespace: 'shop' }));
    await fixture.registry.create(taskKind, task('other'));
    const { object, gone } = await fixture.registry.delete(namespaceKind, { name: 'shop' });
    expect(gone).toBe(false);
    expect(object).toMatchObject({ status: { phase: 'Terminating' } });
    await fixture.registry.close();
    expect(await phase()).toEqual([]);
    expect((await fixture.registry.list(taskKind)).items.map((item) => item.metadata.name)).toEqual(['other']);
    expect((await fixture.registry.list(taskEventKind, { namespace: 'shop' })).items).toEqual([]);
  });

  it('refuses new content and waits for workers to let go', async () => {
    await fixture.registry.create(namespaceKind, shop);
    await createBound('a', {}, { namespace: 'shop' });
    await fixture.registry.delete(namespaceKind, { name: 'shop' });
    await settle(20);
    expect(await phase()).toEqual([['Terminating']]);
    await expect(fixture.registry.create(taskKind, task('b', {}, { namespace: 'shop' }))).rejects.toMatchObject({
      code: 'Forbidden',
      message:
        'tasks.orch.dev "b" is forbidden: unable to create new content in namespace shop because it is being terminated',
    });
    await fixture.registry.delete(taskKind, { namespace: 'shop', name: 'a' }, { gracePeriodSeconds: 0 });
    await fixture.registry.close();
    expect(await phase()).toEqual([]);
  });

  it('leaves nothing behind when tasks are created meanwhile', async () => {
    await fixture.registry.create(namespaceKind, shop);
    const creations = Array.from({ length: 64 }, (_, index) =>
      fixture.registry.create(taskKind, task(`t${index}`, {}, { namespace: 'shop' })),
    );
    const deletion = fixture.registry.delete(namespaceKind, { name: 'shop' });
    await Promise.allSettled([...creations, deletion]);
    await fixture.registry.close();
    expect(await phase()).toEqual([]);
    expect((await fixture.store.list('/orch.dev/tasks/shop/')).entries).toEqual([]);
    expect((await fixture.store.list('/orch.dev/taskevents/shop/')).entries).toEqual([]);
  });

  it('is finished by the next manager', async () => {
    await fixture.registry.create(namespaceKind, shop);
    await createBound('a', {}, { namespace: 'shop' });
    await fixture.registry.delete(namespaceKind, { name: 'shop' });
    await fixture.registry.close();
    await fixture.store.commit([{ type: 'delete', key: '/orch.dev/tasks/shop/a', expect: 'any' }]);
    fixture = await openFixture(fixture);
    await fixture.registry.close();
    expect(await phase()).toEqual([]);
  });
});

it('deletes other kinds at once', async () => {
  const source = { metadata: { name: 'shop' }, spec: { folder: { path: '/srv/manifests' } } };
  await fixture.registry.create(sourceKind, source);
  expect((await fixture.registry.delete(sourceKind, { name: 'shop' })).gone).toBe(true);
});
