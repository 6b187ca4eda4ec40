import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  revisionAnnotation,
  type Deployment,
  type DeploymentStatus,
  type StoredDeployment,
} from '../../src/model/deployment.js';
import { deploymentKind } from '../../src/model/deployment.js';
import { templateHash } from '../../src/model/pod-template.js';
import { replicaSetKind } from '../../src/model/replica-set.js';
import { taskKind } from '../../src/model/task.js';
import { waitFor } from '../support/wait-for.js';
import { manifest, startCliCluster, type CliCluster } from './cli-harness.js';

let cluster: CliCluster;
const key = { namespace: 'default', name: 'web' };

beforeAll(async () => {
  cluster = await startCliCluster();
  await cluster.api.registry.create(deploymentKind, deploymentOf(2, 'busybox'));
});

afterAll(() => cluster.close());

function deploymentOf(replicas: number, image: string): Deployment {
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image }] } };
  const spec = { replicas, selector: { matchLabels: labels }, template };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...key }, spec };
}

const read = (): Promise<StoredDeployment> => cluster.api.registry.get<StoredDeployment>(deploymentKind, key);

/** As the controller would write it, which is not here. */
async function report(status: DeploymentStatus): Promise<void> {
  await cluster.api.registry.mutate<StoredDeployment>(deploymentKind, key, (current) => ({
    ...current,
    status: { observedGeneration: current.metadata.generation, ...status },
  }));
}

describe('deployments from the command line', () => {
  it('are scaled', async () => {
    expect(await cluster.run('scale web --replicas=3')).toMatchObject({
      exitCode: 0,
      stdout: 'deployment/web scaled to 3\n',
    });
    expect((await read()).spec.replicas).toBe(3);
    const { exitCode, stderr } = await cluster.run('scale deployment/web --replicas=many');
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('whole number') as string,
    });
    expect((await cluster.run('scale task/web --replicas=1')).stderr).toContain('works on deployments, not on tasks');
    expect((await cluster.run('scale nothing --replicas=1')).stderr).toContain('"nothing" not found');
  });

  it('are paused, resumed and made anew', async () => {
    expect((await cluster.run('rollout pause web')).stdout).toBe('deployment/web paused\n');
    expect((await read()).spec.paused).toBe(true);
    expect((await cluster.run('rollout resume web')).stdout).toBe('deployment/web resumed\n');
    expect((await read()).spec.paused).toBeUndefined();
    expect((await cluster.run('rollout restart deployment/web')).stdout).toBe('deployment/web restarted\n');
    expect((await read()).spec.template.metadata?.annotations).toHaveProperty(['kubectl.kubernetes.io/restartedAt']);
    expect((await cluster.run('rollout stop web')).stderr).toContain(
      'choose status, history, undo, restart, pause or resume',
    );
  });

  it('are followed until they are rolled out', async () => {
    await report({ replicas: 4, updatedReplicas: 2 });
    const following = cluster.start('rollout status web --timeout 60s');
    await waitFor('progress', () => following.stderr.includes('2 of 3 tasks are made from the new template'));
    await report({ replicas: 4, updatedReplicas: 3, availableReplicas: 3 });
    await waitFor('progress', () => following.stderr.includes('tasks of the old template that are still there: 1'));
    await report({ replicas: 3, updatedReplicas: 3, availableReplicas: 3 });
    const { exitCode, stdout } = await following.ended;
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: 'deployment/web is rolled out: 3 of 3 tasks are available\n',
    });
  });

  it('are waited for when they are applied, beside tasks', async () => {
    const applying = cluster.start('apply -f - --wait --timeout 20s --force-conflicts');
    applying.stdin.end(`${JSON.stringify(deploymentOf(2, 'busybox:2'))}\n---\n${manifest('job')}`);
    await waitFor('the old status not to count', () =>
      applying.stderr.includes('deployment/web the change was not seen yet'),
    );
    await report({ replicas: 4, updatedReplicas: 1, availableReplicas: 3 });
    await waitFor('progress', () =>
      applying.stderr.includes('deployment/web 1 of 2 tasks are made from the new template'),
    );
    await cluster.report('job', { state: 'Running', startTime: '2026-01-01T00:00:00Z' });
    await report({ replicas: 2, updatedReplicas: 2, availableReplicas: 1 });
    await waitFor('progress', () => applying.stderr.includes('deployment/web 1 of 2 tasks are available'));
    await report({ replicas: 2, updatedReplicas: 2, availableReplicas: 2 });
    const { exitCode, stdout } = await applying.ended;
    expect({ exitCode, lines: stdout.trimEnd().split('\n').slice(2) }).toEqual({
      exitCode: 0,
      lines: ['deployment/web is rolled out: 2 of 2 tasks are available', 'task/job Running on n1'],
    });
  });

  it('say in the end how far a rollout is that takes too long, and where to look', async () => {
    await report({ replicas: 2, updatedReplicas: 2, availableReplicas: 1 });
    const { exitCode, stderr } = await cluster.run(
      'apply -f - --wait --timeout 3s --force-conflicts',
      JSON.stringify(deploymentOf(2, 'busybox:2')),
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain('deployment/web not ready after 3 s: 1 of 2 tasks are available');
    expect(stderr).toContain('`orch describe deployment NAME`');
  });

  it('say which task holds a rollout up, and why, as it changes', async () => {
    const { metadata } = await read();
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: metadata.uid, controller: true };
    for (const name of ['web-x-0', 'web-x-1']) {
      await cluster.api.registry.create(taskKind, {
        apiVersion: 'orch.dev/v1',
        kind: 'Task',
        metadata: { name, namespace: 'default', ownerReferences: [owner] },
        spec: { image: 'busybox:nope' },
      });
    }
    await report({ replicas: 2, updatedReplicas: 2, availableReplicas: 0 });
    const following = cluster.start('rollout status web --timeout 20s');
    await cluster.report('web-x-1', {
      state: 'Failed',
      reason: 'ImagePullFailed',
      message: 'cannot pull busybox:nope',
    });
    const trouble = 'tasks are available; web-x-1 ImagePullFailed: cannot pull busybox:nope';
    await waitFor('the task that fails', () => following.stderr.includes(trouble));
    await report({ replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2 });
    const { spec } = await read();
    await cluster.api.registry.mutate<StoredDeployment>(deploymentKind, key, (current) => ({
      ...current,
      status: {
        ...current.status,
        availableReplicas: spec.replicas ?? 1,
        updatedReplicas: spec.replicas ?? 1,
        replicas: spec.replicas ?? 1,
      },
    }));
    expect((await following.ended).exitCode).toBe(0);
    for (const name of ['web-x-0', 'web-x-1']) {
      await cluster.api.registry.delete(taskKind, { namespace: 'default', name }, { gracePeriodSeconds: 0 });
    }
  });

  it('fail when they make no progress, with the reason', async () => {
    const message = 'Deployment "web" has timed out progressing: task "web-1" is ImagePullFailed.';
    const condition = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message } as const;
    await report({ replicas: 3, updatedReplicas: 1, conditions: [condition] });
    expect(await cluster.run('rollout status web')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(message) as string,
    });
  });
});

