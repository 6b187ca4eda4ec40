import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeploymentController } from '../../../../src/controllers/deployments/deployment-controller.js';
import type { ApiObject } from '../../../../src/model/api-object.js';
import {
  revisionAnnotation,
  deploymentKind,
  type Deployment,
  type StoredDeployment,
} from '../../../../src/model/deployment.js';
import type { JsonObject } from '../../../../src/model/json.js';
import type { Kind } from '../../../../src/model/kind.js';
import { replicaSetKind, revisionOf, type StoredReplicaSet } from '../../../../src/model/replica-set.js';
import { taskEventKind, type StoredTaskEvent } from '../../../../src/model/task-event.js';
import { taskKind, type StoredTask } from '../../../../src/model/task.js';
import type { Registry } from '../../../../src/registry/registry.js';
import { toTimestamp } from '../../../../src/support/clock.js';
import { OrchError } from '../../../../src/support/errors.js';
import { silentLogger } from '../../../../src/support/logger.js';
import { createSystemRandom } from '../../../../src/support/random.js';
import { waitFor } from '../../../support/wait-for.js';
import { inDefault, openFixture, type Fixture } from '../../registry/registry-fixture.js';
import { aDeployment } from './deployment-fixture.js';

let fixture: Fixture;
const controllers: DeploymentController[] = [];

beforeEach(async () => {
  fixture = await openFixture();
});

afterEach(async () => {
  for (const controller of controllers.splice(0)) await controller.stop();
  await fixture.registry.close();
  await fixture.store.close();
});

async function startController(registry: Registry = fixture.registry): Promise<DeploymentController> {
  const { clock } = fixture;
  const controller = new DeploymentController({ registry, clock, random: createSystemRandom(), logger: silentLogger });
  controllers.push(controller);
  await controller.start();
  return controller;
}

function manifest(spec: Parameters<typeof aDeployment>[0] = {}): Deployment {
  const { apiVersion, kind, spec: whole } = aDeployment(spec);
  return { apiVersion, kind, metadata: { name: 'web', namespace: 'default' }, spec: whole };
}

async function liveTasks(): Promise<StoredTask[]> {
  const { items } = await fixture.registry.list<StoredTask>(taskKind);
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** What a worker would report of all tasks that wait. */
async function startTasks(): Promise<void> {
  for (const { metadata, status } of await liveTasks()) {
    if (status?.state === 'Running') continue;
    await fixture.registry.mutate<StoredTask>(taskKind, inDefault(metadata.name), (task) => ({
      ...task,
      status: { ...task.status, state: 'Scheduled' },
    }));
    await fixture.registry.mutate<StoredTask>(taskKind, inDefault(metadata.name), (task) => ({
      ...task,
      status: {
        ...task.status,
        state: 'Running',
        conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: toTimestamp(fixture.clock.now()) }],
      },
    }));
  }
}

/** Every change of tasks from now on, one after the other. */
function recordTasks(present: readonly StoredTask[] = []): { mostLive(): number; fewestRunning(): number } {
  const { registry } = fixture;
  const live = new Map(present.map((task) => [task.metadata.name, task]));
  const counts: { live: number; running: number }[] = [];
  registry.watch<StoredTask>(taskKind, { afterRevision: registry.currentRevision() }, (events) => {
    for (const { type, object } of events) {
      const isLeaving = type === 'DELETED' || object.metadata.deletionTimestamp !== undefined;
      if (isLeaving) live.delete(object.metadata.name);
      else live.set(object.metadata.name, object);
      const running = [...live.values()].filter((task) => task.status?.state === 'Running').length;
      counts.push({ live: live.size, running });
    }
  });
  return {
    mostLive: () => Math.max(...counts.map((count) => count.live)),
    fewestRunning: () => Math.min(...counts.map((count) => count.running)),
  };
}

async function status(): Promise<StoredDeployment['status']> {
  return (await fixture.registry.get<StoredDeployment>(deploymentKind, inDefault('web'))).status;
}

/** So many records, the oldest number first. */
async function history(count: number): Promise<StoredReplicaSet[]> {
  const items = await waitFor(`${count} records`, async () => {
    const list = await fixture.registry.list<StoredReplicaSet>(replicaSetKind);
    return list.items.length === count && list.items;
  });
  return [...items].sort((a, b) => (revisionOf(a) ?? 0) - (revisionOf(b) ?? 0));
}

