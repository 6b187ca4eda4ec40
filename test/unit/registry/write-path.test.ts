import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/model/json.js';
import { namespaceKind } from '../../../src/model/namespace.js';
import { nodeKind } from '../../../src/model/node.js';
import { taskEventKind, type TaskEvent } from '../../../src/model/task-event.js';
import { taskKind, type StoredTask, type Task } from '../../../src/model/task.js';
import { prepareUpdate } from '../../../src/registry/prepare-update.js';
import type { OrchError } from '../../../src/support/errors.js';
import { inDefault, node, openFixture, task, type Fixture } from './registry-fixture.js';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});

describe('create', () => {
  it('stores what was sent and adds what the system knows', async () => {
    const sent = task('web', { env: [{ name: 'A', value: '1' }] }, { labels: { app: 'web' } });
    const { object, changed } = await fixture.registry.create<Task>(taskKind, sent);
    expect(changed).toBe(true);
    expect(object.spec).toEqual(sent.spec);
    expect(object.status).toEqual({ state: 'Pending' });
    expect(object.metadata).toMatchObject({ name: 'web', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' });
    expect(object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    const read = await fixture.registry.get<Task>(taskKind, inDefault('web'));
    expect(read).toEqual(object);
    expect(read.metadata.resourceVersion).toBe(String(fixture.registry.currentRevision()));
  });

  it('never keeps the resourceVersion in the stored value', async () => {
    await fixture.registry.create(taskKind, task('web'));
    const entry = await fixture.store.get('/orch.dev/tasks/default/web');
    expect(entry?.value).toBeDefined();
    expect(JSON.stringify(entry?.value)).not.toContain('resourceVersion');
  });

  it('MF-08: ignores what only the system may say', async () => {
    const forged = {
      ...task('web', {}, { uid: 'u', resourceVersion: '77', generation: 9, creationTimestamp: '2000-01-01T00:00:00Z' }),
      status: { state: 'Running' },
    };
    const { object } = await fixture.registry.create<Task>(taskKind, forged);
    expect(object.metadata.uid).not.toBe('u');
    expect(object.metadata.generation).toBe(1);
    expect(object.metadata.creationTimestamp).toBe('2026-01-01T00:00:00Z');
    expect(object.status).toEqual({ state: 'Pending' });
  });

  it('writes a Created event in the same transaction', async () => {
    const { object } = await fixture.registry.create(taskKind, task('web'), { source: 'cli' });
    const { items } = await fixture.registry.list<TaskEvent>(taskEventKind);
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ reason: 'Created', state: 'Pending', source: 'cli' });
    expect(items[0]?.metadata.resourceVersion).toBe(object.metadata.resourceVersion);
  });

  it('refuses a second object of the name', async () => {
    await fixture.registry.create(taskKind, task('web'));
    await expect(fixture.registry.create(taskKind, task('web'))).rejects.toMatchObject({
      code: 'AlreadyExists',
      message: 'tasks.orch.dev "web" already exists',
    });
  });

  it('refuses a namespace that is not there', async () => {
    await expect(fixture.registry.create(taskKind, task('web', {}, { namespace: 'shop' }))).rejects.toMatchObject({
      code: 'NotFound',
      message: 'namespaces "shop" not found',
      details: { kind: 'namespaces', name: 'shop' },
    });
  });

  it('makes a unique name from generateName', async () => {
    const sent = task('', {}, { name: undefined, generateName: 'job-' });
    const names = new Set<string>();
    for (let count = 0; count < 20; count += 1) {
      names.add((await fixture.registry.create(taskKind, sent)).object.metadata.name);
    }
    expect(names.size).toBe(20);
    for (const name of names) expect(name).toMatch(/^job-[a-z0-9]{5}$/);
  });

  it.each([['../x'], ['a/b'], ['A_b'], ['héllo'], ['%2F..'], ['web.'], ['a'.repeat(254)], ['-a']])(
    'MF-01: refuses the name %s',
    async (name) => {
      await expect(fixture.registry.create(taskKind, task(name))).rejects.toMatchObject({ code: 'Invalid' });
      await expect(fixture.registry.get(taskKind, inDefault(name))).rejects.toMatchObject({ code: 'NotFound' });
    },
  );

  it('requires a name', async () => {
    await expect(fixture.registry.create(taskKind, { spec: { image: 'x' } })).rejects.toMatchObject({
      code: 'Invalid',
      message: 'Task.orch.dev "" is invalid: metadata.name: name or generateName is required',
    });
  });

  it('names every problem of an invalid object', async () => {
    const sent = task('web', { resources: { cpu: 'much' }, restartPolicy: 'Always', env: [] });
    await expect(fixture.registry.create(taskKind, sent)).rejects.toMatchObject({
      code: 'Invalid',
      details: {
        kind: 'Task',
        group: 'orch.dev',
        name: 'web',
        causes: [{ field: 'spec.resources.cpu', reason: 'FieldValueInvalid' }],
      },
      message: expect.stringMatching(/^Task\.orch\.dev "web" is invalid: spec\.resources\.cpu: "much"/) as string,
    });
  });

  it('reads null and empty choices as not set, in a new object, a replaced, patched and applied one', async () => {
    const unset = { args: null, resources: null, restartPolicy: '', nodeSelector: { disk: '' } };
    const plain = { image: 'busybox:latest', nodeSelector: { disk: '' } };
    const sent = { ...task('web', unset), metadata: { name: 'web', annotations: null, labels: { a: null } } };
    const { object } = await fixture.registry.create<Task>(taskKind, sent);
    expect(object.spec).toEqual(plain);
    expect(object.metadata).toMatchObject({ labels: { a: '' } });
    expect(object.metadata).not.toHaveProperty('annotations');
    const again = await fixture.registry.replace(taskKind, inDefault('web'), sent);
    expect(again.changed).toBe(false);
    const operations = [{ op: 'add' as const, path: '/spec/args', value: null }];
    const patched = await fixture.registry.patch(taskKind, inDefault('web'), { type: 'json', operations });
    expect(patched.changed).toBe(false);
    const { metadata: _place, ...applied } = sent;
    await fixture.registry.apply(taskKind, inDefault('web'), applied, { fieldManager: 'a' });
    const { object: after } = await fixture.registry.apply<Task>(taskKind, inDefault('web'), applied, {
      fieldManager: 'a',
    });
    expect(after.spec).toEqual(plain);
  });

  it('lets an object be changed that broke a rule before there was one, but not break it anew', async () => {
    const tolerations = [{ operator: 'Equal' }];
    await expect(fixture.registry.create(taskKind, task('new', { tolerations }))).rejects.toMatchObject({
      code: 'Invalid',
    });
    const { object } = await fixture.registry.create<StoredTask>(taskKind, task('old'));
    const old = { ...object, spec: { ...object.spec, tolerations } };
    const change = (spec: object) =>
      prepareUpdate(taskKind, old, { ...old, spec: { ...old.spec, ...spec } } as never, { scope: 'main' });
    expect(change({ priority: 5 }).fate).toBe('stored');
    expect(() => change({ tolerations: [...tolerations, ...tolerations] })).toThrow('spec.tolerations[1].operator');
  });

  it('says of a valid object what is not kept as it says', async () => {
    const volumes = [{ name: 'spool', emptyDir: { sizeLimit: '1Gi' } }];
    const { warnings } = await fixture.registry.create(taskKind, task('web', { volumes }));
    expect(warnings).toEqual([expect.stringContaining('spec.volumes[0].emptyDir.sizeLimit')]);
  });

  it('MF-09: treats unknown fields as asked', async () => {
    const sent = task('web', { imagee: 'x' });
    await expect(fixture.registry.create(taskKind, sent)).rejects.toMatchObject({
      code: 'BadRequest',
      message: expect.stringMatching(
        /^Task in version "v1" cannot be handled as a Task: strict decoding error: unknown field "spec.imagee".*"image"/,
      ) as string,
    });
    const warned = await fixture.registry.create<Task>(taskKind, sent, { fieldValidation: 'Warn' });
    expect(warned.warnings).toEqual([expect.stringContaining('unknown field "spec.imagee"')]);
    expect(warned.object.spec).toEqual({ image: 'busybox:latest' });
    const ignored = await fixture.registry.create(taskKind, task('web2', { imagee: 'x' }), {
      fieldValidation: 'Ignore',
    });
    expect(ignored.warnings).toEqual([]);
  });

  it.each([
    [null],
    ['text'],
    [[]],
    [{ kind: 'Pod', metadata: { name: 'a' } }],
    [{ apiVersion: 'v1', metadata: { name: 'a' } }],
    [{ metadata: 'a' }],
  ])('refuses what is no Task: %j', async (sent) => {
    await expect(fixture.registry.create(taskKind, sent)).rejects.toMatchObject({ code: 'BadRequest' });
  });

  it('does nothing under dryRun but everything else', async () => {
    const before = fixture.registry.currentRevision();
    const { object } = await fixture.registry.create(taskKind, task('web'), { dryRun: true });
    expect(object.metadata.name).toBe('web');
    expect(fixture.registry.currentRevision()).toBe(before);
    await expect(fixture.registry.create(taskKind, task('web', { image: '' }), { dryRun: true })).rejects.toMatchObject(
      {
        code: 'Invalid',
      },
    );
  });

  it('keeps ownerReferences as sent', async () => {
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'u1', controller: true }];
    const { object } = await fixture.registry.create(taskKind, task('web', {}, { ownerReferences }));
    expect(object.metadata.ownerReferences).toEqual(ownerReferences);
  });
});

