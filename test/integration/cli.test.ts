import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deploymentKind } from '../../src/model/deployment.js';
import { sourceKind } from '../../src/model/source.js';
import { taskKind, type StoredTask } from '../../src/model/task.js';
import { tunnelChannels } from '../../src/model/worker-tunnel.js';
import { waitFor } from '../support/wait-for.js';
import { manifest, manifests, startCliCluster, type CliCluster } from './cli-harness.js';

let cluster: CliCluster;
beforeEach(async () => {
  cluster = await startCliCluster();
});
afterEach(() => cluster.close());

const names = async (): Promise<string[]> =>
  (await cluster.api.registry.list(taskKind)).items.map(({ metadata }) => metadata.name).sort();

describe('apply', () => {
  it('says created, unchanged and configured, and writes only what differs', async () => {
    const both = manifests(manifest('web'), manifest('db'));
    expect(await cluster.run('apply -f -', both)).toMatchObject({
      exitCode: 0,
      stdout: 'task/web created\ntask/db created\n',
      stderr: '',
    });
    const version = (await cluster.task('web')).metadata.resourceVersion;
    expect((await cluster.run('apply -f -', both)).stdout).toBe('task/web unchanged\ntask/db unchanged\n');
    expect((await cluster.task('web')).metadata.resourceVersion).toBe(version);
    const edited = manifests(manifest('web', { image: 'busybox:2' }), manifest('db'));
    expect((await cluster.run('apply -f - --dry-run=server', edited)).stdout).toBe(
      'task/web configured (dry run)\ntask/db unchanged (dry run)\n',
    );
    expect((await cluster.task('web')).metadata.resourceVersion).toBe(version);
    expect((await cluster.run('apply -f -', edited)).stdout).toBe('task/web configured\ntask/db unchanged\n');
  });

  it('changes nothing when one of ten manifests is wrong here', async () => {
    const good = Array.from({ length: 9 }, (_, index) => manifest(`good-${index}`));
    const bad = 'apiVersion: orch.dev/v1\nkind: Task\nmetadata:\n  name: bad\nspec:\n  imgae: busybox\n';
    const path = join(cluster.folder, 'ten.yaml');
    await writeFile(path, manifests(...good, bad));
    const { exitCode, stdout, stderr } = await cluster.run(`apply -f ${path}`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/ten\.yaml:24:3: spec\.imgae: .*did you mean "image"/);
    expect(stderr).toMatch(/1 error in the manifests: nothing was changed/);
    expect(await names()).toEqual([]);
  });

  it('changes nothing when the manager would refuse one of them', async () => {
    await cluster.run('apply -f - --field-manager somebody', manifest('taken', { priority: 1 }));
    const input = manifests(
      manifest('a'),
      manifest('b', {}, { namespace: 'nowhere' }),
      manifest('taken', { priority: 2 }),
    );
    const { exitCode, stdout, stderr } = await cluster.run('apply -f -', input);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/task\/b: .*"nowhere" not found/);
    expect(stderr).toMatch(/task\/taken: .*conflict with "somebody"/);
    expect(stderr).toMatch(/2 objects would be refused: nothing was changed/);
    expect(stderr).toContain('--force-conflicts');
    expect(await names()).toEqual(['taken']);
    const forced = await cluster.run('apply -f - --force-conflicts', manifest('taken', { priority: 2 }));
    expect(forced).toMatchObject({ exitCode: 0, stdout: 'task/taken configured\n' });
  });

  it('takes a Pod for the Task that it is, and names what is wrong with it at its own fields', async () => {
    const pod = (container: string): string =>
      `apiVersion: v1\nkind: Pod\nmetadata: { name: lone }\nspec:\n  serviceAccountName: x\n  containers:\n    - ${container}\n`;
    const good = pod('{ name: main, image: "busybox:1" }');
    const created = await cluster.run('apply -f -', good);
    expect(created.stdout).toBe('task/lone created\n');
    expect(created.stderr).toBe(
      'warning: stdin:1: orch keeps these fields and does not act on them: spec.serviceAccountName\n',
    );
    expect((await cluster.task('lone')).spec).toMatchObject({ image: 'busybox:1' });
    expect((await cluster.run('apply -f -', good)).stdout).toBe('task/lone unchanged\n');
    const edited = await cluster.run('diff -f -', pod('{ name: main, image: "busybox:2" }'));
    expect(edited.exitCode).toBe(2);
    expect(edited.stdout).toContain('busybox:2');
    const bad = await cluster.run('apply -f -', pod('{ name: main, image: a, livenessProbe: { exec: {}, grpc: {} } }'));
    expect(bad.stderr).toMatch(/stdin:7:\d+: spec\.containers\[0\]\.livenessProbe\.exec\.command: is required/);
    const twice = await cluster.run('apply -f -', `${good}---\n${manifest('lone')}`);
    expect(twice.stderr).toContain('task "lone" is already at stdin:1');
    expect((await cluster.run('delete -f -', good)).stdout).toContain('task/lone deleted');
  });

  it('makes a namespace before what lives in it, wherever it stands', async () => {
    const input = manifests(
      manifest('inside', {}, { namespace: 'shop' }),
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }),
    );
    expect(await cluster.run('apply -f -', input)).toMatchObject({
      exitCode: 0,
      stdout: 'namespace/shop created\ntask/inside created\n',
    });
    expect((await cluster.run('get tasks -n shop -o name')).stdout).toBe('task.orch.dev/inside\n');
  });

  it('takes -n for those without a namespace, and refuses a contradiction', async () => {
    await cluster.run(
      'apply -f -',
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }),
    );
    await cluster.run('apply -f - -n shop', manifest('web'));
    expect((await cluster.run('get task web -n shop -o name')).exitCode).toBe(0);
    const { exitCode, stderr } = await cluster.run('apply -f - -n default', manifest('web', {}, { namespace: 'shop' }));
    expect(exitCode).toBe(1);
    expect(stderr).toContain('in the namespace shop, and -n says default');
  });

  it('waits until tasks run, and tells meanwhile what they wait for', async () => {
    const running = cluster.start('apply -f - --wait --timeout 20s');
    running.stdin.end(manifests(manifest('web'), manifest('once', { restartPolicy: 'Never' })));
    await waitFor('both to be applied', () => running.stdout.includes('task/once created'));
    await cluster.report('web', { state: 'Scheduled', reason: 'PullingImage', message: 'busybox' });
    await waitFor('the progress', () => running.stderr.includes('task/web Scheduled: PullingImage: busybox'));
    await cluster.report('web', { state: 'Running' });
    await cluster.report('once', { state: 'Running' });
    expect(await running.ended).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/task\/web Running on n1\ntask\/once Running on n1\n$/),
    });
  });

  it('ends waiting with what is the matter: a failure for good, or the time being up', async () => {
    const failing = cluster.start('apply -f - --wait --timeout 20s');
    failing.stdin.end(manifest('once', { restartPolicy: 'Never' }));
    await waitFor('it to be applied', () => failing.stdout.includes('created'));
    await cluster.report('once', { state: 'Failed', exitCode: 3, message: 'the command ended' });
    expect(await failing.ended).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/task\/once Failed: the command ended \(exit code 3\)/),
    });
    expect(await cluster.run('apply -f - --wait --timeout 200ms', manifest('web'))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/task\/web not ready after 0\.2 s: Pending/),
    });
  });

  it('prunes what was applied before and left the input, and nothing else', async () => {
    const shop = { labels: { app: 'shop' } };
    await cluster.run(
      'apply -f -',
      manifests(manifest('a', {}, shop), manifest('b', {}, shop), manifest('unlabelled')),
    );
    await cluster.run('apply -f - --field-manager folder', manifest('of-a-folder', {}, shop));
    const prune = ['apply', '-f', '-', '--prune', '-l', 'app=shop'];
    expect((await cluster.runArgs([...prune, '--dry-run=server'], manifest('a', {}, shop))).stdout).toContain(
      'task/b pruned (dry run)',
    );
    expect(await names()).toContain('b');
    expect((await cluster.runArgs(prune, manifest('a', {}, shop))).stdout).toBe('task/a unchanged\ntask/b pruned\n');
    expect(await names()).toEqual(['a', 'of-a-folder', 'unlabelled']);
    const empty = await cluster.runArgs(
      prune,
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } }),
    );
    expect(empty).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('--prune deletes nothing when the input holds no task'),
    });
    expect(await names()).toContain('a');
  });

  it('does not prune more than 20 tasks unless that is meant', async () => {
    const shop = { labels: { app: 'shop' } };
    const many = Array.from({ length: 22 }, (_, index) => manifest(`t${index}`, {}, shop));
    await cluster.run('apply -f -', manifests(...many));
    const prune = ['apply', '-f', '-', '--prune', '-l', 'app=shop'];
    const refused = await cluster.runArgs(prune, manifest('t0', {}, shop));
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/would delete 21 tasks.*--yes/) });
    expect(await names()).toHaveLength(22);
    expect((await cluster.runArgs([...prune, '--yes'], manifest('t0', {}, shop))).exitCode).toBe(0);
    expect(await names()).toEqual(['t0']);
  });
});

