import { afterEach, describe, expect, it } from 'vitest';
import { findCondition } from '../../src/model/conditions.js';
import { nodeKind } from '../../src/model/node.js';
import { specHash } from '../../src/model/spec-hash.js';
import { type Task, taskKind } from '../../src/model/task.js';
import { type Cluster, startCluster } from './manager-harness.js';

let cluster: Cluster;
afterEach(() => cluster.close());

describe('placement', () => {
  it('binds a pending task to a worker, in one move with its event', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    const task = await cluster.run('web', { resources: { cpu: 1 } });
    expect(task.spec.nodeName).toBe('n1');
    expect(task.status?.state).toBe('Scheduled');
    expect(findCondition(task.status?.conditions, 'Scheduled')?.status).toBe('True');
    const events = await cluster.manager.eventDb.of(task);
    expect(events.map(({ state, reason }) => `${state} ${reason}`)).toEqual(['Pending Created', 'Scheduled Scheduled']);
    expect(cluster.manager.workerTaskMap.get('n1')).toEqual(new Set(['default/web']));
    expect(cluster.manager.taskWorkerMap.get('default/web')).toBe('n1');
    expect(cluster.manager.workers).toEqual(['n1']);
    expect((await cluster.manager.taskDb.list()).map(({ metadata }) => metadata.name)).toEqual(['web']);
  });

  it('keeps a task that fits nowhere, says why, and places it at once when room appears', async () => {
    cluster = await startCluster();
    expect((await cluster.run('big', { resources: { cpu: 6 } })).status?.message).toContain('there is no worker yet');
    await cluster.join('n1');
    await cluster.join('n2', { spec: { unschedulable: true } });
    await cluster.pass(12);
    const waiting = await cluster.task('big');
    expect(waiting.status).toMatchObject({
      state: 'Pending',
      reason: 'Unschedulable',
      message: 'no worker fits: n1: needs 6 CPUs, has 4 in all; n2: is cordoned and needs 6 CPUs, has 4 in all',
    });
    expect(findCondition(waiting.status?.conditions, 'Scheduled')).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
    });
    expect(cluster.manager.pending).toEqual(['default/big']);
    const event = (await cluster.manager.eventDb.of(waiting)).findLast(({ reason }) => reason === 'FailedScheduling');
    expect(event).toMatchObject({ type: 'Warning', message: waiting.status?.message });

    const { resourceVersion } = waiting.metadata;
    await cluster.pass(130);
    expect((await cluster.task('big')).metadata.resourceVersion).toBe(resourceVersion);

    await cluster.registry.patch(
      nodeKind,
      { name: 'n1' },
      { type: 'merge', body: { status: { allocatable: { cpu: '8' } } } },
      { subresource: 'status' },
    );
    await cluster.clock.advance(0);
    expect((await cluster.task('big')).spec.nodeName).toBe('n1');
    expect(cluster.manager.pending).toEqual([]);
    expect(await cluster.manager.eventDb.of(await cluster.task('big'))).toContainEqual(
      expect.objectContaining({ reason: 'Scheduled', message: 'Successfully assigned default/big to n1' }),
    );
  });

  it('takes a task away once its toleration ends, and puts it back on no node that it only puts up with for a while', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    const tolerations = [
      { key: 'old', operator: 'Exists' as const, effect: 'NoExecute' as const, tolerationSeconds: 30 },
    ];
    await cluster.run('t', { tolerations });
    await cluster.patchNode('n1', { taints: [{ key: 'old', effect: 'NoExecute' }] });
    await cluster.pass(20);
    expect((await cluster.task('t')).spec.nodeName).toBe('n1');
    await cluster.pass(20);
    const away = await cluster.task('t');
    expect(away.status).toMatchObject({
      state: 'Pending',
      reason: 'Unschedulable',
      message: 'no worker fits: n1: has the taint old:NoExecute, tolerated for 30 s only',
    });
    await cluster.pass(200);
    expect((await cluster.task('t')).metadata.resourceVersion).toBe(away.metadata.resourceVersion);
    // A new one may go there, and has its time from then on.
    await cluster.run('new', { tolerations });
    await cluster.pass(20);
    expect((await cluster.task('new')).spec.nodeName).toBe('n1');
    await cluster.pass(20);
    expect((await cluster.task('new')).status).toMatchObject({ state: 'Pending', moves: 1 });
    await cluster.patchNode('n1', { taints: [] });
    await cluster.pass(5);
    expect((await cluster.task('t')).spec.nodeName).toBe('n1');
  });

  it('puts a task that was drained also on a node that it puts up with for a while', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.patchNode('n1', { taints: [{ key: 'old', effect: 'NoExecute' }] });
    const tolerations = [
      { key: 'old', operator: 'Exists' as const, effect: 'NoExecute' as const, tolerationSeconds: 3600 },
    ];
    expect((await cluster.run('t', { tolerations })).spec.nodeName).toBe('n1');
    await cluster.registry.mutate<Task>(taskKind, { namespace: 'default', name: 't' }, (task) => ({
      ...task,
      status: { ...task.status, state: 'Scheduled', conditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    }));
    await cluster.pass(5);
    const { spec, status } = await cluster.task('t');
    expect([spec.nodeName, status?.moves]).toEqual(['n1', 1]);
  });

  it('gives one host port to one task; the second starts when the first goes', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    const ports = [{ containerPort: 80, hostPort: 8080 }];
    expect((await cluster.run('first', { ports })).spec.nodeName).toBe('n1');
    const second = await cluster.run('second', { ports });
    expect(second.status).toMatchObject({
      state: 'Pending',
      reason: 'Unschedulable',
      message: 'no worker fits: n1: host port 8080/TCP is taken by default/first',
    });
    await cluster.remove('first');
    expect(
      (await cluster.task('second')).spec.nodeName,
      'the port is held until the container is gone',
    ).toBeUndefined();
    await cluster.remove('first', { gracePeriodSeconds: 0 });
    expect((await cluster.task('second')).spec.nodeName).toBe('n1');
  });

  it('places a hundred tasks that come at once without exceeding any worker', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.join('n2');
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => cluster.run(`t${index}`, { resources: { cpu: '100m' } })),
    );
    await cluster.pass(2);
    const nodes = await Promise.all(['n1', 'n2'].map((name) => cluster.node(name)));
    expect(nodes.map(({ status }) => status?.taskCount)).toEqual([40, 40]);
    expect(nodes.map(({ status }) => status?.allocated?.['cpu'])).toEqual(['4', '4']);
    expect(cluster.manager.pending).toHaveLength(20);
  });

  it('places higher priorities first, else first come first served', async () => {
    cluster = await startCluster();
    for (const [name, priority] of [
      ['low', 0],
      ['later', 0],
      ['high', 10],
    ] as const) {
      await cluster.run(name, { priority, resources: { cpu: 3 } });
    }
    expect(cluster.manager.pending).toEqual(['default/high', 'default/low', 'default/later']);
    await cluster.join('n1');
    expect((await cluster.task('high')).spec.nodeName).toBe('n1');
    await cluster.join('n2');
    expect((await cluster.task('low')).spec.nodeName).toBe('n2');
    expect((await cluster.task('later')).spec.nodeName).toBeUndefined();
  });

  it('a task that fits nowhere holds up nobody', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.run('huge', { priority: 100, resources: { cpu: 99 } });
    expect((await cluster.run('small')).spec.nodeName).toBe('n1');
  });

  it('tries again when the waiting task itself is made smaller', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.run('t', { resources: { cpu: 99 } });
    await cluster.patchTask('t', { resources: { cpu: 1 } });
    expect((await cluster.task('t')).spec.nodeName).toBe('n1');
  });

  it('does not place on a cordoned worker, and leaves there what runs there', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.run('old');
    await cluster.patchNode('n1', { unschedulable: true });
    expect((await cluster.run('new')).status?.message).toBe('no worker fits: n1: is cordoned');
    await cluster.pass(120);
    expect((await cluster.task('old')).spec.nodeName).toBe('n1');
    await cluster.patchNode('n1', { unschedulable: null });
    expect((await cluster.task('new')).spec.nodeName).toBe('n1');
  });

  it('uses the scheduler that a task names, else its own default', async () => {
    cluster = await startCluster({ scheduler: 'binpack' });
    await cluster.join('n1');
    await cluster.join('n2');
    for (const name of ['a', 'b', 'c']) await cluster.run(name, { resources: { cpu: 1 } });
    expect(cluster.manager.workerTaskMap.size).toBe(1);
    const [used] = [...cluster.manager.workerTaskMap.keys()];
    expect((await cluster.run('d', { resources: { cpu: 1 }, schedulerName: 'spread' })).spec.nodeName).not.toBe(used);
  });

  it('accepts a node named by hand, and waits for it when it does not exist', async () => {
    cluster = await startCluster();
    await cluster.join('n1', { spec: { unschedulable: true } });
    expect((await cluster.run('here', { nodeName: 'n1' })).status?.state).toBe('Scheduled');
    const waiting = await cluster.run('there', { nodeName: 'n2' });
    expect(waiting.status).toMatchObject({ state: 'Pending', reason: 'NodeNotFound' });
    expect(waiting.status?.message).toContain('no worker named n2');
    await cluster.join('n2');
    expect((await cluster.task('there')).status?.state).toBe('Scheduled');
  });

  it('CT-07: never binds twice: a binding holds only for the version that was looked at', async () => {
    cluster = await startCluster();
    const task = await cluster.run('t');
    await cluster.join('n1');
    await cluster.join('n2');
    expect(await cluster.manager.sendWork(task, 'n2')).toBe(false);
    expect((await cluster.task('t')).spec.nodeName).toBe('n1');
  });
});

