import { afterEach, describe, expect, it } from 'vitest';
import { RuntimeError } from '../../../src/runtime/container-runtime.js';
import { WorkerFixture } from './worker-fixture.js';

let open: WorkerFixture[] = [];

afterEach(async () => {
  await Promise.all(open.map(({ worker }) => worker.stop()));
  open = [];
});

async function probing(
  command: string[],
  failureThreshold = 2,
  env: { name: string; value: string }[] = [],
): Promise<WorkerFixture> {
  const cluster = await WorkerFixture.open();
  open.push(cluster);
  await cluster.assign('web', {
    command: ['sh', '-c', 'trap "exit 0" TERM; sleep infinity'],
    env,
    livenessProbe: { exec: { command }, periodSeconds: 5, timeoutSeconds: 2, failureThreshold },
  });
  await cluster.settle();
  return cluster;
}

const attempt = async (cluster: WorkerFixture): Promise<number | undefined> =>
  (await cluster.task('web')).status?.attempt;

describe('a liveness probe', () => {
  it('leaves a healthy container alone', async () => {
    const cluster = await probing(['true']);
    await cluster.seconds(300);
    expect(await attempt(cluster)).toBe(1);
  });

  it('puts the variables in that its command refers to', async () => {
    const command = ['$(CHECK)'];
    const healthy = await probing(command, 2, [{ name: 'CHECK', value: 'true' }]);
    await healthy.seconds(60);
    expect(await attempt(healthy)).toBe(1);
    const failing = await probing(command, 2, [{ name: 'CHECK', value: 'false' }]);
    await failing.seconds(18);
    expect(await attempt(failing)).toBe(2);
    const flood = await probing(['true', '$(A)'.repeat(6_000)], 2, [{ name: 'A', value: 'x'.repeat(100_000) }]);
    await flood.seconds(23);
    expect((await flood.task('web')).status?.message).toContain('spec.livenessProbe.exec.command[1]');
  });

  it('restarts only after as many failures in a row as its threshold says', async () => {
    const cluster = await probing(['false'], 4);
    await cluster.seconds(17);
    expect(await attempt(cluster)).toBe(1);
    await cluster.seconds(3);
    expect(await attempt(cluster)).toBe(2);
  });

  it('LC-07: waits between restarts as after any other failure, and says why', async () => {
    const cluster = await probing(['false']);
    // Fails at 10 s (restart at once) and at 20 s (10 s of back-off).
    await cluster.seconds(23);
    const { status } = await cluster.task('web');
    expect(status).toMatchObject({ state: 'Scheduled', reason: 'BackOff' });
    expect(status?.message).toContain('exec probe exited with code 1 (2 times in a row)');
  });

  it('takes a command that does not end in time as failed', async () => {
    const cluster = await probing(['sleep', '100']);
    await cluster.seconds(18);
    expect(await attempt(cluster)).toBe(2);
  });

  it.each([
    [true, 2],
    [false, 1],
  ])(
    'fails while a command of an earlier try goes on, instead of starting another one (%s)',
    async (goesOn, attempts) => {
      const cluster = await probing(['true'], 3);
      let runs = true;
      const stillRuns = (): Promise<boolean> => Promise.resolve(runs);
      cluster.engine.faults.failNext('exec', new RuntimeError('Timeout', 'it did not end', { stillRuns }));
      await cluster.seconds(11);
      runs = goesOn;
      await cluster.seconds(15);
      expect(await attempt(cluster)).toBe(attempts);
      const told = (await cluster.events('web')).map(({ message }) => message).join('\n');
      expect(told).toContain('has not ended since an earlier try');
    },
  );

  it('counts its initial delay from the start of the container, also behind a startup probe', async () => {
    const cluster = await WorkerFixture.open();
    open.push(cluster);
    const command = ['sh', '-c', 'sleep infinity'];
    await cluster.assign('web', {
      command,
      startupProbe: { exec: { command: ['true'] }, initialDelaySeconds: 9 },
      readinessProbe: { exec: { command: ['true'] }, initialDelaySeconds: 12, periodSeconds: 100 },
    });
    await cluster.seconds(11);
    expect((await cluster.task('web')).status?.reason).toBe('NotReady');
    await cluster.seconds(3);
    expect((await cluster.task('web')).status?.reason).toBeUndefined();
  });

  it('DK-06: restarts nobody because the engine says nothing', async () => {
    const cluster = await probing(['true']);
    for (let time = 0; time < 20; time++) {
      cluster.engine.faults.failNext('exec', new RuntimeError('Unavailable', 'the engine is stopping'));
    }
    await cluster.seconds(90);
    expect(await attempt(cluster)).toBe(1);
  });

  it('counts the end by it as a failure under OnFailure, though the exit code is 0', async () => {
    const cluster = await probing(['false']);
    await cluster.edit('web', { restartPolicy: 'OnFailure' });
    await cluster.seconds(12);
    expect((await cluster.task('web')).status).toMatchObject({ state: 'Running', attempt: 2, exitCode: 0 });
  });
});