describe('get', () => {
  beforeEach(async () => {
    const input = manifests(manifest('web', {}, { labels: { app: 'shop' } }), manifest('db'));
    await cluster.run('apply -f -', input);
    await cluster.report('web', { state: 'Running' });
  });

  it('shows tables: narrow, wide, of all namespaces, of several kinds, selected, sorted', async () => {
    expect((await cluster.run('get tasks')).stdout).toMatch(
      /^NAME +STATE +RESTARTS +NODE +AGE\ndb +Pending +0 +<none> +\d+s\nweb +Running +0 +n1 +\d+s\n$/,
    );
    expect((await cluster.run('get task/web -o wide')).stdout).toMatch(/IMAGE.*\nweb .* busybox /);
    expect((await cluster.run('get tk -A --no-headers')).stdout).toMatch(/^default +db /);
    expect((await cluster.run('get tasks,namespaces')).stdout).toMatch(
      /task\.orch\.dev\/web[^]*\n\nNAME[^]*namespace\/default/,
    );
    expect((await cluster.run('get tasks -l app=shop -o name')).stdout).toBe('task.orch.dev/web\n');
    expect((await cluster.run('get tasks --field-selector status.state=Pending -o name')).stdout).toBe(
      'task.orch.dev/db\n',
    );
    expect((await cluster.run('get tasks --sort-by .status.state --no-headers')).stdout).toMatch(/^db [^]*\nweb /);
    expect((await cluster.run('get tasks --show-labels')).stdout).toMatch(/web .* app=shop\n/);
  });

  it('shows the objects themselves', async () => {
    expect(JSON.parse((await cluster.run('get task web -o json')).stdout)).toMatchObject({
      kind: 'Task',
      metadata: { name: 'web' },
      status: { state: 'Running' },
    });
    const yaml = (await cluster.run('get task web -o yaml')).stdout;
    expect(yaml).toMatch(/^apiVersion: orch\.dev\/v1\nkind: Task\n/);
    expect(yaml).not.toContain('managedFields');
    expect((await cluster.run('get task web -o yaml --show-managed-fields')).stdout).toContain('managedFields');
    expect((await cluster.run('get task web -o jsonpath={.status.state}')).stdout).toBe('Running');
    expect((await cluster.run('get tasks -o custom-columns=N:.metadata.name,S:.status.state')).stdout).toBe(
      'N     S\ndb    Pending\nweb   Running\n',
    );
    expect(JSON.parse((await cluster.run('get tasks -o json')).stdout)).toMatchObject({
      kind: 'List',
      items: [{}, {}],
    });
  });

  it('says what is not there, and still shows what is', async () => {
    const some = await cluster.run('get task web nope');
    expect(some).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('web') });
    expect(some.stderr).toMatch(/tasks\.orch\.dev "nope" not found/);
    expect(await cluster.run('get task nope -o json')).toMatchObject({ exitCode: 1, stdout: '' });
    expect(await cluster.run('get task nope --ignore-not-found')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await cluster.run('get nodes')).toMatchObject({ exitCode: 0, stdout: '', stderr: 'No nodes found.\n' });
    expect((await cluster.run('get tasks --field-selector status.colour=red')).stderr).toMatch(
      /can be selected by .*status\.state/,
    );
  });

  it('goes on with -w and prints what changes, as table and as objects', async () => {
    const table = cluster.start('get tasks -w');
    const objects = cluster.start('get task web -w -o jsonpath={.status.state}');
    await waitFor('the tables', () => table.stdout.includes('web') && objects.stdout.includes('Running'));
    await cluster.report('web', { state: 'Completed' });
    await waitFor('the change', () => table.stdout.includes('Completed') && objects.stdout.includes('Completed'));
    table.stop();
    objects.stop();
    expect((await table.ended).stdout.match(/NAME/g)).toHaveLength(1);
    expect((await objects.ended).stdout).toBe('Running\nCompleted\n');
  });
});

