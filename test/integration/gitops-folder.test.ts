import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
  appendFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileSystem } from '../../src/gitops/file-system.js';
import { startGitops } from '../../src/gitops/gitops.js';
import { nodeFileSystem } from '../../src/gitops/node-file-system.js';
import { findCondition } from '../../src/model/conditions.js';
import { namespaceKind } from '../../src/model/namespace.js';
import { sourceKind, type Source, type SourceStatus, type StoredSource } from '../../src/model/source.js';
import { taskEventKind, type StoredTaskEvent } from '../../src/model/task-event.js';
import { taskKind, type StoredTask, type Task } from '../../src/model/task.js';
import { openRegistry } from '../../src/registry/open-registry.js';
import type { Registry } from '../../src/registry/registry.js';
import { openMemoryStore } from '../../src/store/memory/open-memory-store.js';
import { createSystemClock } from '../../src/support/clock.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { waitFor } from '../support/wait-for.js';

const clock = createSystemClock();
const random = createSystemRandom();

let parent: string;
let folder: string;
let registry: Registry;
let stop: () => Promise<void>;
let reads: number;
/** Whether the watcher tells nothing, as when its queue is full or the file system is a network's. */
let isBlind: boolean;

beforeEach(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'orch-gitops-')));
  folder = join(parent, 'shop');
  await mkdir(folder);
  const store = await openMemoryStore({ random });
  const opened = await openRegistry({ store, clock, random, logger: silentLogger });
  registry = opened;
  reads = 0;
  isBlind = false;
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    readFile: (path, maxBytes, root) => {
      reads++;
      return nodeFileSystem.readFile(path, maxBytes, root);
    },
    watch: (root, isInteresting, onHint, onFailure) =>
      nodeFileSystem.watch(root, isInteresting, () => !isBlind && onHint(), onFailure),
  };
  const options = {
    registry,
    clock,
    random,
    logger: silentLogger,
    fileSystem,
    allowedFolders: [folder, join(parent, 'other')],
  };
  let gitops = startGitops(options);
  restart = async () => {
    await gitops.close();
    return () => (gitops = startGitops(options));
  };
  stop = async () => {
    await gitops.close();
    await opened.close();
    await store.close();
  };
});
let restart: () => Promise<() => void>;

afterEach(async () => {
  await stop();
  await rm(parent, { recursive: true, force: true });
});

const manifest = (name: string, spec = 'image: busybox'): string =>
  `apiVersion: orch.dev/v1\nkind: Task\nmetadata: { name: ${name} }\nspec:\n  ${spec}\n`;
const write = (file: string, text: string): Promise<void> => writeFile(join(folder, file), text);
const createSource = (spec: Partial<Source['spec']> = {}, name = 'shop', path = folder): Promise<unknown> =>
  registry.apply(
    sourceKind,
    { name },
    { apiVersion: 'orch.dev/v1', kind: 'Source', metadata: { name }, spec: { folder: { path }, ...spec } },
    { fieldManager: 'test', force: true },
  );
const getSource = (name = 'shop'): Promise<StoredSource> => registry.get<Source>(sourceKind, { name });
const getTask = (name: string): Promise<StoredTask> => registry.get<Task>(taskKind, { namespace: 'default', name });
const taskNames = async (): Promise<string[]> =>
  (await registry.list(taskKind)).items.map((task) => task.metadata.name).sort();
const tasksAre = (...names: string[]): Promise<unknown> =>
  waitFor(
    `the tasks ${names.join(', ')}`,
    async () => {
      const now = (await taskNames()).join();
      if (now !== names.join()) throw new Error(`there are ${now}: ${JSON.stringify((await getSource()).status)}`);
      return true;
    },
    12,
  );
const readyIs = (reason: string, name = 'shop'): Promise<SourceStatus> =>
  waitFor(
    `the reason ${reason}`,
    async () => {
      const { status } = await getSource(name);
      const ready = findCondition(status?.conditions, 'Ready');
      if (ready?.reason !== reason) throw new Error(`it is ${JSON.stringify(ready)}`);
      return status;
    },
    12,
  );
/** A full sync that started after this call has ended: its mark is a task that only it can have applied. */
let marks = 0;
const aFullSync = async (): Promise<void> => {
  const name = `mark-${marks++}`;
  await write(`${name}.yaml`, manifest(name));
  await waitFor(name, () => getTask(name).then(Boolean, () => false), 8);
  await waitFor(
    `${name} in the inventory`,
    async () => (await getSource()).status?.inventory?.some((entry) => entry.name === name),
    12,
  );
};

