import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/model/json.js';
import { taskKind, type StoredTask, type Task } from '../../../../src/model/task.js';
import { inDefault, openFixture, task, type Fixture } from '../registry-fixture.js';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});

const apply = async (fieldManager: string, sent: object, force = false) =>
  fixture.registry.apply<Task>(taskKind, inDefault('web'), sent, { fieldManager, force });

const merge = async (fieldManager: string, body: JsonObject) =>
  fixture.registry.patch<Task>(taskKind, inDefault('web'), { type: 'merge', body }, { fieldManager });

const owners = (object: StoredTask) =>
  Object.fromEntries((object.metadata.managedFields ?? []).map((entry) => [entry.manager, entry.fieldsV1]));

describe('server-side apply', () => {
  it('creates what is missing, owned in FieldsV1', async () => {
    const sent = task(
      'web',
      { env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }], command: ['a', 'b'] },
      { labels: { app: 'web' } },
    );
    const { created, object } = await apply('cli', sent);
    expect(created).toBe(true);
    expect(object.spec).toEqual(sent.spec);
    expect(object.metadata.managedFields).toEqual([
      {
        manager: 'cli',
        operation: 'Apply',
        apiVersion: 'orch.dev/v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { 'f:app': {} } },
          'f:spec': {
            'f:image': {},
            'f:command': {},
            'f:env': { 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
          },
        },
      },
    ]);
  });

  it('writes nothing for the same thing again, however late', async () => {
    const first = await apply('cli', task('web', { env: [{ name: 'A', value: '1' }] }));
    await fixture.clock.advance(3_600_000);
    const again = await apply('cli', task('web', { env: [{ name: 'A', value: '1' }] }));
    expect(again).toMatchObject({ created: false, changed: false });
    expect(again.object).toEqual(first.object);
    expect(String(fixture.registry.currentRevision())).toBe(first.object.metadata.resourceVersion);
  });

  it('removes what the manager does not want any more and nobody else owns', async () => {
    await apply(
      'cli',
      task('web', {
        priority: 3,
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      }),
    );
    await apply('autoscaler', task('web', { priority: 3 }), true);
    const { object } = await apply('cli', task('web', { env: [{ name: 'B', value: '2' }] }));
    expect(object.spec).toEqual({ image: 'busybox:latest', priority: 3, env: [{ name: 'B', value: '2' }] });
    const bare = await apply('cli', task('web'));
    expect(bare.object.spec).toEqual({ image: 'busybox:latest', priority: 3 });
  });

  it('refuses to change what another manager owns, naming it, unless forced', async () => {
    await apply('alice', task('web', { priority: 1 }));
    await expect(apply('bob', task('web', { priority: 2 }))).rejects.toMatchObject({
      code: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "alice": .spec.priority',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.spec.priority' }],
      },
    });
    const { object } = await apply('bob', task('web', { priority: 2 }), true);
    expect(object.spec.priority).toBe(2);
    expect(owners(object)['alice']).toEqual({ 'f:spec': { 'f:image': {} } });
    const back = await apply('alice', task('web'));
    expect(back.object.spec.priority).toBe(2);
  });

  it('shares a field that two managers want to be the same', async () => {
    await apply('alice', task('web', { priority: 1 }));
    await apply('bob', task('web', { priority: 1 }));
    expect((await apply('alice', task('web'))).object.spec.priority).toBe(1);
    expect((await apply('bob', task('web'))).object.spec.priority).toBeUndefined();
  });

  it('tells all conflicts at once, by manager, with the version after those who updated', async () => {
    await apply('cli', task('web', { env: [{ name: 'A', value: '1' }] }));
    await merge('kubectl-edit', { spec: { env: [{ name: 'A', value: '9' }], priority: 7 } });
    await expect(apply('cli', task('web', { env: [{ name: 'A', value: '1' }], priority: 5 }))).rejects.toMatchObject({
      message: [
        'Apply failed with 2 conflicts: conflicts with "kubectl-edit" using orch.dev/v1:',
        '- .spec.env[name="A"].value',
        '- .spec.priority',
      ].join('\n'),
    });
  });

  it('merges ports by number and protocol, TCP when none is named', async () => {
    await apply('alice', task('web', { ports: [{ containerPort: 80, hostPort: 8080 }] }));
    const { object } = await apply(
      'bob',
      task('web', {
        ports: [
          { containerPort: 53, protocol: 'UDP' },
          { containerPort: 80, protocol: 'TCP', name: 'http' },
        ],
      }),
    );
    expect(object.spec.ports).toEqual([
      { containerPort: 53, protocol: 'UDP' },
      { containerPort: 80, hostPort: 8080, protocol: 'TCP', name: 'http' },
    ]);
    const less = await apply('bob', task('web', { ports: [{ containerPort: 53, protocol: 'UDP' }] }));
    expect(less.object.spec.ports).toEqual([
      { containerPort: 53, protocol: 'UDP' },
      { containerPort: 80, hostPort: 8080 },
    ]);
  });

  it('leaves an item its keys while somebody owns a part of it', async () => {
    await apply('alice', task('web', { env: [{ name: 'A', value: '1' }] }));
    await merge('bob', { spec: { env: [{ name: 'A', value: '2' }] } });
    const { object } = await apply('alice', task('web'));
    expect(object.spec.env).toEqual([{ name: 'A', value: '2' }]);
  });

  it('replaces other lists as a whole', async () => {
    await apply('alice', task('web', { command: ['a', 'b'] }));
    const { object } = await apply('alice', task('web', { command: ['c'] }));
    expect(object.spec.command).toEqual(['c']);
  });

  it('does not touch what nobody applied', async () => {
    await apply('cli', task('web'));
    await fixture.registry.mutate<Task>(taskKind, inDefault('web'), (stored) => ({
      ...stored,
      spec: { ...stored.spec, nodeName: 'w1' },
      status: { ...stored.status, state: 'Scheduled' },
    }));
    const { object } = await apply('cli', task('web', { priority: 1 }));
    expect(object).toMatchObject({ spec: { nodeName: 'w1', priority: 1 }, status: { state: 'Scheduled' } });
  });

  it('validates the result, not the part', async () => {
    await apply('cli', task('web'));
    const { object } = await apply('labeller', { metadata: { labels: { a: 'b' } } });
    expect(object).toMatchObject({ metadata: { labels: { a: 'b' } }, spec: { image: 'busybox:latest' } });
    await expect(apply('labeller', { spec: { priority: 'high' } })).rejects.toMatchObject({ code: 'Invalid' });
    await expect(apply('labeller', { spec: { prio: 1 } })).rejects.toMatchObject({ code: 'BadRequest' });
  });

  it('takes preconditions, refuses ownership and a nameless manager', async () => {
    const { object } = await apply('cli', task('web'));
    await expect(apply('cli', task('web', {}, { resourceVersion: '1' }))).rejects.toMatchObject({ code: 'Conflict' });
    await expect(apply('cli', task('web', {}, { uid: 'x' }))).rejects.toMatchObject({ code: 'Conflict' });
    const { managedFields } = object.metadata;
    await expect(apply('cli', task('web', {}, { managedFields }))).rejects.toMatchObject({ code: 'BadRequest' });
    await expect(apply('', task('web'))).rejects.toMatchObject({ code: 'BadRequest' });
  });

  it('has no effect under dryRun', async () => {
    const options = { fieldManager: 'cli', dryRun: true };
    const before = fixture.registry.currentRevision();
    const { created, changed } = await fixture.registry.apply(taskKind, inDefault('web'), task('web'), options);
    expect([created, changed, fixture.registry.currentRevision()]).toEqual([true, true, before]);
    await apply('cli', task('web'));
    const shown = await fixture.registry.apply<Task>(taskKind, inDefault('web'), task('web', { priority: 2 }), options);
    expect(shown.object.spec.priority).toBe(2);
    expect((await fixture.registry.get<Task>(taskKind, inDefault('web'))).spec.priority).toBeUndefined();
  });

  it('applies 64 times at once without losing a manager', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        apply(`manager-${index}`, task('web', {}, { labels: { [`l${index}`]: 'x' } })),
      ),
    );
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1);
    const stored = await fixture.registry.get<Task>(taskKind, inDefault('web'));
    expect(Object.keys(stored.metadata.labels ?? {})).toHaveLength(64);
    expect(stored.metadata.managedFields).toHaveLength(64);
  });
});