describe('describe and events', () => {
  it('show how a task is, why, and what happened to it', async () => {
    await cluster.run('apply -f -', manifest('web', { env: [{ name: 'A', value: '1' }] }));
    await cluster.report('web', {
      state: 'Failed',
      reason: 'BackOff',
      message: 'the command was not found',
      exitCode: 127,
    });
    const { stdout } = await cluster.run('describe task web');
    for (const line of [
      /^Name: +web$/m,
      /^State: +Failed$/m,
      /^Reason: +BackOff$/m,
      /^Message: +the command was not found$/m,
      /^Node: +n1$/m,
      /^Exit Code: +127$/m,
      /^ {2}Image: +busybox$/m,
      /^Events:$/m,
      /Pending -> Scheduled/,
      /Scheduled -> Failed/,
    ]) {
      expect(stdout).toMatch(line);
    }
    expect((await cluster.run('events --for task/web')).stdout).toMatch(/task\/web +Scheduled -> Failed/);
    expect((await cluster.run('describe task nope')).exitCode).toBe(1);
  });

  it('show what happened to objects of any kind, also to those without a namespace', async () => {
    const { registry } = cluster.api;
    const spec = {
      selector: { matchLabels: { app: 'shop' } },
      template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'a', image: 'busybox' }] } },
    };
    const objects = [
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop', namespace: 'default' }, spec },
      { apiVersion: 'orch.dev/v1', kind: 'Source', metadata: { name: 'shop' }, spec: { folder: { path: '/shop' } } },
    ];
    for (const [index, kind] of [deploymentKind, sourceKind].entries()) {
      const { object } = await registry.create(kind, objects[index]);
      const { uid, namespace } = object.metadata;
      await registry.recordTaskEvent({
        regarding: { kind: kind.kind, name: 'shop', uid, ...(namespace && { namespace }) },
        type: 'Normal',
        reason: 'Happened',
        message: `to the ${kind.singular}`,
        source: 'test',
      });
    }
    const description = (await cluster.run('describe deployment shop')).stdout;
    expect(description).toMatch(
      /^Events:\n +TYPE +REASON +AGE +FROM +MESSAGE\n +Normal +Happened +\S+ +test +to the deployment$/m,
    );
    expect((await cluster.run('describe source shop')).stdout).toMatch(/Happened .* to the source$/m);
    const { stdout } = await cluster.run('events --for deploy/shop -n default');
    expect(stdout).toMatch(/OBJECT/);
    expect(stdout).toMatch(/deployment\/shop +Happened +to the deployment/);
    expect(stdout).not.toContain('to the source');
    expect((await cluster.run('events --for source/shop -n elsewhere')).stdout).toMatch(/source\/shop +Happened/);
  });

  it('events -w prints what happens next', async () => {
    const watching = cluster.start('events -w');
    await cluster.run('apply -f -', manifest('web'));
    await waitFor('the event', () => /task\/web +Pending/.test(watching.stdout));
    watching.stop();
    expect((await watching.ended).exitCode).toBe(0);
  });

  it('a node is described with what is placed on it; cordon and uncordon change it', async () => {
    await cluster.addNode('n1');
    const status = { capacity: { cpu: '2', memory: '4Gi' }, allocatable: { cpu: '1800m' }, taskCount: 1 };
    await cluster.api.request('PATCH', '/api/v1/nodes/n1/status', {
      body: { status },
      type: 'application/merge-patch+json',
    });
    await cluster.run('apply -f -', manifest('web', { resources: { cpu: '100m' } }));
    await cluster.report('web', { state: 'Running' });
    expect(await cluster.run('cordon node/n1')).toMatchObject({ exitCode: 0, stdout: 'node/n1 cordoned\n' });
    const { stdout } = await cluster.run('describe node n1');
    expect(stdout).toMatch(/^Unschedulable: +true$/m);
    expect(stdout).toMatch(/^ {2}cpu +2 +1800m/m);
    expect(stdout).toMatch(/^ {2}default +web +Running +100m/m);
    expect((await cluster.run('get nodes')).stdout).toContain('SchedulingDisabled');
    await cluster.run('uncordon n1');
    expect((await cluster.run('get nodes')).stdout).not.toContain('SchedulingDisabled');
  });
});