/** How many files and folders this process has the system watch. */
async function inotifyWatches(): Promise<number> {
  const infos = await readdir('/proc/self/fdinfo');
  const texts = await Promise.all(infos.map((fd) => readFile(`/proc/self/fdinfo/${fd}`, 'utf8').catch(() => '')));
  return texts.join('').split('inotify wd:').length - 1;
}

describe.runIf(process.platform === 'linux')('a folder that holds more than manifests', () => {
  it('has none of the other files watched: the system bounds the watches of a user', async () => {
    for (let file = 0; file < 60; file++) await write(`${file}.txt`, '');
    await write('web.yaml', manifest('web'));
    const before = await inotifyWatches();
    await createSource();
    await tasksAre('web');
    await write('shop.yaml', manifest('shop'));
    await tasksAre('shop', 'web');
    expect((await inotifyWatches()) - before).toBeLessThan(10);
  });
});

describe('a folder that is followed', () => {
  it('applies what is there, what appears and what is edited', async () => {
    await write('a.yaml', manifest('a'));
    await createSource();
    await tasksAre('a');
    await readyIs('Synced');
    await write('b.yaml', manifest('b'));
    await tasksAre('a', 'b');
    await write('b.yaml', manifest('b', 'image: busybox:2'));
    await waitFor('the new image', async () => (await getTask('b')).spec.image === 'busybox:2');
    const status = await readyIs('Synced');
    expect(status.inventory).toMatchObject([
      {
        apiVersion: 'orch.dev/v1',
        kind: 'Task',
        namespace: 'default',
        name: 'a',
        file: 'a.yaml',
        uid: expect.any(String),
      },
      { name: 'b', file: 'b.yaml' },
    ]);
  });

  it('makes a namespace before what lives in it, whatever the order of files', async () => {
    await write('a.yaml', manifest('web').replace('{ name: web }', '{ name: web, namespace: shop }'));
    await write('z.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n');
    await createSource();
    await readyIs('Synced');
    expect((await registry.get(taskKind, { namespace: 'shop', name: 'web' })).metadata.name).toBe('web');
    expect((await registry.get(namespaceKind, { name: 'shop' })).metadata.name).toBe('shop');
  });

  it('prunes what left: one of two files is no accident', async () => {
    await write('a.yaml', manifest('a'));
    await write('b.yaml', manifest('b'));
    await createSource();
    await tasksAre('a', 'b');
    await rm(join(folder, 'b.yaml'));
    await tasksAre('a');
    expect((await readyIs('Synced')).inventory).toHaveLength(1);
  });

  it('GO-05: deletes nothing when a file is moved or renamed', async () => {
    await mkdir(join(folder, 'd1'));
    await mkdir(join(folder, 'd2'));
    await write('d1/m.yaml', manifest('m'));
    await createSource();
    await tasksAre('m');
    const { uid } = (await getTask('m')).metadata;
    await rename(join(folder, 'd1/m.yaml'), join(folder, 'd2/other.yaml'));
    await waitFor('the new place', async () => (await getSource()).status?.inventory?.[0]?.file === 'd2/other.yaml');
    expect((await getTask('m')).metadata.uid).toBe(uid);
  });

  it('GO-03: waits for a file that is being written', async () => {
    await createSource();
    await readyIs('Synced');
    const path = join(folder, 'slow.yaml');
    const lines = [
      ...manifest('slow').split('\n').slice(0, -1),
      '  args:',
      ...Array.from({ length: 8 }, (_, i) => `    - "${i}"`),
    ];
    await writeFile(path, `${lines.slice(0, 5).join('\n')}\n`);
    for (const line of lines.slice(5)) {
      // This pause is the fault under test: a writer that is slower than a look at the folder is quick.
      await pause(100);
      await appendFile(path, `${line}\n`);
    }
    await tasksAre('slow');
    const task = await getTask('slow');
    expect(task.spec.args).toHaveLength(8);
    expect(task.metadata.generation).toBe(1);
  });

  it('GO-02: sees what changes though its watcher says nothing', async () => {
    isBlind = true;
    await write('a.yaml', manifest('a'));
    await createSource();
    await tasksAre('a');
    await write('b.yaml', manifest('b'));
    await tasksAre('a', 'b');
    await rename(folder, join(parent, 'away'));
    await rename(join(parent, 'away'), folder);
    await write('a.yaml', manifest('a', 'image: other'));
    await waitFor('the edit', async () => (await getTask('a')).spec.image === 'other', 12);
  });

  it('writes no status and no object when nothing changes', async () => {
    await write('a.yaml', manifest('a'));
    await createSource({ intervalSeconds: 1 });
    await readyIs('Synced');
    const revision = registry.currentRevision();
    // Touched, so that a look finds a difference; then the interval's full readings.
    const before = reads;
    await write('a.yaml', manifest('a'));
    await waitFor('three more readings', () => reads >= before + 3);
    expect(registry.currentRevision()).toBe(revision);
  });

  it('tells in events what it changed, put back and could not do, and nothing twice', async () => {
    await write('a.yaml', manifest('a'));
    await createSource({ intervalSeconds: 1 });
    await readyIs('Synced');
    await write('b.yaml', manifest('b'));
    await tasksAre('a', 'b');
    await rm(join(folder, 'b.yaml'));
    await tasksAre('a');
    await readyIs('Synced');
    await registry.mutate<Task>(taskKind, { namespace: 'default', name: 'a' }, (task) => ({
      ...task,
      metadata: { ...task.metadata, labels: { by: 'hand' } },
      spec: { ...task.spec, image: 'other' },
    }));
    await waitFor('the drift put back', async () => (await getTask('a')).spec.image === 'busybox');
    await write('a.yaml', manifest('a', 'imgae: x'));
    await readyIs('InvalidManifests');
    const before = reads;
    await waitFor('three more readings', () => reads >= before + 3);
    await write('a.yaml', manifest('a'));
    await readyIs('Synced');
    const events = await waitFor('all events', async () => {
      const { items } = await registry.list<StoredTaskEvent>(taskEventKind, { fieldSelector: 'regarding.kind=Source' });
      return items.length === 6 && items;
    });
    expect(events.map(({ type, reason, message, count }) => ({ type, reason, message, count }))).toEqual([
      { type: 'Normal', reason: 'Synced', message: 'applied task/a', count: 1 },
      { type: 'Normal', reason: 'Synced', message: 'applied task/b', count: 1 },
      { type: 'Normal', reason: 'Pruned', message: 'deleted task/b: no file names it any more', count: 1 },
      { type: 'Normal', reason: 'DriftCorrected', message: 'put back task/a', count: 1 },
      {
        type: 'Warning',
        reason: 'SyncFailed',
        message:
          'InvalidManifests: a.yaml:5:3: spec.imgae: unknown field "imgae": did you mean "image"?; nothing is deleted until that is put right',
        count: 1,
      },
      { type: 'Normal', reason: 'Synced', message: '1 object is as the folder says', count: 1 },
    ]);
    const { uid } = (await getSource()).metadata;
    expect(events[0]?.regarding).toEqual({ apiVersion: 'orch.dev/v1', kind: 'Source', name: 'shop', uid });
  });

  it('does nothing while suspended and catches up afterwards', async () => {
    await createSource({ suspend: true });
    await readyIs('Suspended');
    await write('a.yaml', manifest('a'));
    await createSource({ suspend: false });
    await tasksAre('a');
  });
});

