import { afterEach, describe, expect, it } from 'vitest';
import type { ClientListOptions } from '../../../src/client/client.js';
import type { ApiObject } from '../../../src/model/api-object.js';
import { findCondition, type Condition } from '../../../src/model/conditions.js';
import type { Kind } from '../../../src/model/kind.js';
import { nodeKind } from '../../../src/model/node.js';
import { taskKind } from '../../../src/model/task.js';
import { openRegistry } from '../../../src/registry/open-registry.js';
import { openMemoryStore } from '../../../src/store/memory/open-memory-store.js';
import { RuntimeError } from '../../../src/runtime/container-runtime.js';
import { silentLogger } from '../../../src/support/logger.js';
import { emptyCheckpoint } from '../../../src/worker/checkpoint-file.js';
import { newRegistry, WorkerFixture } from './worker-fixture.js';

let open: WorkerFixture[] = [];

async function fixture(...settings: Parameters<typeof WorkerFixture.open>): Promise<WorkerFixture> {
  const made = await WorkerFixture.open(...settings);
  open.push(made);
  return made;
}

/** With tasks a, b, c ... running. */
async function withTasks(names: readonly string[]): Promise<WorkerFixture> {
  const cluster = await fixture();
  for (const name of names) await cluster.assign(name, { command: ['httpd'], terminationGracePeriodSeconds: 1 });
  await cluster.settle();
  expect(cluster.running()).toHaveLength(names.length);
  return cluster;
}

const ids = (cluster: WorkerFixture): string[] => cluster.running().map(({ id }) => id);

afterEach(async () => {
  await Promise.all(open.map(({ worker }) => worker.stop()));
  open = [];
});

describe('a worker whose manager is away', () => {
  it('looks every two seconds whether it is back, also after it was told that the manager is stopping', async () => {
    const cluster = await fixture();
    cluster.client.isStopping = true;
    await cluster.seconds(11);
    const before = cluster.client.heartbeats;
    await cluster.seconds(20);
    expect(cluster.client.heartbeats - before).toBeGreaterThanOrEqual(9);
  });

  it('ND-03: goes on, restarts what ends, and tells it all later', async () => {
    const cluster = await withTasks(['web']);
    const { id } = cluster.theContainer('web');
    cluster.client.setAway(true);
    await cluster.seconds(3_600);
    expect(cluster.theContainer('web').id).toBe(id);
    cluster.engine.killContainer(id);
    await cluster.settle();
    const replacement = cluster.theContainer('web');
    cluster.client.setAway(false);
    await cluster.seconds(20);
    expect((await cluster.task('web')).status).toMatchObject({
      state: 'Running',
      containerID: replacement.id,
      attempt: 2,
      restartCount: 1,
      exitCode: 137,
    });
  });

  it('ND-06: works from its checkpoint when the machine comes up before the manager does', async () => {
    const cluster = await withTasks(['web', 'job']);
    cluster.client.setAway(true);
    await cluster.worker.stop();
    cluster.engine.reboot();
    await cluster.startWorker();
    await cluster.settle();
    expect(cluster.running('web')).toHaveLength(1);
    expect(cluster.running('job')).toHaveLength(1);
    cluster.client.setAway(false);
    await cluster.seconds(20);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 2, exitCode: 255 });
    expect((await cluster.node()).status?.nodeInfo?.['bootID']).toBe(cluster.engine.bootId);
  });

  it.each([
    { meanwhile: 'nothing else was asked for', isReplaced: false },
    { meanwhile: 'something else was asked for', isReplaced: true },
  ])('ND-06: stops nothing for what an older disk says, and $meanwhile', async ({ isReplaced }) => {
    const cluster = await withTasks(['web']);
    const olderDisk = cluster.disk;
    await cluster.edit('web', { env: [{ name: 'VERSION', value: '2' }] });
    await cluster.seconds(5);
    const { id } = cluster.theContainer('web');
    cluster.client.setAway(true);
    await cluster.worker.stop();
    cluster.disk = olderDisk;
    await cluster.startWorker();
    if (isReplaced) await cluster.edit('web', { env: [{ name: 'VERSION', value: '3' }] });
    await cluster.seconds(3_600);
    expect(ids(cluster)).toEqual([id]);
    cluster.client.setAway(false);
    await cluster.seconds(20);
    expect(ids(cluster)).toHaveLength(1);
    expect(cluster.theContainer('web').id === id).toBe(!isReplaced);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: isReplaced ? 3 : 2 });
  });

  it('ND-06: reports an end that happened in between by one allowed move after the other', async () => {
    const cluster = await fixture();
    await cluster.assign('job', { command: ['sh', '-c', 'sleep 30; exit 4'], restartPolicy: 'Never' });
    await cluster.settle();
    cluster.client.setAway(true);
    await cluster.seconds(60);
    cluster.client.setAway(false);
    await cluster.seconds(20);
    expect((await cluster.task('job')).status).toMatchObject({ state: 'Failed', exitCode: 4 });
  });
});