describe('top', () => {
  it('shows what nodes and tasks use', async () => {
    await cluster.addNode('n1');
    const usage = { cpuMillicores: 900, memoryBytes: 64 * 2 ** 20, time: '2026-01-01T00:00:00Z' };
    await cluster.api.request('PATCH', '/api/v1/nodes/n1/status', {
      body: { status: { allocatable: { cpu: '1800m', memory: '1Gi' }, usage } },
      type: 'application/merge-patch+json',
    });
    expect((await cluster.run('top tasks')).stderr).toContain('No tasks are running.');
    await cluster.run('apply -f -', manifests(manifest('web'), manifest('idle')));
    await cluster.report('web', { state: 'Running', usage });
    expect((await cluster.run('top nodes')).stdout).toBe(
      'NAME   CPU    CPU%   MEMORY   MEMORY%\nn1     900m   50%    64Mi     6%\n',
    );
    expect((await cluster.run('top tasks -A')).stdout).toBe(
      'NAMESPACE   NAME   CPU    MEMORY   NODE\ndefault     web    900m   64Mi     n1\n',
    );
    expect((await cluster.run('top task web --no-headers')).stdout).toBe('web   900m   64Mi   n1\n');
    expect((await cluster.run('top sources')).stderr).toContain('choose nodes or tasks');
    expect((await cluster.run('top nodes --sort-by disk')).stderr).toContain('choose cpu or memory');
  });
});