describe('errors', () => {
  it('GO-04: names file, line and column, applies the good files and prunes nothing', async () => {
    for (const name of ['a', 'b', 'c']) await write(`${name}.yaml`, manifest(name));
    await createSource();
    await tasksAre('a', 'b', 'c');
    await write('a.yaml', manifest('a', 'imgae: x'));
    await rm(join(folder, 'c.yaml'));
    await write('d.yaml', manifest('d'));
    await tasksAre('a', 'b', 'c', 'd');
    const status = await readyIs('InvalidManifests');
    expect(status.errors).toContainEqual({
      file: 'a.yaml',
      line: 5,
      column: 3,
      field: 'spec.imgae',
      message: 'unknown field "imgae": did you mean "image"?',
    });
    expect(findCondition(status.conditions, 'Stalled')?.status).toBe('True');
    expect(findCondition(status.conditions, 'Ready')?.message).toContain('a.yaml:5:3');
    await write('a.yaml', manifest('a'));
    await tasksAre('a', 'b', 'd');
    expect((await readyIs('Synced')).errors).toBeUndefined();
  });

  it('makes a Task of a Pod, and names a wrong one at its own fields', async () => {
    const pod = (probe: string): string =>
      `apiVersion: v1\nkind: Pod\nmetadata: { name: lone }\nspec:\n  containers:\n  - name: main\n    image: busybox\n    command: [\n    sleep, "9"\n    ]\n${probe}`;
    await write('pod.yaml', pod(''));
    await createSource();
    await tasksAre('lone');
    await write('pod.yaml', pod('    livenessProbe: { httpGet: { port: nowhere } }\n'));
    expect((await readyIs('InvalidManifests')).errors).toEqual([
      {
        file: 'pod.yaml',
        line: 11,
        column: 39,
        field: 'spec.containers[0].livenessProbe.httpGet.port',
        message: 'no entry of spec.containers[0].ports is named "nowhere"',
      },
    ]);
    await tasksAre('lone');
  });

  it('GO-07: takes an unreadable file for an error, not for a deletion', async () => {
    await write('a.yaml', manifest('a'));
    await write('b.yaml', manifest('b'));
    await createSource();
    await tasksAre('a', 'b');
    await chmod(join(folder, 'b.yaml'), 0o000);
    const status = await readyIs('InvalidManifests');
    expect(status.errors).toEqual([{ file: 'b.yaml', message: 'may not be read: permission denied' }]);
    expect(await taskNames()).toEqual(['a', 'b']);
    await chmod(join(folder, 'b.yaml'), 0o644);
    await readyIs('Synced');
  });

  it('refuses links that lead out of the folder and follows those that do not', async () => {
    await writeFile(join(parent, 'secret.yaml'), manifest('secret'));
    await write('a.yaml', manifest('a'));
    await symlink(join(parent, 'secret.yaml'), join(folder, 'out.yaml'));
    await createSource();
    const status = await readyIs('InvalidManifests');
    expect(status.errors).toEqual([{ file: 'out.yaml', message: 'is a link that leads out of the folder' }]);
    expect(await taskNames()).toEqual(['a']);
  });

  it('reads no folder that the manager does not allow, also through a link, and tells nothing of it', async () => {
    const elsewhere = join(parent, 'private');
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, 'secret.yaml'), manifest('secret'));
    await symlink(elsewhere, join(folder, 'link'));
    await createSource({}, 'straight', elsewhere);
    await createSource({}, 'by-link', join(folder, 'link'));
    await createSource({}, 'dotted', `${folder}/../private`);
    await createSource({}, 'nothing-there', join(parent, 'nothing'));
    for (const name of ['straight', 'by-link', 'dotted', 'nothing-there']) {
      const status = await readyIs('SourceNotAllowed', name);
      expect(findCondition(status.conditions, 'Ready')?.message).toMatch(/is not in a folder .* --allow-source-path/);
      expect(findCondition(status.conditions, 'Stalled')?.status).toBe('True');
      expect(status.errors).toBeUndefined();
    }
    expect(await taskNames()).toEqual([]);
  });

  it('takes no Source out of a folder that would read another one', async () => {
    const inner = (name: string, path: string): string =>
      `apiVersion: orch.dev/v1\nkind: Source\nmetadata: { name: ${name} }\nspec: { folder: { path: "${path}" } }\n`;
    await write('a.yaml', inner('thief', parent));
    await mkdir(join(folder, '.apps'));
    await writeFile(join(folder, '.apps/b.yaml'), manifest('b'));
    await write('b.yaml', inner('apps', join(folder, '.apps')));
    await createSource();
    const status = await readyIs('InvalidManifests');
    expect(status.errors).toMatchObject([{ file: 'a.yaml', line: 2, message: expect.stringContaining(parent) }]);
    await tasksAre('b');
    await expect(getSource('thief')).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('reads no file that a link has taken the place of since the folder was listed', async () => {
    await writeFile(join(parent, 'secret.yaml'), manifest('secret'));
    await symlink(join(parent, 'secret.yaml'), join(folder, 'out.yaml'));
    await expect(nodeFileSystem.readFile(join(folder, 'out.yaml'), 1000, folder)).rejects.toThrow('leads out');
  });

  it('applies neither of two files that describe the same object', async () => {
    await write('a.yaml', manifest('a'));
    await createSource();
    await tasksAre('a');
    await write('b.yaml', manifest('a', 'image: other'));
    const status = await readyIs('InvalidManifests');
    expect(status.errors?.[0]).toMatchObject({ file: 'b.yaml', line: 3, message: 'task "a" is already at a.yaml:1' });
    expect((await getTask('a')).spec.image).toBe('busybox');
  });

  it('places what only the registry can refuse, and tries again by itself', async () => {
    await write('a.yaml', manifest('web').replace('{ name: web }', '{ name: web, namespace: later }'));
    await createSource();
    const status = await readyIs('ApplyFailed');
    expect(status.errors?.[0]).toMatchObject({ file: 'a.yaml', line: 3 });
    expect(status.errors?.[0]?.message).toContain('later');
    await registry.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'later' } });
    await readyIs('Synced');
  });

  it('GO-11: leaves an object to the source that keeps it already', async () => {
    await write('a.yaml', manifest('a'));
    await createSource();
    await tasksAre('a');
    const other = join(parent, 'other');
    await mkdir(other);
    await writeFile(join(other, 'x.yaml'), manifest('a', 'image: other'));
    await createSource({}, 'other', other);
    const status = await readyIs('InvalidManifests', 'other');
    expect(status.errors?.[0]?.message).toBe('task "a" is kept by source "shop" already');
    expect((await getTask('a')).spec.image).toBe('busybox');
  });
});