describe('a worker that is told that its tasks are gone', () => {
  it('ND-04: stops a task that was moved away, once the manager says so', async () => {
    const cluster = await withTasks(['web', 'other']);
    const other = cluster.theContainer('other').id;
    await cluster.bind('web', undefined);
    await cluster.seconds(3);
    expect(ids(cluster)).toEqual([other]);
    expect(await cluster.exists('web')).toBe(true);
    expect((await cluster.task('web')).status?.state).toBe('Pending');
    expect(cluster.worker.taskCount).toBe(1);
  });

  it.each(['Always', 'Never'] as const)(
    'runs a task again that comes back while its container still stops (restartPolicy %s)',
    async (restartPolicy) => {
      const cluster = await fixture();
      await cluster.assign('web', { command: ['httpd'], terminationGracePeriodSeconds: 10, restartPolicy });
      await cluster.settle();
      const { id } = cluster.theContainer('web');
      await cluster.bind('web', undefined);
      await cluster.seconds(2);
      await cluster.bind('web', 'w1');
      await cluster.seconds(20);
      expect(cluster.theContainer('web').id).not.toBe(id);
      expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 2, restartCount: 0 });
    },
  );

  it('stops a task that was deleted by force while it was away', async () => {
    const cluster = await withTasks(['web']);
    cluster.client.setAway(true);
    await cluster.delete('web', 0);
    await cluster.seconds(60);
    expect(cluster.running('web')).toHaveLength(1);
    cluster.client.setAway(false);
    await cluster.seconds(20);
    expect(cluster.containers('web')).toHaveLength(0);
  });

  it('AP-06: tells an old task from a new one of the same name', async () => {
    const cluster = await withTasks(['web']);
    const { id } = cluster.theContainer('web');
    cluster.client.setAway(true);
    await cluster.delete('web', 0);
    await cluster.assign('web', { command: ['httpd'], ports: [{ containerPort: 80, hostPort: 80 }] });
    cluster.client.setAway(false);
    await cluster.seconds(20);
    expect(cluster.theContainer('web').id).not.toBe(id);
    expect(cluster.containers('web')).toHaveLength(1);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 1 });
  });

  it('ND-07: keeps everything when lists are empty but each task is still there', async () => {
    const cluster = await withTasks(['a', 'b', 'c', 'd', 'e']);
    const before = ids(cluster);
    await cluster.worker.stop();
    cluster.client.listsNothing = true;
    await cluster.startWorker();
    await cluster.seconds(120);
    expect(ids(cluster)).toEqual(before);
    expect(cluster.worker.taskCount).toBe(5);
  });

  it('keeps a task as long as the answer to the question for it is an error', async () => {
    const cluster = await withTasks(['a']);
    await cluster.worker.stop();
    const { request } = cluster.client;
    cluster.client.request = async (asked) => {
      const response = await request(asked);
      return asked.method === 'GET' ? { ...response, status: 503 } : response;
    };
    cluster.client.listsNothing = true;
    await cluster.startWorker();
    await cluster.seconds(120);
    expect(cluster.running('a')).toHaveLength(1);
  });

  it('takes up within minutes what a wrongly empty list hid from it', async () => {
    const cluster = await fixture();
    await cluster.worker.stop();
    await cluster.assign('hidden', { command: ['httpd'] });
    cluster.client.listsNothing = true;
    await cluster.startWorker();
    cluster.client.listsNothing = false;
    await cluster.seconds(600);
    expect(cluster.running('hidden')).toHaveLength(1);
  });

  it('hears of a task that leaves although a wrong list had hidden it', async () => {
    const cluster = await withTasks(['web']);
    await cluster.worker.stop();
    cluster.client.listsNothing = true;
    await cluster.startWorker();
    await cluster.seconds(5);
    cluster.client.listsNothing = false;
    // The manager was asked for this very task: the list is known to be wrong.
    await cluster.seconds(15);
    await cluster.bind('web', undefined);
    await cluster.seconds(5);
    expect(cluster.running('web')).toHaveLength(0);
  });

  it('believes a list that was on its way while it was told of a newer version', async () => {
    const cluster = await withTasks(['leaving', 'staying']);
    await cluster.worker.stop();
    const { list } = cluster.client;
    let arrive = (): void => undefined;
    const isArriving = new Promise<void>((resolve) => (arrive = resolve));
    cluster.client.list = async <T extends ApiObject>(kind: Kind, options?: ClientListOptions) => {
      const answer = await list<T>(kind, options);
      if (kind === taskKind && options?.limit !== 1) await isArriving;
      return answer;
    };
    await cluster.bind('leaving', undefined);
    await cluster.startWorker();
    await cluster.settle();
    await cluster.edit('staying', { env: [{ name: 'VERSION', value: '2' }] });
    cluster.worker.db.sawRevision(Number((await cluster.task('staying')).metadata.resourceVersion));
    arrive();
    await cluster.seconds(20);
    expect(cluster.running('leaving')).toHaveLength(0);
    expect(findCondition((await cluster.node()).status?.conditions, 'StoreRewound')?.status).not.toBe('True');
  });

  it('holds no report back when it is only time to list again', async () => {
    const cluster = await withTasks(['staying']);
    await cluster.assign('leaving', { command: ['sleep', 'infinity'], terminationGracePeriodSeconds: 3600 });
    await cluster.settle();
    await cluster.bind('leaving', undefined);
    await cluster.seconds(70);
    const { list } = cluster.client;
    let lists = 0;
    cluster.client.list = (kind, options) => {
      if (kind === taskKind && options?.limit !== 1) lists += 1;
      return list(kind, options);
    };
    while (lists === 0) await cluster.seconds(1);
    expect(cluster.running('leaving')).toHaveLength(1);
    cluster.engine.killContainer(cluster.theContainer('staying').id);
    await cluster.seconds(5);
    expect((await cluster.task('staying')).status).toMatchObject({ state: 'Running', attempt: 2 });
  });

  it('ST-06: keeps everything when another cluster answers', async () => {
    const cluster = await withTasks(['a', 'b']);
    const before = ids(cluster);
    const mine = cluster.registry;
    cluster.client.setAway(true);
    cluster.client.use(await newRegistry(cluster.clock, cluster.random));
    cluster.client.setAway(false);
    await cluster.seconds(300);
    expect(ids(cluster)).toEqual(before);
    cluster.client.setAway(true);
    cluster.client.use(mine);
    cluster.client.setAway(false);
    await cluster.bind('a', undefined);
    await cluster.seconds(30);
    expect(cluster.running('a')).toHaveLength(0);
    expect(cluster.running('b')).toHaveLength(1);
  });

  it('ST-06, AP-09: keeps everything when the store went back in time, and says so', async () => {
    const cluster = await withTasks(['a', 'b']);
    const before = ids(cluster);
    await cluster.worker.stop();
    const { clusterUid } = cluster.registry;
    // An older store of the same cluster: it never heard of these tasks.
    const random = { ...cluster.random, uuid: () => clusterUid };
    const store = await openMemoryStore({ random });
    const rewound = await openRegistry({ store, clock: cluster.clock, random: cluster.random, logger: silentLogger });
    expect(rewound.clusterUid).toBe(clusterUid);
    cluster.registry = rewound;
    cluster.client.use(rewound);
    await cluster.startWorker();
    await cluster.seconds(300);
    expect(ids(cluster)).toEqual(before);
    const condition = findCondition((await cluster.node()).status?.conditions, 'StoreRewound');
    expect(condition).toMatchObject({ status: 'True', reason: 'StoreRewound' });
    expect(condition?.message).toContain('default/a, default/b');
    // What runs is still looked after.
    cluster.engine.killContainer(cluster.theContainer('a').id);
    await cluster.settle();
    expect(cluster.running('a')).toHaveLength(1);
  });
});