describe('drain', () => {
  beforeEach(async () => {
    await cluster.addNode('n1');
    await cluster.run('apply -f -', manifests(manifest('web'), manifest('stuck')));
    for (const name of ['web', 'stuck']) await cluster.report(name, { state: 'Running' });
  });

  const leave = (name: string): Promise<unknown> =>
    cluster.api.registry.mutate<StoredTask>(taskKind, { namespace: 'default', name }, ({ spec, ...task }) => {
      const { nodeName: _left, ...rest } = spec;
      return { ...task, spec: rest, status: { state: 'Pending' } };
    });

  it('cordons the node, asks its tasks to leave, waits for that, and says who stays', async () => {
    const draining = cluster.start('drain n1 --timeout 3s');
    await waitFor('the wishes', () => draining.stdout.includes('task/stuck in default is asked to leave'));
    expect((await cluster.run('get nodes')).stdout).toContain('SchedulingDisabled');
    expect((await cluster.task('web')).status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True' }),
    );
    await leave('web');
    const { exitCode, stdout, stderr } = await draining.ended;
    expect(exitCode).toBe(1);
    expect(stdout).not.toContain('drained');
    expect(stderr).toContain('default/stuck is still on n1: Running');
    expect(stderr).not.toContain('default/web is still');
    await leave('stuck');
    expect(await cluster.run('drain node/n1')).toMatchObject({
      exitCode: 0,
      stdout: 'node/n1 cordoned\nnode/n1 drained\n',
    });
  });

  it('changes nothing with --dry-run, and does not move what was put there by hand', async () => {
    expect((await cluster.run('drain n1 --dry-run')).stdout).toContain('task/web in default would be asked to leave');
    expect((await cluster.run('get nodes')).stdout).not.toContain('SchedulingDisabled');
    expect((await cluster.task('web')).status?.conditions ?? []).toEqual([]);
    const byHand = [{ type: 'Scheduled', status: 'True', reason: 'AssignedByHand', lastTransitionTime: '' }] as const;
    for (const name of ['web', 'stuck']) await cluster.report(name, { state: 'Running', conditions: [...byHand] });
    const { exitCode, stderr } = await cluster.run('drain n1');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('it was put on n1 by hand');
    expect(stderr).toContain('2 of 2 tasks stay on node/n1');
    expect((await cluster.run('drain nobody')).stderr).toContain('nodes "nobody" not found');
  });
});