describe('a manifest that is moved to the folder of another source', () => {
  let other: string;
  beforeEach(async () => {
    other = join(parent, 'other');
    await mkdir(other);
    await write('stays.yaml', manifest('stays'));
    await writeFile(join(other, 'others.yaml'), manifest('others'));
    await write('a.yaml', manifest('a').replace('{ name: a }', '{ name: a, labels: { from: shop } }'));
    await createSource();
    await createSource({}, 'other', other);
    await tasksAre('a', 'others', 'stays');
    await readyIs('Synced');
    await readyIs('Synced', 'other');
  });
  const keepers = async (): Promise<string> => {
    const sources = [await getSource('shop'), await getSource('other')];
    const having = sources.filter(({ status }) => status?.inventory?.some((entry) => entry.name === 'a'));
    return having.map(({ metadata }) => metadata.name).join();
  };
  const handedOver = (): Promise<unknown> =>
    waitFor(
      'the other source to keep it',
      async () => {
        const now = await keepers();
        if (now !== 'other') throw new Error(`it is kept by ${now}`);
        return true;
      },
      15,
    );

  it("goes on as it is, and is the other one's from then on", async () => {
    const { uid } = (await getTask('a')).metadata;
    await rename(join(folder, 'a.yaml'), join(other, 'a.yaml'));
    await handedOver();
    expect((await getTask('a')).metadata).toMatchObject({ uid, labels: { from: 'shop' } });
    // What the manifest does not say any more goes, as if the other one had applied it from the beginning.
    await writeFile(join(other, 'a.yaml'), manifest('a', 'image: other'));
    await waitFor('the label to go', async () => {
      const { spec, metadata } = await getTask('a');
      return spec.image === 'other' && metadata.labels?.['from'] === undefined && metadata.uid === uid;
    });
    await rm(join(other, 'a.yaml'));
    await tasksAre('others', 'stays');
  });

  it('is not stopped when nobody was there to see the move, whoever looks first', async () => {
    for (const [from, to, name] of [
      [folder, other, 'other'],
      [other, folder, 'shop'],
    ] as const) {
      const { uid } = (await getTask('a')).metadata;
      const start = await restart();
      await rename(join(from, 'a.yaml'), join(to, 'a.yaml'));
      start();
      await waitFor(`${name} to keep it`, async () => (await keepers()) === name, 15);
      expect((await getTask('a')).metadata.uid).toBe(uid);
    }
  });

  it('is handed over as well when it lay in both folders for a while', async () => {
    const { uid } = (await getTask('a')).metadata;
    await writeFile(join(other, 'a.yaml'), manifest('a'));
    await readyIs('InvalidManifests', 'other');
    await rm(join(folder, 'a.yaml'));
    await handedOver();
    expect((await getTask('a')).metadata.uid).toBe(uid);
  });
});