describe('a worker whose manager was restored from a backup', () => {
  /** The cluster as a backup of now knows it, restored later. */
  async function restorable(cluster: WorkerFixture): Promise<(restoreUid?: string) => Promise<void>> {
    const { clusterUid } = cluster.registry;
    const { revision, entries } = await cluster.registry.snapshot();
    let begin = revision;
    return async (restoreUid = 'restore-1') => {
      begin += 1_000_000;
      const restored = { clusterUid, restoreUid, entries, revision: begin };
      const store = await openMemoryStore({ random: cluster.random, restored });
      const { clock, random } = cluster;
      cluster.registry = await openRegistry({ store, clock, random, logger: silentLogger });
      cluster.client.setAway(true);
      cluster.client.use(cluster.registry);
      cluster.client.setAway(false);
      await cluster.seconds(120);
    };
  }

  const keptBy = async (cluster: WorkerFixture): Promise<Condition | undefined> =>
    findCondition((await cluster.node()).status?.conditions, 'StoreRestored');

  const accept = async (cluster: WorkerFixture, restoreUid = 'restore-1'): Promise<void> => {
    const annotations = { 'orch.dev/accept-restore': restoreUid };
    await cluster.registry.patch(nodeKind, { name: 'w1' }, { type: 'merge', body: { metadata: { annotations } } });
    await cluster.seconds(30);
  };

  async function withALaterTask(): Promise<{ cluster: WorkerFixture; restore: (uid?: string) => Promise<void> }> {
    const cluster = await withTasks(['known']);
    const restore = await restorable(cluster);
    await cluster.assign('later', { command: ['httpd'], terminationGracePeriodSeconds: 1 });
    await cluster.edit('known', { env: [{ name: 'LATER', value: '1' }] });
    await cluster.settle();
    return { cluster, restore };
  }

  it('keeps what the backup does not know, looks after it, and says so', async () => {
    const { cluster, restore } = await withALaterTask();
    const { id } = cluster.theContainer('later');
    await restore();
    expect(cluster.theContainer('later').id).toBe(id);
    expect(await keptBy(cluster)).toMatchObject({ status: 'True', reason: 'TasksUnknown' });
    expect((await keptBy(cluster))?.message).toMatch(/default\/later: .*`orch accept-restore`/);
    cluster.engine.killContainer(id);
    await cluster.settle();
    expect(cluster.running('later')).toHaveLength(1);
    // What it knows is as the backup says: the later edit is gone.
    expect(cluster.theContainer('known').spec.env).not.toContainEqual({ name: 'LATER', value: '1' });
    expect((await cluster.task('known')).status?.state).toBe('Running');
  });

  it('keeps it without a checkpoint, too', async () => {
    const { cluster, restore } = await withALaterTask();
    const { id } = cluster.theContainer('later');
    await cluster.worker.stop();
    cluster.disk = JSON.stringify(emptyCheckpoint());
    await restore();
    await cluster.startWorker();
    await cluster.seconds(300);
    expect(cluster.theContainer('later').id).toBe(id);
    expect((await keptBy(cluster))?.message).toContain('default/later');
  });

  it('goes on keeping it after a restart', async () => {
    const { cluster, restore } = await withALaterTask();
    const { id } = cluster.theContainer('later');
    await restore();
    await cluster.worker.stop();
    await cluster.startWorker();
    await cluster.seconds(300);
    expect(cluster.theContainer('later').id).toBe(id);
  });

  it('lets it go once somebody accepted this very restore', async () => {
    const { cluster, restore } = await withALaterTask();
    await restore();
    await accept(cluster, 'restore-0');
    expect(cluster.running('later')).toHaveLength(1);
    await accept(cluster);
    expect(cluster.containers('later')).toHaveLength(0);
    expect(cluster.running('known')).toHaveLength(1);
    expect(await keptBy(cluster)).toMatchObject({ status: 'False' });
  });

  it('stops what the restored store itself had assigned and deleted since', async () => {
    const { cluster, restore } = await withALaterTask();
    await restore();
    await cluster.delete('known', 0);
    await cluster.assign('new', { command: ['httpd'], terminationGracePeriodSeconds: 1 });
    await cluster.settle();
    await cluster.bind('new', undefined);
    await cluster.seconds(30);
    expect(cluster.containers('known')).toHaveLength(0);
    expect(cluster.containers('new')).toHaveLength(0);
    expect(cluster.running('later')).toHaveLength(1);
  });

  it('begins to doubt again after another restore', async () => {
    const { cluster, restore } = await withALaterTask();
    await restore();
    await accept(cluster);
    await cluster.assign('newer', { command: ['httpd'] });
    await cluster.settle();
    await restore('restore-2');
    expect(cluster.running('newer')).toHaveLength(1);
    expect((await keptBy(cluster))?.message).toContain('default/newer');
  });
});