describe('delete', () => {
  beforeEach(() => cluster.addNode('n1'));

  it('waits until the containers are gone', async () => {
    await cluster.run('apply -f -', manifests(manifest('web'), manifest('idle')));
    await cluster.report('web', { state: 'Running', containerID: 'c1' });
    const deleting = cluster.start('delete task web idle');
    await waitFor('the progress', () => deleting.stderr.includes('task/web is being stopped on n1'));
    expect(deleting.stdout).toBe('task/idle deleted\n');
    await cluster.confirmGone('web');
    expect(await deleting.ended).toMatchObject({ exitCode: 0, stdout: 'task/idle deleted\ntask/web deleted\n' });
  });

  it("does not wait with --no-wait, nor with kubectl's --wait=false, and tells what hangs when the time is up", async () => {
    await cluster.run('apply -f -', manifest('web'));
    await cluster.report('web', { state: 'Running', containerID: 'c1' });
    for (const flag of ['--no-wait', '--wait=false']) {
      expect(await cluster.run(`delete task/web ${flag}`)).toMatchObject({
        exitCode: 0,
        stdout: 'task/web is being deleted\n',
      });
    }
    const late = await cluster.run('delete task/web --timeout 100ms');
    expect(late).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/not gone after 0\.1 s: is being stopped on n1/),
    });
    const forced = await cluster.run('delete task/web --force');
    expect(forced).toMatchObject({
      exitCode: 0,
      stdout: 'task/web deleted\n',
      stderr: expect.stringContaining('goes on running'),
    });
  });

  it('takes files, labels and --all, never all by accident', async () => {
    const folder = join(cluster.folder, 'manifests');
    await mkdir(folder);
    await writeFile(join(folder, 'a.yaml'), manifest('a', {}, { labels: { app: 'shop' } }));
    await cluster.run('apply -f -', manifests(manifest('b', {}, { labels: { app: 'shop' } }), manifest('c')));
    await cluster.run(`apply -f ${folder}`);
    expect(await cluster.run('delete tasks')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('which ones?'),
    });
    expect((await cluster.run(`delete -f ${folder} --dry-run=server`)).stdout).toBe('task/a deleted (dry run)\n');
    expect((await cluster.run(`delete -f ${folder}`)).stdout).toBe('task/a deleted\n');
    expect(await cluster.run(`delete -f ${folder}`)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('not found'),
    });
    expect((await cluster.run(`delete -f ${folder} --ignore-not-found`)).exitCode).toBe(0);
    expect((await cluster.run('delete tasks -l app=shop')).stdout).toBe('task/b deleted\n');
    expect((await cluster.run('delete tasks --all')).stdout).toBe('task/c deleted\n');
  });
});