describe('replace', () => {
  it('changes spec and labels, never status, and raises generation with spec only', async () => {
    await fixture.registry.create(taskKind, task('web'));
    const edited = {
      ...task('web', { image: 'busybox:1.36' }, { labels: { a: 'b' } }),
      status: { state: 'Failed' },
    };
    const first = await fixture.registry.replace<Task>(taskKind, inDefault('web'), edited);
    expect(first.object).toMatchObject({ spec: { image: 'busybox:1.36' }, status: { state: 'Pending' } });
    expect(first.object.metadata).toMatchObject({ generation: 2, labels: { a: 'b' } });
    const second = await fixture.registry.replace<Task>(taskKind, inDefault('web'), {
      ...edited,
      metadata: { ...edited.metadata, labels: { a: 'c' } },
    });
    expect(second.object.metadata.generation).toBe(2);
    expect(second.object.metadata.labels).toEqual({ a: 'c' });
  });

  it('writes nothing for an equal object', async () => {
    const { object } = await fixture.registry.create(taskKind, task('web'));
    const again = await fixture.registry.replace(taskKind, inDefault('web'), task('web'));
    expect(again.changed).toBe(false);
    expect(again.object.metadata.resourceVersion).toBe(object.metadata.resourceVersion);
    expect(String(fixture.registry.currentRevision())).toBe(object.metadata.resourceVersion);
  });

  it.each([
    ['uid', {}],
    ['uid', -1],
    ['resourceVersion', 5],
    ['finalizers', 'x'],
    ['ownerReferences', { length: 1 }],
    ['name', []],
  ])('refuses metadata of another type: %s', async (field, value) => {
    const { object } = await fixture.registry.create(taskKind, task('web'));
    const body = { metadata: { [field]: value } };
    for (const options of [{}, { subresource: 'status' as const }]) {
      await expect(
        fixture.registry.patch(taskKind, inDefault('web'), { type: 'merge', body }, options),
      ).rejects.toMatchObject({ code: 'BadRequest', message: expect.stringContaining(`metadata.${field} must be`) });
    }
    expect(await fixture.registry.get(taskKind, inDefault('web'))).toEqual(object);
  });

  it('takes resourceVersion and uid as preconditions', async () => {
    const { object } = await fixture.registry.create(taskKind, task('web'));
    const stale = task('web', { image: 'a' }, { resourceVersion: '1' });
    await expect(fixture.registry.replace(taskKind, inDefault('web'), stale)).rejects.toMatchObject({
      code: 'Conflict',
      message:
        'Operation cannot be fulfilled on tasks.orch.dev "web": the object has been modified; please apply your changes to the latest version and try again',
    });
    const other = task('web', { image: 'a' }, { uid: 'another' });
    await expect(fixture.registry.replace(taskKind, inDefault('web'), other)).rejects.toMatchObject({
      code: 'Conflict',
      message: `Operation cannot be fulfilled on tasks.orch.dev "web": Precondition failed: UID in precondition: another, UID in object meta: ${object.metadata.uid}`,
    });
    const { resourceVersion, uid } = object.metadata;
    const right = task('web', { image: 'a' }, { resourceVersion, uid });
    expect((await fixture.registry.replace(taskKind, inDefault('web'), right)).changed).toBe(true);
  });

  it('AP-05: lets one of two writers with the same resourceVersion win', async () => {
    const { object } = await fixture.registry.create(taskKind, task('web'));
    const { resourceVersion } = object.metadata;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 64 }, (_, index) =>
        fixture.registry.replace<Task>(
          taskKind,
          inDefault('web'),
          task('web', { image: `image:${index}` }, { resourceVersion }),
        ),
      ),
    );
    const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(won).toHaveLength(1);
    const stored = await fixture.registry.get<Task>(taskKind, inDefault('web'));
    expect(stored).toEqual(won[0]?.value.object);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'Conflict' });
    }
  });

  it('does not take a task from its worker when the manifest names none', async () => {
    await fixture.registry.create(taskKind, task('web'));
    await bind('web', 'w1');
    const { object } = await fixture.registry.replace<Task>(taskKind, inDefault('web'), task('web', { image: 'b' }));
    expect(object.spec).toEqual({ image: 'b', nodeName: 'w1' });
    await expect(
      fixture.registry.replace(taskKind, inDefault('web'), task('web', { nodeName: 'w2' })),
    ).rejects.toMatchObject({ code: 'Invalid' });
  });

  it('keeps names fixed', async () => {
    await fixture.registry.create(taskKind, task('web'));
    await expect(fixture.registry.replace(taskKind, inDefault('web'), task('other'))).rejects.toMatchObject({
      code: 'BadRequest',
      message: 'the name of the object (other) does not match the name on the URL (web)',
    });
    for (const body of [
      { metadata: { name: 'x' } },
      { metadata: { namespace: 'x' } },
      { kind: 'Pod' },
    ] as JsonObject[]) {
      await expect(fixture.registry.patch(taskKind, inDefault('web'), { type: 'merge', body })).rejects.toMatchObject({
        code: 'BadRequest',
      });
    }
  });
});

