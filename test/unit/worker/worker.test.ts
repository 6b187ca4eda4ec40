import { afterEach, describe, expect, it } from 'vitest';
import { RuntimeError } from '../../../src/runtime/container-runtime.js';
import { findCondition } from '../../../src/model/conditions.js';
import type { Task } from '../../../src/model/task.js';
import { taskKind } from '../../../src/model/task.js';
import { WorkerFixture } from './worker-fixture.js';

let open: WorkerFixture[] = [];

async function fixture(...settings: Parameters<typeof WorkerFixture.open>): Promise<WorkerFixture> {
  const made = await WorkerFixture.open(...settings);
  open.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(open.map(({ worker }) => worker.stop()));
  open = [];
});

describe('a worker and its tasks', () => {
  it('registers its node with what the machine has', async () => {
    const cluster = await fixture();
    const { metadata, status } = await cluster.node();
    expect(metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'w1', 'kubernetes.io/arch': 'amd64' });
    expect(status?.capacity).toMatchObject({
      cpu: '4',
      memory: '8Gi',
      disk: '100Gi',
      'ephemeral-storage': '100Gi',
      pods: expect.stringMatching(/^\d+$/) as string,
    });
    expect(status?.nodeInfo).toMatchObject({ bootID: cluster.engine.bootId, containerRuntimeVersion: 'simulated://1' });
    expect(findCondition(status?.conditions, 'Ready')?.status).toBe('True');
    expect(cluster.client.heartbeats).toBeGreaterThan(0);
  });

  it('runs what is assigned to it and says so', async () => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['httpd', '-f'], ports: [{ containerPort: 80, hostPort: 8080 }] });
    await cluster.settle();
    const container = cluster.theContainer('web');
    const { status } = await cluster.task('web');
    expect(status).toMatchObject({
      state: 'Running',
      nodeName: 'w1',
      attempt: 1,
      restartCount: 0,
      containerID: container.id,
      ports: [{ containerPort: 80, hostPort: 8080 }],
    });
    expect(findCondition(status?.conditions, 'Ready')?.status).toBe('True');
    expect(await cluster.reasons('web')).toContain('Created');
    expect(cluster.worker.taskCount).toBe(1);
  });

  it('writes nothing more once it has converged', async () => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['httpd'] });
    await cluster.seconds(120);
    const revision = cluster.registry.currentRevision();
    await cluster.seconds(600);
    expect(cluster.registry.currentRevision()).toBe(revision);
  });

  it('ND-01: leaves containers alone when it stops, and adopts them when it starts again', async () => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['httpd'] });
    await cluster.settle();
    const before = { ...cluster.theContainer('web') };
    await cluster.worker.stop();
    expect(cluster.running('web')).toHaveLength(1);
    await cluster.startWorker();
    const after = cluster.theContainer('web');
    expect([after.id, after.startedAt]).toEqual([before.id, before.startedAt]);
    expect((await cluster.task('web')).status?.restartCount).toBe(0);
  });

  it('ND-01: adopts by label when even its checkpoint was lost', async () => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['httpd'] });
    await cluster.settle();
    const { id } = cluster.theContainer('web');
    await cluster.worker.stop();
    cluster.disk = '{"version":1,"revision":0,"tasks":{},"records":{}}';
    await cluster.startWorker();
    expect(cluster.theContainer('web').id).toBe(id);
    expect(cluster.containers()).toHaveLength(1);
  });

  it('ND-02: finds the container of a create whose answer was lost', async () => {
    const cluster = await fixture();
    cluster.engine.faults.loseReplyNext('createContainer');
    await cluster.assign('web', { command: ['httpd'] });
    await cluster.seconds(60);
    expect(cluster.containers('web')).toHaveLength(1);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 1 });
  });

  it('ND-02: has on its disk which attempts there were before it removes the last trace of one', async () => {
    const cluster = await fixture();
    cluster.engine.faults.failNext('startContainer', new RuntimeError('StartError', 'no such program'));
    let written = (): void => undefined;
    cluster.diskIsSlow = new Promise((resolve) => (written = resolve));
    await cluster.assign('web', { command: ['httpd'] });
    await cluster.seconds(5);
    const kept = cluster.containers('web').map(({ phase }) => phase);
    written();
    expect(kept).toEqual(['created']);
    await cluster.seconds(2);
    expect(cluster.containers('web')).toHaveLength(0);
    expect(cluster.disk).toContain('"attempt":1');
  });

  it('tells that the engine does not end a container, goes on trying, and holds up nobody else', async () => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['httpd'], terminationGracePeriodSeconds: 1 });
    await cluster.settle();
    for (let turn = 0; turn < 4; turn++) {
      cluster.engine.faults.failNext('stopContainer', new RuntimeError('Timeout', 'stop: no answer within 31 s'));
    }
    await cluster.delete('web');
    await cluster.settle();
    const { status } = await cluster.task('web');
    expect(status).toMatchObject({ state: 'Running', reason: 'StopFailed', attempt: 1 });
    expect(status?.message).toBe(
      'the task is being deleted: the engine has not ended the container: is it paused? It is tried again (stop: no answer within 31 s)',
    );
    expect(await cluster.reasons('web')).toContain('FailedKillPod');
    await cluster.assign('other', { command: ['httpd'] });
    await cluster.settle();
    expect(cluster.running('other')).toHaveLength(1);
    await cluster.seconds(60);
    expect(await cluster.exists('web')).toBe(false);
  });

  it.each(['Always', 'Never'] as const)(
    'DK-15: makes another container of one that its engine spoilt when it ended (%s)',
    async (restartPolicy) => {
      const cluster = await fixture();
      cluster.engine.faults.failNext('startContainer', new RuntimeError('StaleContainer', 'its endpoint exists'));
      await cluster.assign('web', { command: ['httpd'], restartPolicy });
      await cluster.seconds(30);
      expect(cluster.containers('web')).toEqual([cluster.theContainer('web')]);
      expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 2, restartCount: 0 });
    },
  );

  it('DK-15: asks an engine that refuses every start less and less often, and says what it answers', async () => {
    const cluster = await fixture();
    for (let time = 0; time < 12; time++) {
      cluster.engine.faults.failNext('startContainer', new RuntimeError('Unavailable', 'the engine is stopping'));
    }
    await cluster.assign('web', { command: ['httpd'] });
    // 0.2, 0.4, 0.8 ... s apart: a handful in five seconds.
    await cluster.seconds(5);
    expect(cluster.running('web')).toHaveLength(0);
    const told = (await cluster.events('web')).find(({ reason }) => reason === 'EngineError');
    expect(told).toMatchObject({ type: 'Warning', message: 'the engine is stopping', attempt: 1 });
    await cluster.seconds(300);
    expect(cluster.running('web')).toHaveLength(1);
  });

  it('replaces the container when the spec changes, and only then', async () => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['httpd'] });
    await cluster.settle();
    const { id } = cluster.theContainer('web');
    await cluster.edit('web', { priority: 5 });
    await cluster.settle();
    expect(cluster.theContainer('web').id).toBe(id);
    await cluster.edit('web', { env: [{ name: 'A', value: '1' }] });
    await cluster.seconds(40);
    const replaced = cluster.theContainer('web');
    expect(replaced.id).not.toBe(id);
    expect(replaced.spec.env).toEqual([{ name: 'A', value: '1' }]);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 2, restartCount: 0 });
  });

  it.each([
    ['killed', (c: WorkerFixture, id: string) => c.engine.killContainer(id)],
    ['removed', (c: WorkerFixture, id: string) => c.engine.removeContainer(id)],
    [
      'renamed and killed',
      (c: WorkerFixture, id: string) => {
        c.engine.renameContainer(id, 'other');
        c.engine.killContainer(id);
      },
    ],
  ])('DK-29: brings a container back that was %s by hand', async (_what, harm) => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['httpd'], terminationGracePeriodSeconds: 1 });
    await cluster.settle();
    const { id } = cluster.theContainer('web');
    harm(cluster, id);
    await cluster.seconds(3);
    expect(cluster.theContainer('web').id).not.toBe(id);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 2, restartCount: 1 });
  });

  it.each(['Always', 'Never'] as const)(
    'DK-29: leaves a container that somebody paused as it is (%s)',
    async (restartPolicy) => {
      const cluster = await fixture();
      const livenessProbe = { exec: { command: ['true'] }, periodSeconds: 1, failureThreshold: 1 };
      await cluster.assign('web', {
        command: ['httpd'],
        terminationGracePeriodSeconds: 1,
        restartPolicy,
        livenessProbe,
      });
      await cluster.settle();
      const { id } = cluster.theContainer('web');
      cluster.engine.pauseContainer(id);
      await cluster.seconds(300);
      expect(cluster.containers('web')).toMatchObject([{ id, phase: 'paused' }]);
      const { status } = await cluster.task('web');
      expect(status).toMatchObject({ state: 'Running', reason: 'Paused', attempt: 1, restartCount: 0 });
      expect(status?.message).toContain('docker unpause');
      expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'False' }));
      cluster.engine.unpauseContainer(id);
      await cluster.seconds(3);
      expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 1, restartCount: 0 });
      expect((await cluster.task('web')).status?.reason).toBeUndefined();
      const told = (await cluster.events('web')).filter(({ reason }) => reason === 'Paused' || reason === 'Unpaused');
      expect(told.map(({ type, reason, attempt }) => [type, reason, attempt])).toEqual([
        ['Warning', 'Paused', 1],
        ['Normal', 'Unpaused', 1],
      ]);
    },
  );

  it.each([
    ['is edited', (c: WorkerFixture) => c.edit('web', { env: [{ name: 'A', value: '1' }] }), 2, 'running'],
    ['is stopped', (c: WorkerFixture) => c.edit('web', { desiredState: 'Completed' }), 1, 'exited'],
  ] as const)('DK-29: a task whose container is paused %s as any other', async (_what, change, attempt, phase) => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['httpd'], terminationGracePeriodSeconds: 1 });
    await cluster.settle();
    cluster.engine.pauseContainer(cluster.theContainer('web').id);
    await cluster.seconds(1);
    await change(cluster);
    await cluster.seconds(5);
    expect(cluster.containers('web').at(-1)?.phase).toBe(phase);
    expect((await cluster.task('web')).status).toMatchObject({ attempt, restartCount: 0 });
  });

  it('DK-29: does not touch containers of others', async () => {
    const cluster = await fixture();
    const foreign = cluster.engine.create('another-cluster', {
      name: 'foreign',
      identity: { taskUid: 'x', attempt: 1, specHash: 'y', taskKey: 'default/x' },
      image: 'busybox',
      env: [],
      ports: [],
      hostNetwork: false,
      limits: { cpuMillicores: 0, memoryBytes: 0, diskBytes: 0 },
    });
    const ofAnotherWorker = cluster.engine.create(cluster.registry.clusterUid, {
      ...foreign.spec,
      name: 'orch-x-1-other',
    });
    cluster.engine.start(foreign);
    cluster.engine.start(ofAnotherWorker);
    await cluster.seconds(90);
    expect(cluster.running()).toHaveLength(2);
  });

  it('LC-01: restarts after 0, 10, 20, 40 ... 300 s, and tells what it waits for', async () => {
    const cluster = await fixture();
    await cluster.assign('crash', { command: ['sh', '-c', 'exit 1'] });
    const starts: number[] = [];
    const begin = cluster.clock.now();
    cluster.engine.onChange((container) => {
      if (container.phase === 'running') starts.push(Math.round((cluster.clock.now() - begin) / 1000));
    });
    await cluster.seconds(15);
    expect((await cluster.task('crash')).status).toMatchObject({
      state: 'Scheduled',
      reason: 'BackOff',
      message: 'back-off 20s restarting failed container (exit code 1)',
      exitCode: 1,
    });
    await cluster.seconds(1_000);
    const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
    expect(gaps.slice(0, 8)).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
    expect(cluster.containers('crash').length).toBeLessThanOrEqual(2);
  });

  it('CT-08: tells each wait once', async () => {
    const cluster = await fixture();
    await cluster.assign('crash', { command: ['sh', '-c', 'sleep 5; exit 1'], restartPolicy: 'OnFailure' });
    await cluster.seconds(12);
    cluster.worker.queue.add('default/crash');
    await cluster.settle();
    const waits = (await cluster.events('crash')).filter(
      ({ reason, previousState }) => reason === 'BackOff' && !previousState,
    );
    expect(waits.map(({ message, count = 1 }) => [message, count])).toEqual([
      ['back-off 10s restarting failed container (exit code 1)', 1],
    ]);
  });

  it('LC-03: goes on with a wait after it was started again', async () => {
    const cluster = await fixture();
    await cluster.assign('crash', { command: ['false'] });
    await cluster.seconds(75);
    const { attempt } = (await cluster.task('crash')).status ?? {};
    await cluster.worker.stop();
    await cluster.seconds(30);
    await cluster.startWorker();
    await cluster.seconds(20);
    expect((await cluster.task('crash')).status?.attempt).toBe(attempt);
    await cluster.seconds(40);
    expect((await cluster.task('crash')).status?.attempt).toBe((attempt ?? 0) + 1);
  });

  it.each([3_600, 86_400])(
    'begins a wait again, and no more, when the wall clock is set back by %i s meanwhile',
    async (seconds) => {
      const cluster = await fixture();
      await cluster.assign('crash', { command: ['false'] });
      await cluster.seconds(75);
      const { attempt } = (await cluster.task('crash')).status ?? {};
      cluster.clock.setWallClock(cluster.clock.now() - seconds * 1000);
      await cluster.seconds(170);
      expect((await cluster.task('crash')).status?.attempt).toBe((attempt ?? 0) + 1);
      await cluster.seconds(100);
      expect((await cluster.task('crash')).status?.attempt).toBe((attempt ?? 0) + 1);
    },
  );

  it.each([
    ['another spec', (cluster: WorkerFixture) => cluster.edit('web', { env: [{ name: 'NEW', value: '1' }] }), ['1']],
    ['a deletion', (cluster: WorkerFixture) => cluster.delete('web'), []],
  ] as const)('starts nothing that %s made void while it was away', async (_what, change, wanted) => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['httpd'] });
    await cluster.settle();
    await cluster.worker.stop();
    cluster.engine.reboot();
    await change(cluster);
    const made: (string | undefined)[] = [];
    cluster.engine.onChange(({ phase, spec }) => void (phase === 'created' && made.push(spec.env[0]?.value)));
    // What it is about to do takes longer than to hear what is wanted now.
    cluster.engineLatencyMilliseconds = 100;
    await cluster.startWorker();
    await cluster.seconds(60);
    expect(made).toEqual(wanted);
  });

  it.each([
    ['Never', 'exit 0', { state: 'Completed', exitCode: 0 }],
    ['Never', 'exit 3', { state: 'Failed', exitCode: 3, message: 'exit code 3' }],
    ['OnFailure', 'exit 0', { state: 'Completed', exitCode: 0 }],
  ] as const)('under %s, %s is the end', async (restartPolicy, script, expected) => {
    const cluster = await fixture();
    await cluster.assign('job', { command: ['sh', '-c', `sleep 5; ${script}`], restartPolicy });
    await cluster.seconds(900);
    expect((await cluster.task('job')).status).toMatchObject({ ...expected, attempt: 1, restartCount: 0 });
    expect(cluster.containers('job')).toHaveLength(1);
  });

  it('runs a finished task no second time after the checkpoint was lost', async () => {
    const cluster = await fixture();
    await cluster.assign('job', { command: ['true'], restartPolicy: 'Never' });
    await cluster.settle();
    await cluster.worker.stop();
    cluster.disk = '{"version":1,"revision":0,"tasks":{},"records":{}}';
    await cluster.startWorker();
    await cluster.seconds(60);
    expect((await cluster.task('job')).status).toMatchObject({ state: 'Completed', attempt: 1 });
  });

  it('stops and starts a task as its desired state says', async () => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['sh', '-c', 'trap "exit 0" TERM; sleep infinity'] });
    await cluster.settle();
    await cluster.edit('web', { desiredState: 'Completed' });
    await cluster.settle();
    expect(cluster.running()).toHaveLength(0);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Completed', reason: 'Stopped', exitCode: 0 });
    await cluster.edit('web', { desiredState: 'Running' });
    await cluster.bind('web', 'w1');
    await cluster.settle();
    expect(cluster.running('web')).toHaveLength(1);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 2, restartCount: 0 });
  });

  it('AP-10: confirms a deletion only after the container is gone', async () => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['sleep', 'infinity'], terminationGracePeriodSeconds: 20 });
    await cluster.settle();
    await cluster.delete('web');
    await cluster.seconds(15);
    expect(await cluster.exists('web')).toBe(true);
    expect(cluster.running('web')).toHaveLength(1);
    await cluster.seconds(7);
    expect(cluster.containers('web')).toHaveLength(0);
    expect(await cluster.exists('web')).toBe(false);
    expect(cluster.worker.taskCount).toBe(0);
  });

  it('gives the container of a task that was deleted by force no more time, also while it is being stopped', async () => {
    const cluster = await fixture();
    const spec = { command: ['sh', '-c', 'trap "" TERM; sleep infinity'], terminationGracePeriodSeconds: 60 };
    for (const isStopping of [false, true]) {
      await cluster.assign('web', spec);
      await cluster.seconds(3);
      const { id } = cluster.theContainer('web');
      if (isStopping) await cluster.delete('web');
      await cluster.seconds(2);
      await cluster.delete('web', 0);
      await cluster.assign('web', spec);
      await cluster.seconds(3);
      expect(cluster.theContainer('web').id).not.toBe(id);
      await cluster.delete('web', 0);
      await cluster.seconds(3);
      expect(cluster.containers('web')).toEqual([]);
    }
  });

  it('gives the container of a task that was moved away the time that its spec grants, and says what the next of its name waits for', async () => {
    const cluster = await fixture();
    const command = ['sh', '-c', 'trap "" TERM; sleep infinity'];
    await cluster.assign('web', { command, terminationGracePeriodSeconds: 60 });
    await cluster.seconds(3);
    await cluster.bind('web', undefined);
    await cluster.seconds(1);
    await cluster.delete('web');
    await cluster.assign('web', { command });
    await cluster.seconds(50);
    expect(cluster.running('web')).toHaveLength(1);
    const { status } = await cluster.task('web');
    expect(status).toMatchObject({ state: 'Scheduled', reason: 'WaitingForContainer' });
    expect(status?.message).toContain(cluster.theContainer('web').name);
    const told = (await cluster.events('web')).filter(({ reason }) => reason === 'WaitingForContainer');
    expect(told).toHaveLength(1);
    await cluster.seconds(15);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 1 });
  });

  it('LC-05: gives up a pull when its task is deleted, and leaves nothing behind', async () => {
    const cluster = await fixture();
    cluster.engine.faults.setPullsStalled(true);
    await cluster.assign('web', { image: 'registry.example/large:1', command: ['httpd'] });
    await cluster.seconds(10);
    expect(await cluster.reasons('web')).toContain('Pulling');
    await cluster.delete('web');
    await cluster.seconds(2);
    expect(await cluster.exists('web')).toBe(false);
    expect(cluster.containers('web')).toHaveLength(0);
    expect(cluster.engine.images).not.toContain('registry.example/large:1');
    // And it does not hold up what comes next.
    cluster.engine.faults.setPullsStalled(false);
    await cluster.assign('web', { image: 'registry.example/large:1', command: ['httpd'] });
    await cluster.settle();
    expect(cluster.running('web')).toHaveLength(1);
  });

  it('LC-05: takes a shorter grace period while it stops', async () => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['sleep', 'infinity'], terminationGracePeriodSeconds: 600 });
    await cluster.settle();
    await cluster.delete('web');
    await cluster.seconds(5);
    await cluster.delete('web', 1);
    await cluster.seconds(3);
    expect(await cluster.exists('web')).toBe(false);
    expect(cluster.containers('web')).toHaveLength(0);
  });

  it('LC-06, AP-10: stops again what it was stopping when it died', async () => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['sleep', 'infinity'], terminationGracePeriodSeconds: 20 });
    await cluster.settle();
    await cluster.delete('web');
    await cluster.seconds(2);
    await cluster.worker.stop();
    await cluster.startWorker();
    await cluster.seconds(25);
    expect(cluster.containers('web')).toHaveLength(0);
    expect(await cluster.exists('web')).toBe(false);
  });

  it.each([
    ['missing/app:1', 'ImagePullFailed', {}],
    ['UPPER/app:1', 'InvalidImageName', {}],
    ['busybox:latest', 'StartError', { command: ['nope'] }],
  ])('DK-08: backs off from %s with %s', async (image, reason, spec) => {
    const cluster = await fixture();
    await cluster.assign('bad', { image, ...spec });
    await cluster.seconds(5);
    const first = (await cluster.task('bad')).status;
    expect(first).toMatchObject({ state: 'Scheduled', reason });
    expect(first?.message).toContain('next try after 10s');
    await cluster.seconds(10);
    expect((await cluster.task('bad')).status?.message).toContain('next try after 20s');
    expect(cluster.containers()).toHaveLength(0);
    await cluster.edit('bad', { image: 'busybox:latest', command: ['httpd'] });
    await cluster.settle();
    expect((await cluster.task('bad')).status).toMatchObject({ state: 'Running' });
    expect((await cluster.task('bad')).status?.reason).toBeUndefined();
  });

  it('DK-13: waits for a port that another container holds', async () => {
    const cluster = await fixture();
    const ports = [{ containerPort: 80, hostPort: 8080 }];
    await cluster.assign('first', { command: ['httpd'], ports, terminationGracePeriodSeconds: 1 });
    await cluster.settle();
    await cluster.assign('second', { command: ['httpd'], ports });
    await cluster.settle();
    expect((await cluster.task('second')).status).toMatchObject({ state: 'Scheduled', reason: 'PortConflict' });
    expect(cluster.containers('second')).toHaveLength(0);
    await cluster.delete('first');
    await cluster.seconds(15);
    expect((await cluster.task('second')).status).toMatchObject({ state: 'Running', restartCount: 0 });
  });

  it('tells how its container ended before it tells that it waits, and of which container that was', async () => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['sh', '-c', 'sleep 5; exit 3'] });
    await cluster.settle();
    await cluster.seconds(6);
    const told: string[] = [];
    const from = (await cluster.registry.list(taskKind, { namespace: 'default' })).revision;
    const watch = cluster.registry.watch<Task>(taskKind, { namespace: 'default', afterRevision: from }, (events) => {
      for (const { object } of events) {
        const { state, reason = '', lastTermination } = object.status ?? {};
        told.push(`${state} ${reason} ${lastTermination?.containerID?.slice(0, 8)} ${lastTermination?.exitCode}`);
      }
    });
    const { status } = await cluster.task('web');
    const running = status?.containerID ?? '';
    expect(status?.lastTermination).toMatchObject({ exitCode: 3, reason: 'Error', startTime: expect.any(String) });
    const ended = status?.lastTermination?.containerID ?? '';
    expect([running === ended, running.length, ended.length]).toEqual([false, 64, 64]);
    await cluster.seconds(5);
    watch.close();
    const now = running.slice(0, 8);
    expect(told.filter((line, index) => line !== told[index - 1])).toEqual([
      `Scheduled Error ${now} 3`,
      `Scheduled BackOff ${now} 3`,
    ]);
  });

  it('tells that it has started once its startup probe has succeeded', async () => {
    const cluster = await fixture();
    const probe = { exec: { command: ['true'] }, initialDelaySeconds: 5 };
    await cluster.assign('web', {
      command: ['httpd'],
      startupProbe: probe,
      readinessProbe: { ...probe, initialDelaySeconds: 30 },
    });
    await cluster.seconds(3);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', started: false });
    await cluster.seconds(5);
    expect((await cluster.task('web')).status).toMatchObject({ started: true, reason: 'NotReady' });
    await cluster.worker.stop();
    await cluster.startWorker();
    expect((await cluster.task('web')).status).toMatchObject({ started: true, reason: 'NotReady' });
  });

  it.each(['Always', 'Never'] as const)(
    'tries again when what it mounts is not there, until it has come (%s)',
    async (restartPolicy) => {
      const cluster = await fixture();
      cluster.engine.faults.failNext('createContainer', new RuntimeError('MountFailed', 'there is no /srv/late'));
      await cluster.assign('late', { command: ['httpd'], restartPolicy });
      await cluster.seconds(5);
      const { status } = await cluster.task('late');
      expect(status).toMatchObject({ state: 'Scheduled', reason: 'FailedMount' });
      expect(status?.message).toContain('there is no /srv/late; next try after 10s');
      await cluster.seconds(10);
      expect((await cluster.task('late')).status).toMatchObject({ state: 'Running', attempt: 1, restartCount: 0 });
    },
  );

  it('restarts a container whose liveness probe fails', async () => {
    const cluster = await fixture();
    await cluster.assign('web', {
      command: ['sh', '-c', 'trap "exit 0" TERM; sleep infinity'],
      livenessProbe: { exec: { command: ['false'] }, periodSeconds: 5, failureThreshold: 3 },
    });
    await cluster.seconds(17);
    const { status } = await cluster.task('web');
    expect(status).toMatchObject({ state: 'Running', attempt: 2, restartCount: 1 });
    expect(await cluster.reasons('web')).toContain('Unhealthy');
    expect(await cluster.reasons('web')).toContain('LivenessProbeFailed');
  });

  it('keeps the output of the container before', async () => {
    const cluster = await fixture();
    await cluster.assign('web', { command: ['sh', '-c', 'sleep 700; exit 1'] });
    await cluster.seconds(2_200);
    expect(cluster.containers('web').map(({ phase }) => phase)).toEqual(['exited', 'running']);
  });
});