describe('stop, start, wait and diff', () => {
  it('stop and start change what is wished for, and wait for it', async () => {
    await cluster.run('apply -f -', manifest('web'));
    await cluster.report('web', { state: 'Running' });
    const stopping = cluster.start('stop task/web --wait --timeout 20s');
    await waitFor('the wish', async () => (await cluster.task('web')).spec.desiredState === 'Completed');
    await cluster.report('web', { state: 'Completed' });
    expect(await stopping.ended).toMatchObject({
      exitCode: 0,
      stdout: 'task/web is being stopped\ntask/web Completed\n',
    });
    // The manifest says nothing about it: it stays stopped.
    await cluster.run('apply -f -', manifest('web'));
    expect((await cluster.task('web')).spec.desiredState).toBe('Completed');
    expect((await cluster.run('start web')).stdout).toBe('task/web is being started\n');
    expect((await cluster.task('web')).spec.desiredState).toBe('Running');
    expect(await cluster.run('stop nope')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('not found') });
  });

  it('wait ends when it is so, and with 1 when it is not in time', async () => {
    await cluster.run('apply -f -', manifest('web'));
    const waiting = cluster.start('wait task/web --for=state=Running --timeout 20s');
    await waitFor('the look', () => waiting.stderr.includes('Pending'));
    await cluster.report('web', { state: 'Running' });
    expect(await waiting.ended).toMatchObject({ exitCode: 0, stdout: 'task/web Running\n' });
    const late = await cluster.run('wait task/web --for=condition=Ready --timeout 100ms');
    expect(late).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('condition Ready is absent') });
    expect((await cluster.run('wait task/nope --for=delete')).exitCode).toBe(0);
  });

  it('diff shows what apply would change, with exit code 2, and changes nothing', async () => {
    await cluster.run('apply -f -', manifest('web', { priority: 1 }));
    await cluster.report('web', { state: 'Running' });
    expect(await cluster.run('diff -f -', manifest('web', { priority: 1 }))).toMatchObject({ exitCode: 0, stdout: '' });
    const changed = await cluster.run('diff -f -', manifests(manifest('web', { image: 'busybox:2' }), manifest('new')));
    expect(changed.exitCode).toBe(2);
    expect(changed.stdout).toContain('- spec.image: busybox\n+ spec.image: busybox:2\n');
    expect(changed.stdout).toContain('- spec.priority: 1\n');
    expect(changed.stdout).toContain('+++ task/new (new)\n');
    expect(changed.stdout).not.toContain('status');
    expect(await names()).toEqual(['web']);
  });
});

describe('label, annotate, patch, set and taint', () => {
  beforeEach(async () => void (await cluster.run('apply -f -', manifests(manifest('web'), manifest('db')))));

  it('set and remove labels and annotations, of what is named or chosen', async () => {
    expect((await cluster.run('label task web tier=front')).stdout).toBe('task/web labeled\n');
    const taken = await cluster.run('label task/web tier=back');
    expect(taken).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('"tier" is "front" already') });
    expect((await cluster.run('label task/web tier=back --overwrite')).stdout).toBe('task/web labeled\n');
    expect((await cluster.run('label tasks --all tier=back --overwrite')).stdout).toBe(
      'task/db labeled\ntask/web not labeled: it is so already\n',
    );
    expect((await cluster.run('annotate tasks -l tier=back note=x')).stdout).toBe(
      'task/db annotated\ntask/web annotated\n',
    );
    await cluster.run('label task web tier-');
    expect((await cluster.task('web')).metadata).toMatchObject({ annotations: { note: 'x' } });
    expect((await cluster.task('web')).metadata.labels?.['tier']).toBeUndefined();
    expect(await cluster.run('label tasks a=b')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('--all'),
    });
  });

  it('change fields and the image, and nothing in a dry run', async () => {
    expect((await cluster.run('patch task web -p {"spec":{"priority":5}}')).stdout).toBe('task/web patched\n');
    expect((await cluster.run('set image task/web web=busybox:9 --dry-run')).stdout).toBe(
      'task/web image updated (dry run)\n',
    );
    expect((await cluster.task('web')).spec).toMatchObject({ priority: 5, image: 'busybox' });
    expect((await cluster.run('set image task/web web=busybox:9')).stdout).toBe('task/web image updated\n');
    expect((await cluster.task('web')).spec.image).toBe('busybox:9');
    expect(await cluster.run('set image task/web nginx=busybox:9')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('there is no container "nginx": known are web'),
    });
    const bad = await cluster.run('patch task web -p {"spec":{"imagee":"x"}}');
    expect(bad).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('unknown field "spec.imagee"') });
  });

  it('taint nodes and take it back', async () => {
    await cluster.addNode('n1');
    const taints = async (): Promise<unknown> => {
      const { stdout } = await cluster.run('get node n1 -o json');
      return (JSON.parse(stdout) as { spec?: { taints?: unknown } }).spec?.taints ?? [];
    };
    expect((await cluster.run('taint node n1 disk=slow:NoSchedule')).stdout).toBe('node/n1 tainted\n');
    expect(await taints()).toEqual([{ key: 'disk', value: 'slow', effect: 'NoSchedule' }]);
    expect(await cluster.run('taint n1 disk=fast:NoSchedule')).toMatchObject({ exitCode: 1 });
    expect((await cluster.run('taint n1 disk-')).stdout).toBe('node/n1 untainted\n');
    expect(await taints()).toEqual([]);
  });
});

