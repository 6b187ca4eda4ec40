import { beforeEach, describe, expect, it } from 'vitest';
import { configMapKind } from '../../../../src/model/config-map.js';
import { podUidOf } from '../../../../src/model/pod-identity.js';
import { taskKind, type StoredTask, type Task } from '../../../../src/model/task.js';
import { nodeKind } from '../../../../src/model/node.js';
import type { PropagationPolicy } from '../../../../src/registry/registry.js';
import { settle } from '../../../support/manual-clock.js';
import { inDefault, node, openFixture, task, type Fixture } from '../registry-fixture.js';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});

async function makeMap(name: string, ownerReferences: object[] = [], finalizers: string[] = []) {
  const metadata = { name, namespace: 'default', ownerReferences, finalizers };
  const { object } = await fixture.registry.create(configMapKind, { metadata });
  return object;
}

async function ownerOf(name: string, more: object = {}) {
  const { uid } = (await fixture.registry.get(configMapKind, inDefault(name))).metadata;
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid, ...more };
}

async function remaining(): Promise<string[]> {
  await settle();
  const [maps, tasks] = [await fixture.registry.list(configMapKind), await fixture.registry.list(taskKind)];
  return [...maps.items, ...tasks.items].map(({ metadata }) => metadata.name);
}

const remove = (name: string, propagationPolicy?: PropagationPolicy) =>
  fixture.registry.delete(configMapKind, inDefault(name), propagationPolicy ? { propagationPolicy } : {});