describe('status', () => {
  it('changes the status only', async () => {
    await fixture.registry.create(taskKind, task('web'));
    await bind('web', 'w1');
    const { object } = await fixture.registry.patch<Task>(
      taskKind,
      inDefault('web'),
      { type: 'merge', body: { spec: { image: 'evil' }, status: { state: 'Running', containerID: 'c1' } } },
      { subresource: 'status' },
    );
    expect(object.spec.image).toBe('busybox:latest');
    expect(object.status).toMatchObject({ state: 'Running', containerID: 'c1' });
    const replaced = await fixture.registry.replace<Task>(
      taskKind,
      inDefault('web'),
      { ...task('web', { image: 'evil' }, { labels: { evil: 'yes' } }), status: { state: 'Completed', exitCode: 0 } },
      { subresource: 'status' },
    );
    expect(replaced.object.spec.image).toBe('busybox:latest');
    expect(replaced.object.metadata.labels).toBeUndefined();
    expect(replaced.object.metadata.generation).toBe(object.metadata.generation);
    expect(replaced.object.status).toEqual({ state: 'Completed', exitCode: 0 });
  });

  it('AP-06: refuses a report about another object of the name', async () => {
    await fixture.registry.create(taskKind, task('web'));
    const body = { metadata: { uid: 'former' }, status: { state: 'Failed' } };
    await expect(
      fixture.registry.patch(taskKind, inDefault('web'), { type: 'merge', body }, { subresource: 'status' }),
    ).rejects.toMatchObject({ code: 'Conflict' });
  });

  it('SE-06: knows only the moves of the table, whoever asks', async () => {
    await fixture.registry.create(taskKind, task('web'));
    const patch = { type: 'merge', body: { status: { state: 'Running' } } } as const;
    await expect(
      fixture.registry.patch(taskKind, inDefault('web'), patch, { subresource: 'status' }),
    ).rejects.toMatchObject({
      code: 'Invalid',
      details: {
        causes: [{ field: 'status.state', message: expect.stringContaining('from Pending to Running') as string }],
      },
    });
    await expect(
      fixture.registry.mutate<Task>(taskKind, inDefault('web'), (stored) => ({
        ...stored,
        status: { state: 'Running' },
      })),
    ).rejects.toMatchObject({ code: 'Invalid' });
    await expect(
      fixture.registry.patch(
        taskKind,
        inDefault('web'),
        { type: 'merge', body: { status: null } },
        { subresource: 'status' },
      ),
    ).rejects.toMatchObject({ code: 'Invalid' });
  });

  it('writes each move as an event in the same transaction', async () => {
    await fixture.registry.create(taskKind, task('web'));
    await bind('web', 'w1');
    const { object } = await fixture.registry.patch(
      taskKind,
      inDefault('web'),
      { type: 'merge', body: { status: { state: 'Failed', reason: 'ImagePullFailed', message: 'no such image' } } },
      { subresource: 'status', source: 'w1' },
    );
    const { items } = await fixture.registry.list<TaskEvent>(taskEventKind);
    expect(items.map((event) => [event.previousState, event.state, event.reason])).toEqual([
      [undefined, 'Pending', 'Created'],
      ['Pending', 'Scheduled', 'Assigned'],
      ['Scheduled', 'Failed', 'ImagePullFailed'],
    ]);
    expect(items[2]).toMatchObject({ type: 'Warning', message: 'no such image', source: 'w1', nodeName: 'w1' });
    expect(items[2]?.metadata.resourceVersion).toBe(object.metadata.resourceVersion);
  });

  it('does not exist for kinds without a status', async () => {
    await expect(
      fixture.registry.patch(taskEventKind, inDefault('x'), { type: 'merge', body: {} }, { subresource: 'status' }),
    ).rejects.toMatchObject({ code: 'NotFound' });
  });
});

