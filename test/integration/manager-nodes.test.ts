import { afterEach, describe, expect, it } from 'vitest';
import { findCondition } from '../../src/model/conditions.js';
import { nodeKind, notReadyTaintKey } from '../../src/model/node.js';
import { type Cluster, startCluster } from './manager-harness.js';

let cluster: Cluster;
afterEach(() => cluster.close());

const settings = { nodeGraceSeconds: 40, notReadyTolerationSeconds: 300 };

async function readiness(name: string): Promise<string | undefined> {
  return findCondition((await cluster.node(name)).status?.conditions, 'Ready')?.status;
}

async function isTainted(name: string): Promise<boolean> {
  return ((await cluster.node(name)).spec?.taints ?? []).some(({ key }) => key === notReadyTaintKey);
}

/** Which of these tasks are where. */
async function places(...tasks: string[]): Promise<(string | undefined)[]> {
  return Promise.all(tasks.map(async (name) => (await cluster.task(name)).spec.nodeName));
}

describe('a worker that falls silent', () => {
  it('ND-03: shorter than the grace: nothing happens at all', async () => {
    cluster = await startCluster(settings);
    await cluster.join('n1');
    await cluster.join('n2');
    await cluster.run('t', { nodeSelector: {} });
    await cluster.pass(5);
    const [before] = await places('t');
    const versions = await Promise.all(
      ['n1', 'n2'].map(async (name) => (await cluster.node(name)).metadata.resourceVersion),
    );
    cluster.beating.delete('n1');
    await cluster.pass(39);
    cluster.beating.add('n1');
    await cluster.pass(400);
    expect(await places('t')).toEqual([before]);
    const after = await Promise.all(
      ['n1', 'n2'].map(async (name) => (await cluster.node(name)).metadata.resourceVersion),
    );
    expect(after).toEqual(versions);
  });

  it('ND-04: longer: not ready and tainted after the grace, its tasks moved after the toleration, ready again when it is back', async () => {
    cluster = await startCluster(settings);
    await cluster.join('n1');
    await cluster.run('t', { resources: { cpu: 1 } });
    await cluster.report('t', { state: 'Running', containerID: 'abc', nodeName: 'n1' });
    await cluster.join('n2');
    cluster.beating.delete('n1');
    await cluster.pass(42);
    expect(await readiness('n1')).toBe('Unknown');
    expect(await isTainted('n1')).toBe(true);
    expect(await places('t')).toEqual(['n1']);
    await cluster.pass(290);
    expect(await places('t')).toEqual(['n1']);
    await cluster.pass(12);
    const moved = await cluster.task('t');
    expect(moved).toMatchObject({ spec: { nodeName: 'n2' }, status: { state: 'Scheduled' } });
    expect(moved.status?.containerID).toBeUndefined();
    const events = await cluster.manager.eventDb.of(moved);
    expect(events.find(({ reason }) => reason === 'NodeLost')).toMatchObject({
      previousState: 'Running',
      state: 'Pending',
      type: 'Warning',
    });
    await cluster.pass(2);
    expect((await cluster.node('n1')).status).toMatchObject({ taskCount: 0, allocated: { cpu: '0' } });
    expect((await cluster.node('n2')).status).toMatchObject({ taskCount: 1, allocated: { cpu: '1' } });
    cluster.beating.add('n1');
    await cluster.pass(2);
    expect(await readiness('n1')).toBe('True');
    expect(await isTainted('n1')).toBe(false);
    expect(await places('t'), 'what was moved stays where it is').toEqual(['n2']);
  });

  it('OP-01: a wall clock that jumps by a year changes nothing', async () => {
    cluster = await startCluster(settings);
    await cluster.join('n1');
    await cluster.join('n2');
    cluster.clock.setWallClock(cluster.clock.now() + 365 * 86_400_000);
    await cluster.pass(10);
    expect(await readiness('n1')).toBe('True');
    cluster.clock.setWallClock(0);
    await cluster.pass(10);
    expect(await readiness('n2')).toBe('True');
  });

  it('ND-05: all workers lost: not one task is moved, and every worker gets a new grace afterwards', async () => {
    cluster = await startCluster(settings);
    for (const name of ['n1', 'n2', 'n3']) await cluster.join(name);
    for (const name of ['a', 'b', 'c']) await cluster.run(name);
    const before = await places('a', 'b', 'c');
    expect(new Set(before).size).toBe(3);
    cluster.beating.clear();
    await cluster.pass(3600);
    expect(await places('a', 'b', 'c')).toEqual(before);
    expect(await isTainted('n1')).toBe(false);
    cluster.beating.add('n1');
    await cluster.pass(300);
    expect(await places('a', 'b', 'c'), 'timers started again').toEqual(before);
    await cluster.pass(100);
    const after = await places('a', 'b', 'c');
    expect(after, 'and then the two that stay away count as lost').not.toEqual(before);
  });

  it('the only worker lost: its tasks stay', async () => {
    cluster = await startCluster(settings);
    await cluster.join('n1');
    await cluster.run('t');
    cluster.beating.clear();
    await cluster.pass(3600);
    expect(await places('t')).toEqual(['n1']);
    expect(await readiness('n1')).toBe('Unknown');
  });

  it('ND-05: a manager that was stopped for ten minutes blames nobody', async () => {
    cluster = await startCluster({ nodeGraceSeconds: 40, notReadyTolerationSeconds: 0 });
    for (const name of ['n1', 'n2', 'n3']) await cluster.join(name);
    for (const name of ['a', 'b', 'c']) await cluster.run(name);
    const before = await places('a', 'b', 'c');
    cluster.clock.freeze(600_000);
    expect(cluster.manager.beat('n1', 'session-of-n1')).toBe('ok');
    await cluster.pass(5);
    expect(await places('a', 'b', 'c')).toEqual(before);
    expect(await Promise.all(['n1', 'n2', 'n3'].map(readiness))).toEqual(['True', 'True', 'True']);
  });

  it('most workers lost: tasks are moved one by one, slowly', async () => {
    cluster = await startCluster({ nodeGraceSeconds: 40, notReadyTolerationSeconds: 0 });
    for (const name of ['n1', 'n2', 'n3']) await cluster.join(name);
    for (let index = 0; index < 9; index++) await cluster.run(`t${index}`);
    cluster.beating.delete('n1');
    cluster.beating.delete('n2');
    await cluster.pass(45);
    const moved = async (): Promise<number> =>
      (await cluster.manager.taskDb.list()).filter(({ spec }) => spec.nodeName === 'n3').length - 3;
    const first = await moved();
    expect(first).toBeLessThanOrEqual(1);
    await cluster.pass(30);
    expect(await moved()).toBeGreaterThan(first);
    expect(await moved()).toBeLessThanOrEqual(4);
    await cluster.pass(60);
    expect(await moved()).toBe(6);
  });

  it('a toleration of its own decides over the default', async () => {
    cluster = await startCluster(settings);
    await cluster.join('n1');
    const tolerate = (tolerationSeconds?: number): object => ({
      tolerations: [
        {
          key: notReadyTaintKey,
          operator: 'Exists',
          effect: 'NoExecute',
          ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
        },
      ],
    });
    await cluster.run('quick', tolerate(5));
    await cluster.run('ever', tolerate());
    await cluster.join('n2');
    cluster.beating.delete('n1');
    await cluster.pass(50);
    expect(await places('quick', 'ever')).toEqual(['n2', 'n1']);
    await cluster.pass(600);
    expect(await places('ever')).toEqual(['n1']);
  });

  it('tasks that are done, that failed for good, that are being deleted or that a user put there are not moved', async () => {
    cluster = await startCluster(settings);
    await cluster.join('n1');
    await cluster.run('done', { restartPolicy: 'Never' });
    await cluster.run('broken', { restartPolicy: 'Never' });
    await cluster.run('leaving');
    await cluster.run('pinned', { nodeName: 'n1' });
    for (const name of ['done', 'broken', 'leaving', 'pinned']) await cluster.report(name, { state: 'Running' });
    await cluster.report('done', { state: 'Completed', reason: 'Completed' });
    await cluster.report('broken', { state: 'Failed', reason: 'Error' });
    await cluster.remove('leaving');
    await cluster.join('n2');
    cluster.beating.delete('n1');
    await cluster.pass(700);
    expect(await places('done', 'broken', 'leaving', 'pinned')).toEqual(['n1', 'n1', 'n1', 'n1']);
    await cluster.registry.delete(nodeKind, { name: 'n1' });
    await cluster.pass(2);
    await expect(cluster.task('leaving'), 'freed with the node').rejects.toMatchObject({ code: 'NotFound' });
    expect((await cluster.task('pinned')).status).toMatchObject({ state: 'Pending', reason: 'NodeNotFound' });
    expect(await places('done', 'pinned')).toEqual(['n1', 'n1']);
  });
});