describe('a folder that is gone', () => {
  it('GO-01: deletes nothing when it is missing or empty, and goes on when it is back', async () => {
    await write('a.yaml', manifest('a'));
    await write('b.yaml', manifest('b'));
    await createSource();
    await tasksAre('a', 'b');
    await rename(folder, join(parent, 'away'));
    await readyIs('SourceMissing');
    expect(await taskNames()).toEqual(['a', 'b']);
    await mkdir(folder);
    const status = await readyIs('SourceEmpty');
    expect(await taskNames()).toEqual(['a', 'b']);
    expect(status.pruneBlocked).toMatchObject({ count: 2 });
    await write('a.yaml', manifest('a'));
    await write('b.yaml', manifest('b'));
    await readyIs('Synced');
    await aFullSync();
  });

  it('empties the cluster when it is allowed to', async () => {
    await write('a.yaml', manifest('a'));
    await createSource({ allowEmpty: true });
    await tasksAre('a');
    await rm(join(folder, 'a.yaml'));
    await tasksAre();
  });

  it('keeps its objects when the Source itself is deleted', async () => {
    await write('a.yaml', manifest('a'));
    await createSource();
    await readyIs('Synced');
    await registry.delete(sourceKind, { name: 'shop' });
    await write('b.yaml', manifest('b'));
    await createSource({}, 'after', folder);
    await waitFor('both', async () => (await taskNames()).join() === 'a,b');
  });
});