describe('mutate', () => {
  it('lets 64 writers of one object through, none lost', async () => {
    await fixture.registry.create(nodeKind, node('w1'));
    await Promise.all(
      Array.from({ length: 64 }, () =>
        fixture.registry.mutate(nodeKind, { name: 'w1' }, (stored) => {
          const count = Number(stored.metadata.annotations?.['count'] ?? '0') + 1;
          stored.metadata.annotations = { count: String(count) };
          return stored;
        }),
      ),
    );
    const stored = await fixture.registry.get(nodeKind, { name: 'w1' });
    expect(stored.metadata.annotations).toEqual({ count: '64' });
  });

  it('writes nothing when the change gives nothing or the same', async () => {
    await fixture.registry.create(nodeKind, node('w1'));
    const before = fixture.registry.currentRevision();
    expect((await fixture.registry.mutate(nodeKind, { name: 'w1' }, () => undefined)).changed).toBe(false);
    expect((await fixture.registry.mutate(nodeKind, { name: 'w1' }, (stored) => stored)).changed).toBe(false);
    expect(fixture.registry.currentRevision()).toBe(before);
  });

  it('may not change who the object is', async () => {
    const { object } = await fixture.registry.create(nodeKind, node('w1'));
    const changed = await fixture.registry.mutate(nodeKind, { name: 'w1' }, (stored) => ({
      ...stored,
      kind: 'Pod',
      metadata: { ...stored.metadata, uid: 'x', name: 'y', labels: { a: 'b' } },
    }));
    expect(changed.object).toMatchObject({ kind: 'Node', metadata: { name: 'w1', uid: object.metadata.uid } });
  });
});