describe('ownership of other writes', () => {
  it('is recorded under the field manager, by part', async () => {
    await fixture.registry.create(taskKind, task('web', { priority: 1 }), { fieldManager: 'creator' });
    await fixture.registry.mutate<Task>(taskKind, inDefault('web'), (stored) => ({
      ...stored,
      status: { state: 'Scheduled' },
    }));
    await merge('editor', { spec: { priority: 2 } });
    const { object } = await fixture.registry.patch<Task>(
      taskKind,
      inDefault('web'),
      { type: 'merge', body: { status: { containerID: 'c' } } },
      { fieldManager: 'worker', subresource: 'status' },
    );
    expect(object.metadata.managedFields).toMatchObject([
      { manager: 'creator', operation: 'Update', fieldsV1: { 'f:spec': { 'f:image': {} } } },
      { manager: 'editor', operation: 'Update', fieldsV1: { 'f:spec': { 'f:priority': {} } } },
      { manager: 'worker', subresource: 'status', fieldsV1: { 'f:status': { 'f:containerID': {} } } },
    ]);
  });

  it('lets a client edit it, as kubectl does to move to server-side apply', async () => {
    const { object } = await fixture.registry.create<Task>(taskKind, task('web'), {
      fieldManager: 'kubectl-client-side-apply',
    });
    const [entry] = object.metadata.managedFields ?? [];
    const operations = [
      { op: 'replace', path: '/metadata/managedFields', value: [{ ...entry, manager: 'kubectl', operation: 'Apply' }] },
      { op: 'replace', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },
    ] as never;
    const moved = await fixture.registry.patch<Task>(
      taskKind,
      inDefault('web'),
      { type: 'json', operations },
      { fieldManager: 'kubectl' },
    );
    expect(moved.object.metadata.managedFields).toMatchObject([{ manager: 'kubectl', operation: 'Apply' }]);
    await expect(
      fixture.registry.patch(taskKind, inDefault('web'), { type: 'json', operations }),
    ).rejects.toMatchObject({ code: 'Conflict' });
  });

  it('survives a client that knows nothing of it, and goes when asked', async () => {
    await apply('cli', task('web'));
    const replaced = await fixture.registry.replace<Task>(taskKind, inDefault('web'), task('web', { priority: 1 }));
    expect(owners(replaced.object)).toHaveProperty('cli');
    const nonsense = task('web', { priority: 1 }, { managedFields: [{ manager: 7 }] });
    const kept = await fixture.registry.replace<Task>(taskKind, inDefault('web'), nonsense);
    expect(owners(kept.object)).toHaveProperty('cli');
    const reset = task('web', { priority: 1 }, { managedFields: [{}] });
    const { object } = await fixture.registry.replace<Task>(taskKind, inDefault('web'), reset);
    expect(object.metadata.managedFields).toBeUndefined();
  });

  it('keeps at most ten managers that updated', async () => {
    await fixture.registry.create(taskKind, task('web'), { fieldManager: 'creator' });
    for (let index = 0; index < 15; index += 1) {
      await fixture.clock.advance(1_000);
      await merge(`m${index}`, { metadata: { labels: { [`l${index}`]: 'x' } } });
    }
    const { metadata } = await fixture.registry.get(taskKind, inDefault('web'));
    expect(metadata.managedFields).toHaveLength(10);
    expect(metadata.managedFields?.map((entry) => entry.manager)).toContain('ancient-changes');
  });
});
