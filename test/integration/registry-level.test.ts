import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { namespaceKind } from '../../src/model/namespace.js';
import { nodeKind } from '../../src/model/node.js';
import { taskEventKind, type TaskEvent } from '../../src/model/task-event.js';
import { taskKind, type Task } from '../../src/model/task.js';
import { openRegistry, type OpenedRegistry } from '../../src/registry/open-registry.js';
import { openLevelStore } from '../../src/store/level/open-level-store.js';
import type { Store } from '../../src/store/store.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';

let directory: string;
let store: Store;
let registry: OpenedRegistry;

const clock = createSystemClock();
const random = createSystemRandom();
const logger = silentLogger;

async function open(): Promise<void> {
  store = await openLevelStore({ directory, random, clock, logger });
  registry = await openRegistry({ store, clock, random, logger });
}

async function close(): Promise<void> {
  await registry.close();
  await store.close();
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'orch-registry-'));
  await open();
});
afterEach(async () => {
  await close();
  await rm(directory, { recursive: true });
});

const task = (name: string, namespace = 'default') => ({
  metadata: { name, namespace },
  spec: { image: 'busybox:latest' },
});

it('finds everything again after a restart: objects, ownership, events and what it was deleting', async () => {
  await registry.create(nodeKind, { metadata: { name: 'w1' } });
  await registry.create(namespaceKind, { metadata: { name: 'shop' } });
  const key = { namespace: 'shop', name: 'web' };
  await registry.apply(taskKind, key, task('web', 'shop'), { fieldManager: 'cli' });
  const bound = await registry.mutate<Task>(taskKind, key, (stored) => ({
    ...stored,
    spec: { ...stored.spec, nodeName: 'w1' },
    status: { state: 'Scheduled' },
  }));
  await registry.delete(namespaceKind, { name: 'shop' });
  const about = { name: 'web', namespace: 'shop', uid: bound.object.metadata.uid };
  const event = {
    task: about,
    state: 'Scheduled',
    type: 'Warning',
    reason: 'Slow',
    message: 'm',
    source: 'w1',
  } as const;
  await registry.recordTaskEvent(event);
  const { clusterUid } = registry;
  const revision = (await closeAndReopen()).revisionBefore;

  expect(registry.clusterUid).toBe(clusterUid);
  expect(registry.currentRevision()).toBeGreaterThanOrEqual(revision);
  const stored = await registry.get<Task>(taskKind, key);
  expect(stored.metadata.deletionTimestamp).toBeDefined();
  expect(stored.metadata.managedFields).toMatchObject([{ manager: 'cli', operation: 'Apply' }]);
  const reasons = (await registry.list<TaskEvent>(taskEventKind)).items.map(({ reason }) => reason);
  expect(reasons).toEqual(['Created', 'Scheduled', 'Deleting']);

  await registry.delete(taskKind, key, { gracePeriodSeconds: 0, preconditions: { uid: about.uid } });
  await registry.close();
  const namespaces = (await registry.list(namespaceKind)).items.map(({ metadata }) => metadata.name);
  expect(namespaces).toEqual(['default']);
});

it('ST-01: takes 64 writers at a time and loses nothing that it acknowledged', async () => {
  await registry.create(taskKind, task('shared'));
  await Promise.all(
    Array.from({ length: 64 }, async (_, index) => {
      await registry.create(taskKind, task(`own-${index}`));
      await registry.patch(
        taskKind,
        { namespace: 'default', name: 'shared' },
        { type: 'merge', body: { metadata: { labels: { [`l${index}`]: 'x' } } } },
      );
    }),
  );
  await closeAndReopen();
  const { items } = await registry.list<Task>(taskKind);
  expect(items).toHaveLength(65);
  const shared = items.find(({ metadata }) => metadata.name === 'shared');
  expect(Object.keys(shared?.metadata.labels ?? {})).toHaveLength(64);
});

async function closeAndReopen(): Promise<{ revisionBefore: number }> {
  const revisionBefore = registry.currentRevision();
  await close();
  await open();
  return { revisionBefore };
}
