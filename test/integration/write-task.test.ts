import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BindStep } from '../../src/controllers/task-changes.js';
import { writeTask } from '../../src/controllers/write-task.js';
import { type StoredTask, type Task, taskKind } from '../../src/model/task.js';
import { openRegistry } from '../../src/registry/open-registry.js';
import type { Registry } from '../../src/registry/registry.js';
import { openMemoryStore } from '../../src/store/memory/open-memory-store.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { ManualClock } from '../support/manual-clock.js';

// A decision holds for the version of the task that it was made from, and for no other.
const clock = new ManualClock();
const key = { namespace: 'default', name: 'web' };
const bind: BindStep = { type: 'bind', nodeName: 'node-1', schedulerName: 'spread' };
const manifest: Task = {
  apiVersion: 'orch.dev/v1',
  kind: 'Task',
  metadata: key,
  spec: { image: 'busybox', resources: { cpu: '100m' } },
};
let registry: Registry;
let close: () => Promise<void>;
let decidedFrom: StoredTask;

beforeEach(async () => {
  const random = createSystemRandom();
  const store = await openMemoryStore({ random });
  const opened = await openRegistry({ store, clock, random, logger: silentLogger });
  registry = opened;
  close = async () => {
    await opened.close();
    await store.close();
  };
  decidedFrom = (await registry.create<Task>(taskKind, manifest)).object;
});
afterEach(() => close());

const stored = (): Promise<StoredTask> => registry.get<Task>(taskKind, key);

it('binds the task that the decision was made from', async () => {
  const written = await writeTask(registry, clock, decidedFrom, bind);
  expect(written?.spec.nodeName).toBe('node-1');
  expect((await stored()).status?.state).toBe('Scheduled');
});

it('does not bind a task that grew after the decision: it may not fit any more', async () => {
  const body = { spec: { resources: { cpu: '64' } } };
  const { object: grown } = await registry.patch<Task>(taskKind, key, { type: 'merge', body });
  expect(await writeTask(registry, clock, decidedFrom, bind)).toBeUndefined();
  expect(await stored()).toEqual(grown);
});

it('does not bind another task that has the name now', async () => {
  await registry.delete(taskKind, key);
  const { object: another } = await registry.create<Task>(taskKind, manifest);
  expect(await writeTask(registry, clock, decidedFrom, bind)).toBeUndefined();
  expect(await stored()).toEqual(another);
});

it('does not bring a deleted task back', async () => {
  await registry.delete(taskKind, key);
  expect(await writeTask(registry, clock, decidedFrom, bind)).toBeUndefined();
  await expect(stored()).rejects.toMatchObject({ code: 'NotFound' });
});