describe('patch', () => {
  it('merges, deletes by null and keeps the resourceVersion when nothing changes', async () => {
    await fixture.registry.create(taskKind, task('web', { priority: 5 }, { labels: { a: '1', b: '2' } }));
    const { object } = await fixture.registry.patch<Task>(taskKind, inDefault('web'), {
      type: 'merge',
      body: { metadata: { labels: { a: null, c: '3' } }, spec: { priority: null } },
    });
    expect(object.metadata.labels).toEqual({ b: '2', c: '3' });
    expect(object.spec).toEqual({ image: 'busybox:latest' });
    const again = await fixture.registry.patch(taskKind, inDefault('web'), {
      type: 'merge',
      body: { metadata: { labels: { c: '3' } } },
    });
    expect(again.changed).toBe(false);
    expect(again.object.metadata.resourceVersion).toBe(object.metadata.resourceVersion);
  });

  it('HT-05: applies a JSON patch as a whole or not at all', async () => {
    await fixture.registry.create(taskKind, task('web'));
    const failing = [
      { op: 'replace', path: '/spec/image', value: 'other' },
      { op: 'test', path: '/spec/image', value: 'third' },
    ];
    await expect(
      fixture.registry.patch(taskKind, inDefault('web'), { type: 'json', operations: failing }),
    ).rejects.toMatchObject({ code: 'Invalid', message: expect.stringContaining('operation 1 (test') as string });
    expect((await fixture.registry.get<Task>(taskKind, inDefault('web'))).spec.image).toBe('busybox:latest');
    const { object } = await fixture.registry.patch<Task>(taskKind, inDefault('web'), {
      type: 'json',
      operations: [failing[0] as object] as never,
    });
    expect(object.spec.image).toBe('other');
  });

  it.each([
    ['no list', { op: 'add' }, 'BadRequest'],
    ['no operation', [7], 'BadRequest'],
    ['missing path', [{ op: 'remove', path: '/spec/nothing' }], 'Invalid'],
    ['unknown op', [{ op: 'explode', path: '/spec' }], 'Invalid'],
    ['an op of the library', [{ op: '_get', path: '/spec' }], 'Invalid'],
    ['prototype', [{ op: 'add', path: '/__proto__/x', value: 1 }], 'BadRequest'],
    ['constructor', [{ op: 'add', path: '/spec/constructor/prototype/x', value: 1 }], 'BadRequest'],
    ['root', [{ op: 'replace', path: '', value: 7 }], 'BadRequest'],
    [
      'too many',
      Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'Task' })),
      'RequestEntityTooLarge',
    ],
    [
      'copies that pile up',
      Array.from({ length: 40 }, () => ({
        op: 'copy',
        from: '/metadata/annotations',
        path: '/metadata/annotations/x',
      })),
      'RequestEntityTooLarge',
    ],
  ])('HT-05: refuses a bad JSON patch: %s', async (_, operations, code) => {
    await fixture.registry.create(taskKind, task('web', {}, { annotations: { a: 'x'.repeat(10_000) } }));
    await expect(
      fixture.registry.patch(taskKind, inDefault('web'), { type: 'json', operations: operations as never }),
    ).rejects.toMatchObject({ code });
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it.each([[null], [[]], ['x']])('refuses the merge patch %j', async (body) => {
    await fixture.registry.create(taskKind, task('web'));
    await expect(fixture.registry.patch(taskKind, inDefault('web'), { type: 'merge', body })).rejects.toMatchObject({
      code: 'BadRequest',
    });
  });

  it('HT-05: re-validates the result', async () => {
    await fixture.registry.create(taskKind, task('web'));
    await expect(
      fixture.registry.patch(taskKind, inDefault('web'), { type: 'merge', body: { spec: { image: null } } }),
    ).rejects.toMatchObject({ code: 'Invalid' });
  });

  it('lets 64 patches without a precondition all through', async () => {
    await fixture.registry.create(taskKind, task('web'));
    await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        fixture.registry.patch(taskKind, inDefault('web'), {
          type: 'merge',
          body: { metadata: { labels: { [`l${index}`]: 'x' } } },
        }),
      ),
    );
    const stored = await fixture.registry.get(taskKind, inDefault('web'));
    expect(Object.keys(stored.metadata.labels ?? {})).toHaveLength(64);
  });
});