describe('logs and exec', () => {
  beforeEach(async () => {
    await cluster.run('apply -f -', manifest('web'));
    await cluster.report('web', { state: 'Running', containerID: 'c1' });
  });

  it('logs prints what the container said, with the options passed on', async () => {
    const asked: unknown[] = [];
    await cluster.serveStreams((request, stream) => {
      asked.push(request);
      stream.stdout('one\ntwo');
      stream.end({});
    });
    expect(await cluster.run('logs task/web --tail 2 -p --timestamps')).toMatchObject({
      exitCode: 0,
      stdout: 'one\ntwo',
    });
    expect(asked).toEqual([
      expect.objectContaining({ type: 'logs', tailLines: 2, previous: true, timestamps: true, follow: false }),
    ]);
    expect(await cluster.run('logs nope')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('not found') });
  });

  it('DK-23: logs -f goes on with the next container, shows no line twice, and ends with the task', async () => {
    const line = (second: number, text: string): string => `2026-01-01T00:00:0${second}.000000000Z ${text}\n`;
    let streams = 0;
    await cluster.serveStreams((_request, stream) => {
      streams += 1;
      if (streams === 1) {
        stream.stdout(line(1, 'first') + line(2, 'last words'));
        stream.end({});
      } else if (streams === 2) {
        stream.stdout(line(2, 'last words') + line(3, 'second container'));
      } else stream.end({});
    });
    const following = cluster.start('logs -f web');
    await waitFor('the first container', () => following.stdout.includes('last words'));
    await cluster.report('web', { state: 'Running', containerID: 'c2' });
    await waitFor('the second container', () => following.stdout.includes('second container'));
    expect(following.stdout).toBe('first\nlast words\nsecond container\n');
    following.stop();
    expect((await following.ended).exitCode).toBe(0);

    await cluster.report('web', { state: 'Completed' });
    streams = 10;
    expect((await cluster.run('logs -f web')).exitCode).toBe(0);
  });

  it('exec passes streams and the exit code through', async () => {
    let command: unknown;
    await cluster.serveStreams((request, stream) => {
      command = request;
      let input = '';
      stream.onInput((channel, payload) => {
        if (channel !== tunnelChannels.stdin) return;
        if (payload.length > 0) input += payload.toString();
        else {
          stream.stdout(input.toUpperCase());
          stream.stderr('done\n');
          stream.end({ exitCode: 3 });
        }
      });
    });
    const { exitCode, stdout, stderr } = await cluster.run('exec -i web -- tr a-z A-Z', 'hello\n');
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 3, stdout: 'HELLO\n', stderr: 'done\n' });
    expect(command).toMatchObject({ type: 'exec', command: ['tr', 'a-z', 'A-Z'], stdin: true, tty: false });
  });

  it('exec says why it could not run', async () => {
    await cluster.serveStreams((_request, stream) => {
      stream.end({ error: { code: 'BadRequest', message: 'the command "nope" is not in the image' } });
    });
    expect(await cluster.run('exec web -- nope')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('the command "nope" is not in the image'),
    });
  });
});

it('says which manager it talks to and what versions are there', async () => {
  expect((await cluster.run('version')).stdout).toMatch(/^orch +1\.2\.3 .*\nmanager +v/);
  const view = (await cluster.run('config view')).stdout;
  expect(view).toContain(cluster.api.server.url);
  expect(view).not.toContain(cluster.api.credentials.adminToken);
});
