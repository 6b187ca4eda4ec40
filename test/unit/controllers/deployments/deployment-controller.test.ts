import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeploymentController } from '../../../../src/controllers/deployments/deployment-controller.js';
import type { ApiObject } from '../../../../src/model/api-object.js';
import { deploymentKind, type Deployment, type StoredDeployment } from '../../../../src/model/deployment.js';
import type { Kind } from '../../../../src/model/kind.js';
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