describe('list and watch', () => {
  it('pages without missing or doubling, whatever changes between', async () => {
    for (let index = 0; index < 25; index += 1) {
      await fixture.registry.create(taskKind, task(`t${String(index).padStart(2, '0')}`));
    }
    const seen: string[] = [];
    let continueToken: string | undefined;
    do {
      const page = await fixture.registry.list(taskKind, {
        namespace: 'default',
        limit: 10,
        ...(continueToken ? { continueToken } : {}),
      });
      if (!continueToken) {
        expect(page.remainingItemCount).toBe(15);
        await fixture.registry.delete(taskKind, inDefault('t05'));
      }
      seen.push(...page.items.map((item) => item.metadata.name));
      continueToken = page.continueToken;
    } while (continueToken);
    expect(seen).toHaveLength(25);
    expect(new Set(seen).size).toBe(25);
  });

  it('shows every page as of the first, also to who asks twice and while many others list', async () => {
    for (const name of ['a', 'b', 'c']) await fixture.registry.create(taskKind, task(name));
    const begin = () => fixture.registry.list(taskKind, { limit: 1 });
    const first = await begin();
    await fixture.registry.delete(taskKind, inDefault('b'));
    for (let other = 0; other < 60; other += 1) {
      await fixture.registry.create(taskKind, task(`d${other}`));
      await begin();
    }
    for (let time = 0; time < 2; time += 1) {
      const rest = await fixture.registry.list(taskKind, { continueToken: first.continueToken ?? '' });
      expect(rest.items.map(({ metadata }) => metadata.name)).toEqual(['b', 'c']);
      expect(rest.revision).toBe(first.revision);
    }
  });

  it('tells a forgotten revision as expired, with a token that goes on as things are now', async () => {
    for (const name of ['a', 'b', 'c']) await fixture.registry.create(taskKind, task(name));
    const begin = () => fixture.registry.list(taskKind, { limit: 1 });
    const abandoned = await begin();
    for (let other = 0; other < 64; other += 1) {
      await fixture.registry.create(taskKind, task(`d${other}`));
      await begin();
    }
    const error: unknown = await fixture.registry
      .list(taskKind, { continueToken: abandoned.continueToken ?? '' })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'Expired' });
    const { continueToken = '' } = (error as OrchError).details;
    const late = await fixture.registry.list(taskKind, { continueToken, limit: 10 });
    expect(late.items.slice(0, 3).map(({ metadata }) => metadata.name)).toEqual(['b', 'c', 'd0']);
    expect(late.revision).toBeGreaterThan(abandoned.revision);
    // From here on it is one revision again.
    await fixture.registry.create(taskKind, task('z'));
    const last = await fixture.registry.list(taskKind, { continueToken: late.continueToken ?? '' });
    expect(last.revision).toBe(late.revision);
    expect(last.items.map(({ metadata }) => metadata.name)).not.toContain('z');
  });

  it('refuses a token of another list', async () => {
    await expect(fixture.registry.list(taskKind, { continueToken: 'nonsense' })).rejects.toMatchObject({
      code: 'BadRequest',
    });
  });

  it('selects by labels and fields', async () => {
    await fixture.registry.create(taskKind, task('a', {}, { labels: { app: 'web', tier: 'x' } }));
    await fixture.registry.create(taskKind, task('b', {}, { labels: { app: 'web' } }));
    await fixture.registry.create(taskKind, task('c'));
    const names = async (options: object) =>
      (await fixture.registry.list(taskKind, options)).items.map((item) => item.metadata.name);
    expect(await names({ labelSelector: 'app=web,!tier' })).toEqual(['b']);
    expect(await names({ fieldSelector: 'metadata.name!=b,status.state=Pending' })).toEqual(['a', 'c']);
    await expect(names({ fieldSelector: 'spec.image=x' })).rejects.toMatchObject({
      code: 'BadRequest',
      message: expect.stringContaining('field label not supported: spec.image') as string,
    });
  });

  it('watches objects with what they were before, from a list on', async () => {
    await fixture.registry.create(taskKind, task('a'));
    const { revision } = await fixture.registry.list(taskKind);
    const seen: unknown[] = [];
    const watch = fixture.registry.watch<Task>(
      taskKind,
      { namespace: 'default', afterRevision: revision },
      (events) => {
        for (const event of events) {
          const name = event.object.metadata.name;
          seen.push([event.type, name, event.object.spec.image, event.previous?.spec.image]);
          expect(event.object.metadata.resourceVersion).toBe(String(event.revision));
        }
      },
    );
    await fixture.registry.create(taskKind, task('b'));
    await fixture.registry.replace(taskKind, inDefault('a'), task('a', { image: 'x' }));
    await fixture.registry.delete(taskKind, inDefault('a'));
    watch.close();
    expect(seen).toEqual([
      ['ADDED', 'b', 'busybox:latest', undefined],
      ['MODIFIED', 'a', 'x', 'busybox:latest'],
      ['DELETED', 'a', 'x', 'x'],
    ]);
  });

  it('has the namespace default from the start', async () => {
    const stored = await fixture.registry.get(namespaceKind, { name: 'default' });
    expect(stored).toMatchObject({ status: { phase: 'Active' } });
  });
});

async function bind(name: string, nodeName: string): Promise<StoredTask> {
  const { object } = await fixture.registry.mutate<Task>(taskKind, inDefault(name), (stored) => ({
    ...stored,
    spec: { ...stored.spec, nodeName },
    status: { ...stored.status, state: 'Scheduled', reason: 'Assigned' },
  }));
  return object;
}