/** As the controller would: the same object, and what it was made from. */
async function record(revision: number, image: string, cause?: string): Promise<void> {
  const { spec, metadata } = await read();
  const [container] = spec.template.spec.containers;
  const template = {
    ...spec.template,
    spec: { ...spec.template.spec, containers: [{ ...container, name: 'web', image }] },
  };
  const hash = templateHash(template);
  const labels = { app: 'web', 'pod-template-hash': hash };
  const record = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `web-${hash}`,
      namespace: 'default',
      labels,
      annotations: {
        [revisionAnnotation]: String(revision),
        ...(cause === undefined ? {} : { 'kubernetes.io/change-cause': cause }),
      },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: metadata.uid, controller: true },
      ],
    },
    spec: { selector: { matchLabels: labels }, template: { ...template, metadata: { ...template.metadata, labels } } },
  };
  await cluster.api.registry.create(replicaSetKind, record, { asSystem: true });
}

describe('the history of deployments from the command line', () => {
  it('is listed, and a template shown', async () => {
    await cluster.run('apply -f - --force-conflicts', JSON.stringify(deploymentOf(3, 'busybox')));
    expect((await cluster.run('rollout undo web')).stderr).toContain(
      'deployment/web has no older template to go back to',
    );
    await record(2, 'busybox:2', 'try two');
    await record(10, 'busybox', 'back to what worked');
    await record(9, 'busybox:9');
    expect((await cluster.run('rollout history web')).stdout).toBe(
      [
        'deployment/web',
        'REVISION   TASKS   IMAGE       CHANGE-CAUSE',
        '2          0       busybox:2   try two',
        '9          0       busybox:9   <none>',
        '10         0       busybox     back to what worked',
        '',
      ].join('\n'),
    );
    const { stdout } = await cluster.run('rollout history deployment/web --revision=9');
    expect(stdout).toContain('deployment/web revision 9:\n');
    expect(stdout).toMatch(/Image: +busybox:9/);
    expect(await cluster.run('rollout history web --revision=3')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('deployment/web has no revision 3: there are 2, 9, 10') as string,
    });
    expect((await cluster.run('rollout history web --revision=last')).stderr).toContain(
      'give the number of a revision',
    );
  });

  it('leads back: to the template of before, or to that of a revision, with the words about it', async () => {
    expect((await cluster.run('rollout undo web')).stdout).toBe(
      'deployment/web rolled back to the template of revision 9\n',
    );
    expect((await read()).spec.template.spec.containers[0]?.image).toBe('busybox:9');
    expect((await read()).spec.template.metadata?.labels).toEqual({ app: 'web' });
    expect((await cluster.run('rollout undo web --to-revision=2')).stdout).toContain('of revision 2\n');
    expect(await read()).toMatchObject({
      metadata: { annotations: { 'kubernetes.io/change-cause': 'try two' } },
      spec: { replicas: 3, template: { spec: { containers: [{ image: 'busybox:2' }] } } },
    });
    expect((await cluster.run('rollout undo web --to-revision=2')).stdout).toBe(
      'deployment/web has the template of revision 2 already\n',
    );
    await cluster.run('rollout pause web');
    expect(await cluster.run('rollout undo web')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('deployment/web is paused: resume it first') as string,
    });
  });
});