describe('the garbage collector', () => {
  it('takes a whole tree along in the background', async () => {
    await makeMap('root');
    await makeMap('child', [await ownerOf('root')]);
    await fixture.registry.create(taskKind, task('leaf', {}, { ownerReferences: [await ownerOf('child')] }));
    await makeMap('stranger');
    expect((await remove('root')).gone).toBe(true);
    expect(await remaining()).toEqual(['stranger']);
  });

  it('lets the owner go last in the foreground: a task of it first leaves its worker', async () => {
    await fixture.registry.create(nodeKind, node('w1'));
    await makeMap('root');
    const owner = await ownerOf('root', { blockOwnerDeletion: true });
    await fixture.registry.create(taskKind, task('leaf', {}, { ownerReferences: [owner] }));
    const { object: leaf } = await fixture.registry.mutate<Task>(taskKind, inDefault('leaf'), (stored) => ({
      ...stored,
      spec: { ...stored.spec, nodeName: 'w1' },
      status: { state: 'Scheduled' },
    }));
    expect((await remove('root', 'Foreground')).gone).toBe(false);
    expect(await remaining()).toEqual(['root', 'leaf']);
    const marked = await fixture.registry.get(taskKind, inDefault('leaf'));
    expect(marked.metadata.deletionTimestamp).toBeDefined();
    const { uid } = leaf.metadata;
    await fixture.registry.delete(taskKind, inDefault('leaf'), { gracePeriodSeconds: 0, preconditions: { uid } });
    expect(await remaining()).toEqual([]);
  });

  it('leaves dependents without the owner when they are orphaned', async () => {
    await makeMap('root');
    await makeMap('other');
    await makeMap('child', [await ownerOf('root')]);
    await makeMap('shared', [await ownerOf('root'), await ownerOf('other')]);
    await remove('root', 'Orphan');
    expect(await remaining()).toEqual(['child', 'other', 'shared']);
    const child = await fixture.registry.get(configMapKind, inDefault('child'));
    expect(child.metadata.ownerReferences).toBeUndefined();
    const shared = await fixture.registry.get(configMapKind, inDefault('shared'));
    expect(shared.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['other']);
  });

  it('removes what is made for an owner that is not there, and goes by the uid, not by the name', async () => {
    await makeMap('root');
    await makeMap('late', [{ ...(await ownerOf('root')), uid: 'of-an-earlier-root' }]);
    expect(await remaining()).toEqual(['root']);
  });

  describe('with a Pod as the owner', () => {
    const podOwner = (uid: string) => ({ apiVersion: 'v1', kind: 'Pod', name: 'web', uid });
    const makePod = async (): Promise<StoredTask> => {
      await fixture.registry.create(nodeKind, node('w1'));
      const { object } = await fixture.registry.create<StoredTask>(taskKind, task('web'));
      return object;
    };
    /** Taken from a worker: its Pod has another uid from then on. */
    const move = async (): Promise<StoredTask> => {
      const { object } = await fixture.registry.mutate<StoredTask>(taskKind, inDefault('web'), (stored) => ({
        ...stored,
        status: { ...stored.status, moves: (stored.status?.moves ?? 0) + 1 },
      }));
      return object;
    };

    it('takes along what it owns, under whichever uid it was named, and keeps it while the Pod moves', async () => {
      await makeMap('of-the-first', [podOwner(podUidOf(await makePod()))]);
      await makeMap('of-the-second', [podOwner(podUidOf(await move()))]);
      await makeMap('of-another', [podOwner('of-an-earlier-web')]);
      await move();
      expect(await remaining()).toEqual(['of-the-first', 'of-the-second', 'web']);
      await fixture.registry.close();
      fixture = await openFixture(fixture);
      await fixture.registry.delete(taskKind, inDefault('web'));
      expect(await remaining()).toEqual([]);
    });

    it('leaves what it owned when that is to be orphaned', async () => {
      await makePod();
      await makeMap('owned', [podOwner(podUidOf(await move()))]);
      await fixture.registry.delete(taskKind, inDefault('web'), { propagationPolicy: 'Orphan' });
      expect(await remaining()).toEqual(['owned']);
      const { metadata } = await fixture.registry.get(configMapKind, inDefault('owned'));
      expect(metadata.ownerReferences).toBeUndefined();
    });

    it('goes last in the foreground', async () => {
      const uid = podUidOf(await makePod());
      await makeMap('owned', [{ ...podOwner(uid), blockOwnerDeletion: true }], ['test/hold']);
      await fixture.registry.delete(taskKind, inDefault('web'), { propagationPolicy: 'Foreground' });
      expect(await remaining()).toEqual(['owned', 'web']);
      const body = { metadata: { finalizers: null } };
      await fixture.registry.patch(configMapKind, inDefault('owned'), { type: 'merge', body });
      expect(await remaining()).toEqual([]);
    });
  });

  it('keeps what belongs to a kind that it knows nothing about', async () => {
    await makeMap('child', [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'x', uid: 'u' }]);
    expect(await remaining()).toEqual(['child']);
  });

  it('ends two owners that own each other', async () => {
    await makeMap('a');
    await makeMap('b', [await ownerOf('a', { blockOwnerDeletion: true })]);
    const owners = [await ownerOf('b', { blockOwnerDeletion: true })];
    await fixture.registry.patch(configMapKind, inDefault('a'), {
      type: 'merge',
      body: { metadata: { ownerReferences: owners } },
    });
    await remove('a', 'Foreground');
    expect(await remaining()).toEqual([]);
  });

  it('goes on after a restart', async () => {
    await makeMap('root');
    await makeMap('held', [await ownerOf('root', { blockOwnerDeletion: true })], ['test/hold']);
    await remove('root', 'Foreground');
    expect(await remaining()).toEqual(['held', 'root']);
    await fixture.registry.close();
    fixture = await openFixture(fixture);
    expect(await remaining()).toEqual(['held', 'root']);
    await fixture.registry.patch(configMapKind, inDefault('held'), {
      type: 'merge',
      body: { metadata: { finalizers: null } },
    });
    expect(await remaining()).toEqual([]);
  });

  it('refuses two controllers', async () => {
    await makeMap('a');
    await makeMap('b');
    const owners = [await ownerOf('a', { controller: true }), await ownerOf('b', { controller: true })];
    await expect(makeMap('c', owners)).rejects.toMatchObject({ code: 'Invalid' });
  });
});