describe('a prune that looks like an accident', () => {
  it('GO-01: waits for the token, and the token allows this one only', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `t${index}`);
    for (const name of names) await write(`${name}.yaml`, manifest(name));
    await createSource();
    await tasksAre(...names);
    for (const name of names.slice(0, 5)) await rm(join(folder, `${name}.yaml`));
    const status = await readyIs('PruneBlocked');
    expect(status.pruneBlocked).toMatchObject({ count: 5, message: expect.stringContaining('5 objects of 8') });
    expect(await taskNames()).toEqual(names);
    await createSource({ allowPruneOf: status.pruneBlocked?.token ?? '' });
    await tasksAre('t5', 't6', 't7');
    expect((await readyIs('Synced')).pruneBlocked).toBeUndefined();
  });

  it('never deletes an object that somebody made anew under the same name', async () => {
    await write('a.yaml', manifest('a'));
    await write('b.yaml', manifest('b'));
    await createSource();
    await readyIs('Synced');
    const start = await restart();
    await registry.delete(taskKind, { namespace: 'default', name: 'b' }, { gracePeriodSeconds: 0 });
    await registry.create(taskKind, {
      apiVersion: 'orch.dev/v1',
      kind: 'Task',
      metadata: { name: 'b', namespace: 'default' },
      spec: { image: 'mine' },
    });
    await rm(join(folder, 'b.yaml'));
    start();
    await waitFor('b to be let go', async () => (await getSource()).status?.inventory?.length === 1);
    expect((await getTask('b')).spec.image).toBe('mine');
  });

  it('prunes what left while no manager ran', async () => {
    await write('a.yaml', manifest('a'));
    await write('b.yaml', manifest('b'));
    await createSource();
    await readyIs('Synced');
    const start = await restart();
    await rm(join(folder, 'b.yaml'));
    start();
    await tasksAre('a');
  });
});

describe('drift', () => {
  it('GO-11: puts back an owned field and a deleted object, and leaves other fields alone', async () => {
    await write('a.yaml', manifest('a'));
    await createSource();
    await readyIs('Synced');
    await registry.patch(
      taskKind,
      { namespace: 'default', name: 'a' },
      { type: 'merge', body: { spec: { image: 'hacked' }, metadata: { labels: { mine: 'yes' } } } },
      { fieldManager: 'someone' },
    );
    await waitFor('the image to be back', async () => (await getTask('a')).spec.image === 'busybox');
    expect((await getTask('a')).metadata.labels).toEqual({ mine: 'yes' });
    const { uid } = (await getTask('a')).metadata;
    await registry.delete(taskKind, { namespace: 'default', name: 'a' }, { gracePeriodSeconds: 0 });
    await waitFor('a new one', () =>
      getTask('a').then(
        (task) => task.metadata.uid !== uid,
        () => false,
      ),
    );
    await waitFor('its uid in the inventory', async () => {
      const { metadata } = await getTask('a');
      return (await getSource()).status?.inventory?.[0]?.uid === metadata.uid;
    });
  });
});

describe('storms', () => {
  it('GO-10: takes in three hundred files and their renaming without a deletion', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `s${index}`);
    await createSource();
    await Promise.all(names.map((name) => write(`${name}.yaml`, manifest(name))));
    await waitFor('all tasks', async () => (await taskNames()).length === 300);
    await readyIs('Synced');
    const uids = new Set((await registry.list(taskKind)).items.map((task) => task.metadata.uid));
    await mkdir(join(folder, 'moved'));
    await Promise.all(names.map((name) => rename(join(folder, `${name}.yaml`), join(folder, 'moved', `${name}.yaml`))));
    await waitFor('the new places', async () =>
      (await getSource()).status?.inventory?.every((entry) => entry.file?.startsWith('moved/')),
    );
    expect(new Set((await registry.list(taskKind)).items.map((task) => task.metadata.uid))).toEqual(uids);
  });
});
