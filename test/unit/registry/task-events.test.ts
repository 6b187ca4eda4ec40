import { beforeEach, describe, expect, it } from 'vitest';
import { namespaceKind } from '../../../src/model/namespace.js';
import { sourceKind } from '../../../src/model/source.js';
import { taskEventKind, type TaskEvent } from '../../../src/model/task-event.js';
import { taskKind, type Task } from '../../../src/model/task.js';
import type { TaskEventInput } from '../../../src/registry/registry.js';
import { maxEventsOfOthers, maxEventsPerSubject } from '../../../src/registry/task-event-index.js';
import { inDefault, openFixture, task, type Fixture } from './registry-fixture.js';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});

const events = async () => (await fixture.registry.list<TaskEvent>(taskEventKind)).items;

async function createTask(name = 'web'): Promise<TaskEventInput> {
  const { object } = await fixture.registry.create<Task>(taskKind, task(name));
  return {
    task: { name, namespace: 'default', uid: object.metadata.uid },
    state: 'Pending',
    type: 'Warning',
    reason: 'ImagePullFailed',
    message: 'no such image',
    source: 'w1',
    nodeName: 'w1',
  };
}

describe('what happens to a task', () => {
  it('is recorded, and counted when it happens again, with one write in 10 s', async () => {
    const event = await createTask();
    await fixture.registry.recordTaskEvent(event);
    const before = fixture.registry.currentRevision();
    for (let second = 0; second < 9; second += 1) {
      await fixture.registry.recordTaskEvent(event);
      await fixture.clock.advance(1_000);
    }
    expect(fixture.registry.currentRevision()).toBe(before);
    await fixture.clock.advance(2_000);
    expect(fixture.registry.currentRevision()).toBe(before + 1);
    const [, recorded, ...more] = await events();
    expect(more).toEqual([]);
    expect(recorded).toMatchObject({
      ...event,
      count: 10,
      timestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:08Z',
    });
  });

  it('is recorded of other objects, kept in `default` where they have no namespace, and bounded while they live', async () => {
    const { registry } = fixture;
    const { object } = await registry.create(sourceKind, {
      apiVersion: 'orch.dev/v1',
      kind: 'Source',
      metadata: { name: 'shop' },
      spec: { folder: { path: '/shop' } },
    });
    const regarding = { apiVersion: 'orch.dev/v1', kind: 'Source', name: 'shop', uid: object.metadata.uid };
    const event = { regarding, type: 'Normal', reason: 'Synced', source: 'gitops' } as const;
    for (let index = 0; index < maxEventsPerSubject + 5; index += 1) {
      await registry.recordTaskEvent({ ...event, message: `applied task/${index}` });
      await registry.recordTaskEvent({ ...event, message: `applied task/${index}` });
    }
    await registry.close();
    const { items } = await registry.list<TaskEvent>(taskEventKind, {
      namespace: 'default',
      fieldSelector: `task.uid=${regarding.uid}`,
    });
    expect(items).toHaveLength(maxEventsPerSubject);
    expect(items.at(-1)).toMatchObject({ regarding, reason: 'Synced', message: 'applied task/54', count: 2 });
    expect(items.at(-1)).not.toHaveProperty('task');
    expect(items.at(-1)).not.toHaveProperty('state');
  });

  it('is one event when told 64 times at once', async () => {
    const event = await createTask();
    await Promise.all(Array.from({ length: 64 }, () => fixture.registry.recordTaskEvent(event)));
    await fixture.registry.close();
    expect((await events()).map(({ reason, count }) => [reason, count])).toEqual([
      ['Created', 1],
      ['ImagePullFailed', 64],
    ]);
  });

  it('is another event when the words, the node or the task differ', async () => {
    const event = await createTask();
    const other = await createTask('db');
    for (const variant of [event, { ...event, message: 'x' }, { ...event, nodeName: 'w2' }, other]) {
      await fixture.registry.recordTaskEvent(variant);
    }
    expect((await events()).filter(({ reason }) => reason === 'ImagePullFailed')).toHaveLength(4);
  });

  it('is still known after a restart', async () => {
    const event = await createTask();
    await fixture.registry.recordTaskEvent(event);
    fixture = await openFixture(fixture);
    await fixture.registry.recordTaskEvent(event);
    await fixture.registry.close();
    expect((await events())[1]).toMatchObject({ count: 2 });
  });

  it('never fails the work of who reports it', async () => {
    const event = await createTask();
    const lost = [
      { ...event, task: { ...event.task, namespace: 'nowhere' } },
      { ...event, task: { ...event.task, name: '../x' } },
      { ...event, reason: 'r'.repeat(1_000), message: 'm'.repeat(100_000) },
    ];
    for (const variant of lost) await fixture.registry.recordTaskEvent(variant);
    await fixture.store.close();
    await fixture.registry.recordTaskEvent({ ...event, message: 'after the end' });
    await fixture.registry.recordTaskEvent(event);
    await fixture.registry.close();
  });

  it('is kept for the newest 50 of a task, trimmed in the same transaction', async () => {
    const event = await createTask();
    for (let index = 0; index < maxEventsPerSubject + 20; index += 1) {
      await fixture.registry.recordTaskEvent({ ...event, message: `try ${index}` });
      expect((await events()).length).toBeLessThanOrEqual(maxEventsPerSubject);
    }
    const kept = await events();
    expect(kept).toHaveLength(maxEventsPerSubject);
    expect(kept[0]?.message).toBe('try 20');
    expect(kept.at(-1)?.message).toBe(`try ${maxEventsPerSubject + 19}`);
  });

  it('outlives the task, for the newest 1,000 of all deleted tasks', async () => {
    for (let index = 0; index < maxEventsOfOthers / 2 + 40; index += 1) {
      await fixture.registry.create(taskKind, task(`t${index}`));
      await fixture.registry.delete(taskKind, inDefault(`t${index}`));
    }
    const kept = await events();
    // What the last task left is trimmed with the next event.
    expect(kept.length).toBeGreaterThanOrEqual(maxEventsOfOthers);
    expect(kept.length).toBeLessThanOrEqual(maxEventsOfOthers + 2);
    expect(kept.some(({ task: about }) => about?.name === 't0')).toBe(false);
    expect(kept.filter(({ task: about }) => about?.name === 't539')).toHaveLength(2);
  });

  it('is forgotten when somebody deletes the event', async () => {
    const event = await createTask();
    await fixture.registry.recordTaskEvent(event);
    const name = (await events())[1]?.metadata.name ?? '';
    await fixture.registry.delete(taskEventKind, inDefault(name));
    await fixture.registry.recordTaskEvent(event);
    expect((await events())[1]).toMatchObject({ count: 1 });
  });

  it('goes with its namespace', async () => {
    await fixture.registry.create(namespaceKind, { metadata: { name: 'shop' } });
    const { object } = await fixture.registry.create(taskKind, task('a', {}, { namespace: 'shop' }));
    const about = { name: 'a', namespace: 'shop', uid: object.metadata.uid };
    await fixture.registry.delete(namespaceKind, { name: 'shop' });
    await fixture.registry.recordTaskEvent({
      task: about,
      state: 'Pending',
      type: 'Normal',
      reason: 'Late',
      message: '',
      source: 'w1',
    });
    await fixture.registry.close();
    expect(await events()).toEqual([]);
  });
});
