import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestCluster, docker, taskManifest, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

let cluster: TestCluster;
let foreign: string;

beforeAll(async () => {
  cluster = await createTestCluster();
  await cluster.startUp();
  await cluster.must(['apply', '-f', '-', '--wait', '--timeout', '60s'], taskManifest('web'));
  // Somebody else's container, with a label of ours and another cluster's uid: not ours to touch.
  foreign = await docker(
    ...['run', '--detach', '--network', 'host', '--label', 'orch.dev/cluster-uid=another-cluster'],
    ...['--label', 'orch.dev/task-uid=1', 'busybox:latest', 'sleep', '600'],
  );
});
afterAll(async () => {
  if (foreign) await docker('rm', '--force', foreign);
  await cluster.removeAll();
});

it.each(['rm -f', 'stop -t 0', 'kill'])('DK-29: brings a container back after docker %s', async (verb) => {
  const before = (await cluster.waitForState('web', 'Running')).status?.containerID ?? '';
  await docker(...verb.split(' '), before);
  const after = await waitFor('another container to run', async () => {
    const { status } = await cluster.task('web');
    return status?.state === 'Running' && status.containerID !== before && status.containerID;
  });
  const running = await cluster.containers({ running: true });
  expect(running.map(({ id }) => id)).toEqual([after]);
  expect(await docker('inspect', '--format', '{{.State.Running}}', foreign)).toBe('true');
});

it('keeps at most one dead container of a task', async () => {
  await waitFor('the dead ones to be removed', async () => (await cluster.containers()).length <= 2);
});