describe('what the user wants', () => {
  it('a stop of a waiting task completes it; a start makes it wait again', async () => {
    cluster = await startCluster();
    await cluster.run('t');
    await cluster.patchTask('t', { desiredState: 'Completed' });
    expect((await cluster.task('t')).status).toMatchObject({ state: 'Completed', reason: 'Stopped' });
    await cluster.join('n1');
    expect((await cluster.task('t')).spec.nodeName).toBeUndefined();
    await cluster.patchTask('t', { desiredState: 'Running' });
    expect(await cluster.task('t')).toMatchObject({ spec: { nodeName: 'n1' }, status: { state: 'Scheduled' } });
  });

  it('a stopped task starts again where it was while there is room, else elsewhere', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    const stop = async (): Promise<void> => {
      await cluster.patchTask('t', { desiredState: 'Completed' });
      await cluster.report('t', { state: 'Running' });
      await cluster.report('t', { state: 'Completed', reason: 'Stopped' });
    };
    await cluster.run('t', { resources: { cpu: 3 } });
    await stop();
    await cluster.join('n2');
    await cluster.patchTask('t', { desiredState: 'Running' });
    expect(await cluster.task('t')).toMatchObject({ spec: { nodeName: 'n1' }, status: { state: 'Scheduled' } });
    await stop();
    await cluster.run('other', { resources: { cpu: 3 }, nodeName: 'n1' });
    await cluster.patchTask('t', { desiredState: 'Running' });
    expect(await cluster.task('t')).toMatchObject({ spec: { nodeName: 'n2' }, status: { state: 'Scheduled' } });
  });

  it('a task that ended well stays ended until its spec changes', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    const { spec } = await cluster.run('job', { restartPolicy: 'Never' });
    await cluster.report('job', { state: 'Running' });
    await cluster.report('job', { state: 'Completed', reason: 'Completed', exitCode: 0, specHash: specHash(spec) });
    await cluster.pass(130);
    expect((await cluster.task('job')).status?.state).toBe('Completed');
    await cluster.patchTask('job', { priority: 5 });
    expect((await cluster.task('job')).status?.state).toBe('Completed');
    await cluster.patchTask('job', { args: ['again'] });
    expect((await cluster.task('job')).status?.state).toBe('Scheduled');
  });

  it('a spec that no longer fits on its worker is moved, with the reason', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    await cluster.run('other', { resources: { cpu: 3 } });
    await cluster.run('t', { resources: { cpu: '500m' } });
    await cluster.report('t', { state: 'Running' });
    await cluster.patchTask('t', { resources: { cpu: 1 } });
    expect((await cluster.task('t')).spec.nodeName, '3 + 1 fit in 4').toBe('n1');
    await cluster.patchTask('t', { resources: { cpu: 2 } });
    const moved = await cluster.task('t');
    expect(moved.spec.nodeName).toBeUndefined();
    const reasons = (await cluster.manager.eventDb.of(moved)).map(({ reason, message }) => `${reason}: ${message}`);
    expect(reasons).toContain('NoLongerFits: moved: its changed spec does not fit on n1: needs 2 CPUs, 1 free');
    await cluster.join('n2');
    expect((await cluster.task('t')).spec.nodeName).toBe('n2');
  });

  it('a changed nodeSelector or host port moves a task as well', async () => {
    cluster = await startCluster();
    await cluster.join('n1', { labels: { disk: 'hdd' } });
    await cluster.run('web', { ports: [{ containerPort: 80, hostPort: 80 }] });
    await cluster.run('a');
    await cluster.run('b');
    await cluster.patchTask('a', { nodeSelector: { disk: 'ssd' } });
    await cluster.patchTask('b', { ports: [{ containerPort: 80, hostPort: 80 }] });
    await cluster.join('n2', { labels: { disk: 'ssd' } });
    expect((await cluster.task('a')).spec.nodeName).toBe('n2');
    expect((await cluster.task('b')).spec.nodeName).toBe('n2');
  });

  it('a task that is being deleted is not placed', async () => {
    cluster = await startCluster();
    const { metadata } = await cluster.run('t');
    await cluster.registry.patch(
      taskKind,
      { namespace: 'default', name: metadata.name },
      { type: 'merge', body: { metadata: { finalizers: ['example.com/hold'] } } },
    );
    await cluster.remove('t');
    await cluster.join('n1');
    expect((await cluster.task('t')).spec.nodeName).toBeUndefined();
    expect(cluster.manager.pending).toEqual([]);
  });

  it('tasks that are started again at once do not get more of a worker than it has', async () => {
    cluster = await startCluster();
    await cluster.join('n1');
    const start = (name: string): Promise<void> => cluster.patchTask(name, { desiredState: 'Running' });
    for (const name of ['a', 'b']) {
      await cluster.run(name, { resources: { cpu: '2500m' } });
      await cluster.report(name, { state: 'Running' });
      await cluster.patchTask(name, { desiredState: 'Completed' });
      await cluster.report(name, { state: 'Completed', reason: 'Stopped' });
    }
    await Promise.all(['a', 'b'].map(start));
    await cluster.pass(3);
    const states = await Promise.all(['a', 'b'].map(async (name) => (await cluster.task(name)).status?.state));
    expect(states.toSorted()).toEqual(['Pending', 'Scheduled']);
  });
});
