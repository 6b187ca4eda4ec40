import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestCluster, taskManifest, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';

let cluster: TestCluster;
let folder: string;

beforeAll(async () => {
  cluster = await createTestCluster();
  folder = join(cluster.directory, 'shop');
  await mkdir(join(folder, 'inner'), { recursive: true });
  await cluster.startUp('--watch', folder, '--runtime', 'simulated');
});
afterAll(() => cluster.removeAll());

interface SourceView {
  status?: {
    errors?: { file?: string; line?: number; message: string }[];
    conditions?: { type: string; status: string; reason?: string }[];
  };
}
const names = async (): Promise<string[]> => (await cluster.tasks()).map((task) => task.metadata.name).sort();
const until = (expected: string[]): Promise<unknown> =>
  waitFor(
    `tasks ${expected.join(', ')}`,
    async () => {
      const now = await names();
      if (now.join() === expected.join()) return true;
      throw new Error(`they are ${now.join(', ')}`);
    },
    10,
  );
const source = async (): Promise<SourceView> =>
  JSON.parse(await cluster.must(['get', 'source', 'shop', '-o', 'json'])) as SourceView;

it('applies what appears', async () => {
  await writeFile(join(folder, 'a.yaml'), taskManifest('a'));
  await writeFile(join(folder, 'b.yaml'), taskManifest('b'));
  await writeFile(join(folder, 'c.yaml'), taskManifest('c'));
  await until(['a', 'b', 'c']);
  await cluster.waitForState('a', 'Running');
});

it('applies an edit', async () => {
  const generation = (await cluster.task('a')).metadata.generation;
  await writeFile(join(folder, 'a.yaml'), taskManifest('a', { env: [{ name: 'X', value: '1' }] }));
  await waitFor('a new generation', async () => (await cluster.task('a')).metadata.generation > generation, 10);
});

it('GO-05: deletes nothing when a file is moved', async () => {
  const { uid } = (await cluster.task('b')).metadata;
  await rename(join(folder, 'b.yaml'), join(folder, 'inner/b.yaml'));
  await writeFile(join(folder, 'd.yaml'), taskManifest('d'));
  await until(['a', 'b', 'c', 'd']);
  expect((await cluster.task('b')).metadata.uid).toBe(uid);
});

it('GO-04: names the line of a broken file, applies the others, and prunes nothing meanwhile', async () => {
  await writeFile(
    join(folder, 'a.yaml'),
    'apiVersion: orch.dev/v1\nkind: Task\nmetadata: { name: a }\nspec:\n  imgae: x\n',
  );
  await rm(join(folder, 'c.yaml'));
  await writeFile(join(folder, 'e.yaml'), taskManifest('e'));
  await until(['a', 'b', 'c', 'd', 'e']);
  const errors = await waitFor(
    'the error in status',
    async () => (await source()).status?.errors?.[0] && (await source()).status?.errors,
    10,
  );
  expect(errors[0]).toMatchObject({ file: expect.stringContaining('a.yaml'), line: 5 });
  expect(errors[0]?.message).toContain('image');
});

it('prunes what left once the folder is sound again', async () => {
  await writeFile(join(folder, 'a.yaml'), taskManifest('a'));
  await until(['a', 'b', 'd', 'e']);
});

it('puts back what somebody changes by hand', async () => {
  const before = await cluster.task('a');
  const changed = taskManifest('a', { image: 'busybox:by-hand' });
  await cluster.must(['apply', '-f', '-', '--force-conflicts'], changed);
  const after = await waitFor(
    'the change to be undone',
    async () => {
      const task = await cluster.task('a');
      return task.spec.image === before.spec.image && task;
    },
    10,
  );
  // Changed once by hand and once back: without the first there would be nothing to undo.
  expect(after.metadata.generation).toBeGreaterThanOrEqual(before.metadata.generation + 2);
  expect(after.metadata.uid).toBe(before.metadata.uid);
});

it('undoes an orch stop of what it keeps', async () => {
  const before = await cluster.task('a');
  await cluster.must(['stop', 'task/a']);
  await waitFor(
    'the task to be wanted again',
    async () => {
      const task = await cluster.task('a');
      return task.metadata.generation >= before.metadata.generation + 2 && task.spec.desiredState !== 'Completed';
    },
    10,
  );
});

it('GO-01: deletes nothing when the folder vanishes or is emptied', async () => {
  await rename(folder, `${folder}-away`);
  await waitFor(
    'the source to say so',
    async () => {
      const ready = (await source()).status?.conditions?.find((condition) => condition.type === 'Ready');
      return ready?.status === 'False' && ready.reason === 'SourceMissing';
    },
    75,
  );
  expect(await names()).toEqual(['a', 'b', 'd', 'e']);
  await mkdir(folder);
  await waitFor(
    'the source to say so',
    async () => {
      const ready = (await source()).status?.conditions?.find((condition) => condition.type === 'Ready');
      return ready?.reason === 'SourceEmpty';
    },
    75,
  );
  expect(await names()).toEqual(['a', 'b', 'd', 'e']);
});