describe('a worker and its node', () => {
  it('ND-08: acts on nothing while another live worker has its name', async () => {
    const cluster = await withTasks(['web']);
    const { id } = cluster.theContainer('web');
    cluster.client.liveSession = 'another';
    await cluster.seconds(15);
    await cluster.assign('late', { command: ['httpd'] });
    await cluster.delete('web');
    await cluster.seconds(60);
    expect(ids(cluster)).toEqual([id]);
    cluster.client.liveSession = undefined;
    await cluster.seconds(10);
    expect(cluster.containers('web')).toHaveLength(0);
    expect(cluster.running('late')).toHaveLength(1);
  });

  it('registers again when its node was deleted', async () => {
    const cluster = await fixture();
    const { uid } = (await cluster.node()).metadata;
    await cluster.registry.delete(nodeKind, { name: 'w1' });
    await cluster.seconds(15);
    expect((await cluster.node()).metadata.uid).not.toBe(uid);
  });

  it('says again that it is ready when the manager took it for lost', async () => {
    const cluster = await fixture();
    cluster.client.setAway(true);
    await cluster.seconds(60);
    await cluster.registry.patch(
      nodeKind,
      { name: 'w1' },
      { type: 'merge', body: { status: { conditions: [{ type: 'Ready', status: 'Unknown', reason: 'NodeLost' }] } } },
      { subresource: 'status' },
    );
    cluster.client.setAway(false);
    await cluster.seconds(20);
    expect(findCondition((await cluster.node()).status?.conditions, 'Ready')).toMatchObject({ status: 'True' });
  });

  it.each(['Unavailable', 'Hung'] as const)(
    'DK-04: tells that its engine is %s, stops nothing, and goes on later',
    async (how) => {
      const cluster = await withTasks(['web']);
      const before = ids(cluster);
      const { faults } = cluster.engine;
      if (how === 'Hung') faults.setHung(true);
      else faults.setUnavailable(true);
      await cluster.seconds(60);
      const conditions = (await cluster.node()).status?.conditions;
      expect(findCondition(conditions, 'EngineReady')).toMatchObject({ status: 'False' });
      expect(findCondition(conditions, 'Ready')).toMatchObject({ status: 'False', reason: 'EngineNotReady' });
      await cluster.assign('late', { command: ['httpd'] });
      await cluster.seconds(60);
      expect((await cluster.task('web')).status?.state).toBe('Running');
      if (how === 'Hung') faults.setHung(false);
      else faults.setUnavailable(false);
      await cluster.seconds(60);
      expect(ids(cluster)).toEqual(expect.arrayContaining(before));
      expect(cluster.running('late')).toHaveLength(1);
      expect(findCondition((await cluster.node()).status?.conditions, 'Ready')?.status).toBe('True');
    },
  );

  it('tells that the engine is away also where that takes it more words than a condition has room for', async () => {
    const cluster = await fixture();
    for (let time = 0; time < 30; time++) {
      cluster.engine.faults.failNext('ping', new RuntimeError('Unavailable', `ping: ${'no '.repeat(5000)}`));
    }
    await cluster.seconds(20);
    const { conditions } = (await cluster.node()).status ?? {};
    expect(findCondition(conditions, 'EngineReady')).toMatchObject({
      status: 'False',
      message: expect.stringMatching(/^ping: no /),
    });
  });

  it('DK-01: sees without any hint what happened while the engine was away', async () => {
    const cluster = await withTasks(['web']);
    const { id } = cluster.theContainer('web');
    cluster.engine.faults.setUnavailable(true);
    await cluster.seconds(30);
    cluster.engine.killContainer(id, { exitCode: 7 });
    cluster.engine.faults.setUnavailable(false);
    await cluster.seconds(40);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 2, exitCode: 7 });
  });

  it('refuses the data folder of another worker', async () => {
    const cluster = await fixture();
    await cluster.worker.stop();
    cluster.disk = JSON.stringify({ ...JSON.parse(cluster.disk), nodeName: 'w2' });
    await expect(cluster.startWorker()).rejects.toThrow('belongs to the worker "w2"');
  });

  it('leaves no timer behind when it stops', async () => {
    const cluster = await withTasks(['web']);
    await cluster.worker.stop();
    expect(cluster.clock.pendingTimers).toBe(0);
  });
});