describe('DeploymentController', () => {
  it('makes tasks that it owns, and tells of them', async () => {
    await startController();
    const { object } = await fixture.registry.create<StoredDeployment>(deploymentKind, manifest());
    await waitFor('three tasks', async () => (await liveTasks()).length === 3);
    const [task] = await liveTasks();
    expect(task?.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        name: 'web',
        uid: object.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    await startTasks();
    await waitFor('a complete status', async () => (await status())?.availableReplicas === 3);
  });

  it('CT-02: makes no task twice while its view is 30 seconds behind, nor when two managers work at once', async () => {
    const { registry, clock } = fixture;
    const late = new Proxy(registry, {
      get(target, name) {
        if (name === 'watch') {
          const watch: Registry['watch'] = (kind, options, onEvents) =>
            target.watch(kind, options, (events: Parameters<typeof onEvents>[0]) => {
              if (kind !== taskKind) onEvents(events);
              else clock.setTimer(() => onEvents(events), 30_000);
            });
          return watch;
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    await startController(late);
    await startController(late);
    const seen = recordTasks();
    await registry.create(deploymentKind, manifest({ replicas: 1 }));
    await waitFor('the first task', async () => (await liveTasks()).length === 1);
    await registry.patch(deploymentKind, inDefault('web'), { type: 'merge', body: { spec: { replicas: 50 } } });
    await waitFor('fifty tasks', async () => (await liveTasks()).length === 50);
    for (let passed = 0; passed < 60_000; passed += 5_000) await clock.advance(5_000);
    await waitFor('a status of fifty', async () => (await status())?.replicas === 50);
    expect(seen.mostLive()).toBe(50);
    expect((await liveTasks()).length).toBe(50);
  });

  it('rolls a changed template out, and never has fewer available tasks than it may', async () => {
    await startController();
    await fixture.registry.create(deploymentKind, manifest());
    await waitFor('three tasks', async () => (await liveTasks()).length === 3);
    await startTasks();
    await waitFor('three available ones', async () => (await status())?.availableReplicas === 3);
    const seen = recordTasks(await liveTasks());
    const body = { spec: { template: { spec: { containers: [{ name: 'web', image: 'busybox:2' }] } } } };
    await fixture.registry.patch(deploymentKind, inDefault('web'), { type: 'merge', body });
    await waitFor('three new tasks', async () => {
      await startTasks();
      const tasks = await liveTasks();
      return tasks.length === 3 && tasks.every(({ spec }) => spec.image === 'busybox:2');
    });
    await waitFor('a complete status', async () => (await status())?.updatedReplicas === 3);
    expect(seen.mostLive()).toBe(4);
    expect(seen.fewestRunning()).toBe(3);
  });

  it.each([
    ['a day ahead', 86_400_000],
    ['back by a day', -86_400_000],
  ])('counts minReadySeconds by a clock that nobody sets: the wall clock is set %s', async (_how, jumpMilliseconds) => {
    const { clock, registry } = fixture;
    await startController();
    await registry.create(deploymentKind, manifest({ replicas: 1, minReadySeconds: 60 }));
    await waitFor('one task', async () => (await liveTasks()).length === 1);
    await startTasks();
    await waitFor('a ready one', async () => (await status())?.readyReplicas === 1);
    clock.setWallClock(clock.now() + jumpMilliseconds);
    for (let passed = 0; passed < 55_000; passed += 5_000) await clock.advance(5_000);
    expect((await status())?.availableReplicas).toBeUndefined();
    await clock.advance(6_000);
    await waitFor('an available one', async () => (await status())?.availableReplicas === 1);
  });

  it('tells in events how each template is scaled, and nothing twice', async () => {
    const { clock, registry } = fixture;
    await startController();
    await registry.create(deploymentKind, manifest({ replicas: 2 }));
    await waitFor('two tasks', async () => (await liveTasks()).length === 2);
    await startTasks();
    await waitFor('two available ones', async () => (await status())?.availableReplicas === 2);
    const [lost] = await liveTasks();
    await registry.delete(taskKind, inDefault(lost?.metadata.name ?? ''), { gracePeriodSeconds: 0 });
    await waitFor('another one', async () => (await liveTasks()).length === 2);
    await startTasks();
    await waitFor('two available ones', async () => (await status())?.availableReplicas === 2);
    const body = { spec: { template: { spec: { containers: [{ name: 'web', image: 'busybox:2' }] } } } };
    await registry.patch(deploymentKind, inDefault('web'), { type: 'merge', body });
    await waitFor('two new tasks', async () => {
      await startTasks();
      const tasks = await liveTasks();
      return tasks.length === 2 && tasks.every(({ spec }) => spec.image === 'busybox:2');
    });
    const [one, two] = (await history(2)).map(({ metadata }) => metadata.name);
    const told = await waitFor(
      'all events',
      async () => {
        const { items } = await registry.list<StoredTaskEvent>(taskEventKind, { fieldSelector: 'regarding.name=web' });
        if (items.length !== 5) throw new Error(items.map(({ message }) => message).join('; '));
        return items;
      },
      10,
    );
    expect(told.map(({ reason, message, count }) => `${reason} ${message} ${count}`)).toEqual([
      `ScalingReplicaSet Scaled up replica set ${one} from 0 to 2 1`,
      `ScalingReplicaSet Scaled up replica set ${two} from 0 to 1 1`,
      `ScalingReplicaSet Scaled down replica set ${one} from 2 to 1 1`,
      `ScalingReplicaSet Scaled up replica set ${two} from 1 to 2 1`,
      `ScalingReplicaSet Scaled down replica set ${one} from 1 to 0 1`,
    ]);
    const revision = registry.currentRevision();
    for (let passed = 0; passed < 180_000; passed += 5_000) await clock.advance(5_000);
    expect(registry.currentRevision()).toBe(revision);
  });

  it('lets go of a task whose labels it does not select any more, and makes another', async () => {
    await startController();
    await fixture.registry.create(deploymentKind, manifest({ replicas: 1 }));
    await waitFor('one task', async () => (await liveTasks()).length === 1);
    const [{ metadata } = { metadata: { name: '' } }] = await liveTasks();
    const body = { metadata: { labels: { app: 'looked-at' } } };
    await fixture.registry.patch(taskKind, inDefault(metadata.name), { type: 'merge', body });
    await waitFor('another one', async () => (await liveTasks()).length === 2);
    const stray = await fixture.registry.get<StoredTask>(taskKind, inDefault(metadata.name));
    expect(stray.metadata.ownerReferences).toBeUndefined();
  });

  it('goes round a name that somebody else has', async () => {
    await startController();
    await fixture.registry.create(deploymentKind, manifest({ replicas: 1 }));
    await waitFor('one task', async () => (await liveTasks()).length === 1);
    const [{ metadata, spec } = { metadata: { name: '' }, spec: {} }] = await liveTasks();
    await fixture.registry.delete(deploymentKind, inDefault('web'));
    await waitFor('no task', async () => (await liveTasks()).length === 0);
    const other = { apiVersion: 'orch.dev/v1', kind: 'Task', metadata: { name: metadata.name }, spec };
    await fixture.registry.create(taskKind, other);
    await fixture.registry.create(deploymentKind, manifest({ replicas: 1 }));
    await waitFor('its own task', async () => (await liveTasks()).length === 2);
    expect((await liveTasks()).map((task) => task.metadata.name)).toContain(metadata.name.replace(/-0$/, '-1'));
  });

  it('tells why no task is made, tries again less and less often, and forgets it once it works', async () => {
    const { registry, clock } = fixture;
    let isRefused = true;
    let tries = 0;
    const refusing = new Proxy(registry, {
      get(target, name) {
        if (name === 'create' && isRefused) {
          return (kind: Kind, object: ApiObject) => {
            if (kind !== taskKind) return registry.create(kind, object);
            tries += 1;
            return Promise.reject(new OrchError('Forbidden', 'tasks.orch.dev is forbidden: the namespace is full'));
          };
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    await startController(refusing);
    await registry.create(deploymentKind, manifest({ replicas: 1 }));
    const failure = async () => (await status())?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    await waitFor('the reason', async () => (await failure()) !== undefined);
    expect(await failure()).toMatchObject({
      status: 'True',
      reason: 'FailedCreate',
      message: 'tasks.orch.dev is forbidden: the namespace is full',
    });
    await clock.advance(120_000);
    expect(tries).toBeLessThan(20);
    isRefused = false;
    await clock.advance(60_000);
    await waitFor('a task', async () => (await liveTasks()).length === 1);
    await waitFor('the reason to go', async () => (await failure()) === undefined);
  });

  it('CT-05: goes back from an image that never starts to the record of the template that worked, old tasks untouched', async () => {
    await startController();
    await fixture.registry.create(deploymentKind, manifest());
    await waitFor('three tasks', async () => (await liveTasks()).length === 3);
    await startTasks();
    await waitFor('three available ones', async () => (await status())?.availableReplicas === 3);
    const working = (await liveTasks()).map(({ metadata }) => metadata.uid).sort();
    const seen = recordTasks(await liveTasks());
    const body = { spec: { template: { spec: { containers: [{ name: 'web', image: 'nope' }] } } } };
    await fixture.registry.patch(deploymentKind, inDefault('web'), { type: 'merge', body });
    await waitFor('one new task that never starts', async () => (await liveTasks()).length === 4);
    const [good, broken] = await history(2);
    expect([good?.spec.replicas, broken?.spec.replicas]).toEqual([3, 1]);

    const { template } = good?.spec ?? {};
    const { 'pod-template-hash': _hash, ...labels } = template?.metadata?.labels ?? {};
    const value = { ...template, metadata: { labels } };
    const operations = [{ op: 'replace', path: '/spec/template', value }] as unknown as JsonObject[];
    await fixture.registry.patch(deploymentKind, inDefault('web'), { type: 'json', operations });
    await waitFor('a complete status', async () => (await status())?.updatedReplicas === 3);
    expect((await liveTasks()).map(({ metadata }) => metadata.uid).sort()).toEqual(working);
    expect(seen.fewestRunning()).toBe(3);
    await waitFor('the counts', async () => (await history(2)).every(({ spec }) => spec.replicas !== 1));
    expect((await history(2)).map(({ metadata }) => metadata.annotations?.[revisionAnnotation])).toEqual(['2', '3']);
  });

  it('rolls out although nothing can be written of its history, and writes that when it can again', async () => {
    let isFull = true;
    const { registry, clock } = fixture;
    const full = new Proxy(registry, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...parts: unknown[]): unknown => {
          if (isFull && name === 'create' && parts[0] === replicaSetKind) throw new Error('there is no room');
          return (value as (...parts: unknown[]) => unknown).apply(target, parts);
        };
      },
    });
    await startController(full);
    await registry.create(deploymentKind, manifest());
    await waitFor('three tasks', async () => (await liveTasks()).length === 3);
    await startTasks();
    await waitFor('a complete status', async () => (await status())?.availableReplicas === 3);
    isFull = false;
    await waitFor('the record', async () => {
      await clock.advance(60_000);
      return (await registry.list(replicaSetKind)).items.length === 1;
    });
  });

  it('takes up the history that an earlier manager wrote, and its own again after its records were lost', async () => {
    const first = await startController();
    await fixture.registry.create(deploymentKind, manifest());
    await history(1);
    await first.stop();
    const body = { spec: { template: { spec: { containers: [{ name: 'web', image: 'busybox:2' }] } } } };
    await fixture.registry.patch(deploymentKind, inDefault('web'), { type: 'merge', body });
    await startController();
    const [, newer] = await history(2);
    await fixture.registry.delete(replicaSetKind, inDefault(newer?.metadata.name ?? ''));
    await waitFor('another record', async () => (await history(2))[1]?.metadata.uid !== newer?.metadata.uid);
    await fixture.registry.delete(deploymentKind, inDefault('web'));
    await waitFor('no record', async () => (await fixture.registry.list(replicaSetKind)).items.length === 0);
  });

  it('MF-02: refuses a number of replicas that is none, and takes none at all', async () => {
    await startController();
    for (const replicas of [-1, 1.5, 2 ** 31, 10 ** 9, 10_001]) {
      const made = fixture.registry.create(deploymentKind, manifest({ replicas }));
      await expect(made, String(replicas)).rejects.toMatchObject({ code: 'Invalid' });
    }
    await fixture.registry.create(deploymentKind, manifest({ replicas: 0 }));
    await waitFor('a status', async () => (await status())?.observedGeneration === 1);
    expect(await liveTasks()).toEqual([]);
  });
});
