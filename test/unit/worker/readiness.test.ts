import { afterEach, describe, expect, it } from 'vitest';
import { findCondition } from '../../../src/model/conditions.js';
import type { Probe, TaskSpec, TaskStatus } from '../../../src/model/task.js';
import { WorkerFixture } from './worker-fixture.js';

let open: WorkerFixture[] = [];

afterEach(async () => {
  await Promise.all(open.map(({ worker }) => worker.stop()));
  open = [];
});

const probe = (command: string, more: Partial<Probe> = {}): Probe => ({
  exec: { command: [command] },
  periodSeconds: 5,
  ...more,
});

async function running(spec: Partial<TaskSpec>): Promise<WorkerFixture> {
  const cluster = await WorkerFixture.open();
  open.push(cluster);
  await cluster.assign('web', { command: ['sh', '-c', 'trap "exit 0" TERM; sleep infinity'], ...spec });
  await cluster.settle();
  return cluster;
}

const status = async (cluster: WorkerFixture): Promise<TaskStatus | undefined> => (await cluster.task('web')).status;
const ready = async (cluster: WorkerFixture): Promise<string | undefined> =>
  findCondition((await status(cluster))?.conditions, 'Ready')?.status;

describe('a readiness probe', () => {
  it('keeps a task not ready, says why, and restarts nothing', async () => {
    const cluster = await running({ readinessProbe: probe('false') });
    expect(await status(cluster)).toMatchObject({ state: 'Running', reason: 'NotReady' });
    await cluster.seconds(120);
    expect(await status(cluster)).toMatchObject({ state: 'Running', reason: 'NotReady', attempt: 1 });
    expect((await status(cluster))?.message).toContain('exec probe exited with code 1');
    expect(await ready(cluster)).toBe('False');
  });

  it('makes it ready after as many successes as asked for, and not ready after as many failures', async () => {
    const cluster = await running({ readinessProbe: probe('true', { successThreshold: 2 }) });
    await cluster.seconds(2);
    expect(await ready(cluster)).toBe('False');
    await cluster.seconds(5);
    expect(await ready(cluster)).toBe('True');
    expect((await status(cluster))?.reason).toBeUndefined();
    await cluster.edit('web', { readinessProbe: probe('false', { failureThreshold: 3 }) });
    await cluster.seconds(8);
    expect(await ready(cluster)).toBe('True');
    await cluster.seconds(8);
    expect(await ready(cluster)).toBe('False');
    expect(await status(cluster)).toMatchObject({ state: 'Running', attempt: 1 });
  });

  it('leaves a task ready over a restart of its worker, until it fails', async () => {
    const cluster = await running({ readinessProbe: probe('true') });
    await cluster.seconds(6);
    const before = findCondition((await status(cluster))?.conditions, 'Ready');
    await cluster.worker.stop();
    await cluster.startWorker();
    await cluster.seconds(6);
    expect(findCondition((await status(cluster))?.conditions, 'Ready')).toEqual(before);
    expect(before?.status).toBe('True');
  });
});

describe('a startup probe', () => {
  it('holds the liveness probe back until it has succeeded', async () => {
    const cluster = await running({
      startupProbe: probe('false', { failureThreshold: 6 }),
      livenessProbe: probe('false', { failureThreshold: 1 }),
    });
    await cluster.seconds(20);
    expect(await status(cluster)).toMatchObject({ attempt: 1, reason: 'NotReady' });
    expect((await status(cluster))?.message).toContain('startup probe');
  });

  it('restarts a container that does not come up in time', async () => {
    const cluster = await running({ startupProbe: probe('false', { failureThreshold: 2 }) });
    await cluster.seconds(8);
    expect(await status(cluster)).toMatchObject({ attempt: 2, restartCount: 1 });
    expect(await cluster.reasons('web')).toContain('StartupProbeFailed');
  });

  it('makes a task ready that has no readiness probe', async () => {
    const cluster = await running({ startupProbe: probe('true', { initialDelaySeconds: 2 }) });
    expect(await ready(cluster)).toBe('False');
    await cluster.seconds(3);
    expect(await ready(cluster)).toBe('True');
  });
});