describe('nodes', () => {
  it('tasks of a deleted node are moved', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.run('t');
    await cluster.report('t', { state: 'Running' });
    await cluster.join('n2');
    cluster.beating.delete('n1');
    await cluster.registry.delete(nodeKind, { name: 'n1' });
    await cluster.pass(2);
    expect(await places('t')).toEqual(['n2']);
    expect(cluster.manager.workers).toEqual(['n2']);
  });

  it('a NoExecute taint drives away what does not tolerate it, after the time that is tolerated', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    const tolerate = (extra: object): object => ({ tolerations: [{ key: 'repair', operator: 'Exists', ...extra }] });
    await cluster.run('none');
    await cluster.run('some', tolerate({ effect: 'NoExecute', tolerationSeconds: 20 }));
    await cluster.run('ever', tolerate({}));
    await cluster.join('n2');
    await cluster.patchNode('n1', { taints: [{ key: 'repair', effect: 'NoExecute' }] });
    await cluster.pass(2);
    expect(await places('none', 'some', 'ever')).toEqual(['n2', 'n1', 'n1']);
    await cluster.pass(20);
    expect(await places('none', 'some', 'ever')).toEqual(['n2', 'n2', 'n1']);
  });

  it('ND-08: two machines must not share one name; a silent session may be taken over', async () => {
    cluster = await startCluster(settings);
    await cluster.join('n1');
    expect(cluster.manager.beat('n1', 'another')).toBe('conflict');
    expect(cluster.manager.beat('n1', 'session-of-n1')).toBe('ok');
    cluster.beating.delete('n1');
    await cluster.pass(39);
    expect(cluster.manager.beat('n1', 'another')).toBe('conflict');
    await cluster.pass(3);
    expect(cluster.manager.beat('n1', 'another')).toBe('ok');
    expect(cluster.manager.beat('n1', 'session-of-n1')).toBe('conflict');
  });

  it('allocated amounts and task counts move both ways', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.run('t', { resources: { cpu: '250m', memory: '64Mi', disk: '1Gi' } });
    await cluster.pass(2);
    expect((await cluster.node('n1')).status).toMatchObject({
      taskCount: 1,
      allocated: { cpu: '250m', memory: '64Mi', disk: '1Gi' },
    });
    await cluster.remove('t', { gracePeriodSeconds: 0 });
    await cluster.pass(2);
    expect((await cluster.node('n1')).status).toMatchObject({
      taskCount: 0,
      allocated: { cpu: '0', memory: '0', disk: '0' },
    });
  });
});

