import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestCluster, manifests, taskManifest, type Daemon, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

let cluster: TestCluster;
let up: Daemon;

beforeAll(async () => {
  cluster = await createTestCluster();
  up = await cluster.startUp();
});
afterAll(() => cluster.removeAll());

const idOf = async (task: string): Promise<string | undefined> =>
  (await cluster.containers({ running: true })).find((container) => container.task === `default/${task}`)?.id;

interface NodeView {
  status: { conditions: { type: string; status: string; message: string }[] };
}

async function restoredCondition(): Promise<NodeView['status']['conditions'][number] | undefined> {
  const node = JSON.parse(await cluster.must(['get', 'node', 'node-1', '-o', 'json'])) as NodeView;
  return node.status.conditions.find(({ type }) => type === 'StoreRestored');
}

it('restores a backup into a new folder: the same containers, and nothing stops before somebody accepts it (ST-06)', async () => {
  const file = join(cluster.directory, 'orch.backup');
  const data = join(cluster.directory, 'data');
  await cluster.must(['apply', '-f', '-', '--wait'], manifests(taskManifest('kept'), taskManifest('edited')));
  await cluster.must(['backup', file]);
  const [kept, edited] = [await idOf('kept'), await idOf('edited')];

  await cluster.must(['apply', '-f', '-', '--wait'], taskManifest('later'));
  await cluster.must(['delete', 'task', 'edited']);
  const later = await idOf('later');
  expect(await idOf('edited')).toBeUndefined();

  await up.kill('SIGTERM');
  const refused = await cluster.orch(['restore', file, '--data', data]);
  expect(refused.stderr).toContain('is not empty');
  await rename(data, `${data}-old`);
  expect(await cluster.must(['restore', file, '--data', data])).toContain('2 tasks.orch.dev');
  up = await cluster.startUp();

  // What it knows comes back: adopted where it runs, made again where it was deleted since.
  await cluster.waitForState('kept', 'Running');
  await cluster.waitForState('edited', 'Running');
  expect(await idOf('kept')).toBe(kept);
  expect(await idOf('edited')).not.toBe(edited);
  expect((await cluster.task('kept')).status?.restartCount ?? 0).toBe(0);

  // What it does not know goes on, and the node says so.
  const condition = await waitFor('the node to name what it keeps', async () => {
    const found = await restoredCondition();
    if (found?.status === 'True') return found;
    throw new Error(JSON.stringify(found));
  });
  expect(condition.message).toContain('default/later');
  expect(await idOf('later')).toBe(later);
  expect(up.log()).toContain('its container stays until the restore is accepted');

  expect(await cluster.must(['accept-restore', '--all'])).toContain('node/node-1 accepts the restore');
  await waitFor('the unknown container to go', async () => {
    if ((await idOf('later')) === undefined) return true;
    throw new Error('it runs');
  });
  expect(await idOf('kept')).toBe(kept);
  await waitFor('the node to keep nothing', async () => {
    if ((await restoredCondition())?.status === 'False') return true;
    throw new Error(JSON.stringify(await restoredCondition()));
  });
});