describe('a manager that is started again', () => {
  it('has the same maps, pending tasks and host ports as the one before', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.run('web', { ports: [{ containerPort: 80, hostPort: 80 }], resources: { cpu: 3 } });
    await cluster.run('waiting', { resources: { cpu: 2 } });
    const before = [cluster.manager.workerTaskMap, cluster.manager.taskWorkerMap, [...cluster.manager.pending]];
    await cluster.stopManager();
    await cluster.startManager();
    const { manager } = cluster;
    expect([manager.workerTaskMap, manager.taskWorkerMap, [...manager.pending]]).toEqual(before);
    expect((await cluster.run('other', { ports: [{ containerPort: 80, hostPort: 80 }] })).status?.message).toContain(
      'taken by default/web',
    );
    await cluster.remove('web', { gracePeriodSeconds: 0 });
    expect(await places('waiting')).toEqual(['n1']);
  });

  it('catches up with what happened while it was away', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.run('t');
    await cluster.stopManager();
    await cluster.run('new');
    await cluster.registry.delete(nodeKind, { name: 'n1' });
    cluster.beating.delete('n1');
    await cluster.startManager();
    await cluster.join('n2');
    expect(await places('t', 'new')).toEqual(['n2', 'n2']);
  });

  it('gives every worker a full grace, though a worker died long ago', async () => {
    cluster = await startCluster(settings);
    await cluster.join('n1');
    await cluster.run('t');
    await cluster.join('n2');
    await cluster.stopManager();
    cluster.beating.delete('n1');
    await cluster.clock.advance(86_400_000);
    await cluster.startManager(settings);
    await cluster.pass(300);
    expect(await places('t')).toEqual(['n1']);
    await cluster.pass(60);
    expect(await places('t')).toEqual(['n2']);
  });

  it('leaves no timer behind when it stops', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.run('t', { resources: { cpu: 99 } });
    await cluster.stopManager();
    expect(cluster.clock.pendingTimers).toBe(0);
  });
});
