import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startKubectlCluster } from './kubectl-cluster.js';
import { useKubectl, type Kubectl } from './kubectl-harness.js';

let kubectl: Kubectl;

useKubectl(
  () => startKubectlCluster(),
  (started) => {
    kubectl = started.kubectl;
    // Only where there is a kubectl there is something to clear up.
    clearUp = () =>
      kubectl.run(['delete', 'deployments,tasks,rs', '--all', '--grace-period=1', '--wait=true', '--timeout=20s']);
  },
);

let clearUp: () => Promise<unknown> = () => Promise.resolve();
afterEach(() => clearUp());

interface Manifest {
  image?: string;
  cause?: string;
  spec?: string;
}

const eventually = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 20_000 });

/** A Deployment `web` of two, with what Go's clients leave out or write in another way. */
async function apply({ image = 'busybox:1', cause = '', spec = '' }: Manifest = {}): Promise<string> {
  const file = await kubectl.write(
    'web.yaml',
    `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: { team: shop${cause === '' ? '' : `, kubernetes.io/change-cause: ${cause}`} }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
${spec}  template:
    metadata:
      labels: { app: web }
    spec:
      terminationGracePeriodSeconds: 1
      hostNetwork: false
      containers:
        - name: app
          image: ${image}
          command: [sleep, infinity]
          env: [{ name: EMPTY, value: '' }]
          resources: { limits: { cpu: 0.5, memory: 1024Mi } }
`,
  );
  await kubectl.succeeds('apply', '-f', file);
  await settled();
  return file;
}

async function settled(): Promise<void> {
  await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
}

/** The tasks of before are gone to the last container. */
async function leftAlone(): Promise<void> {
  await eventually(async () => (await kubectl.succeeds('get', 'tasks', '-o', 'name')).split('\n').length).toBe(3);
}

const value = (what: string, path: string): Promise<string> =>
  kubectl.succeeds('get', ...what.split(' '), '-o', `jsonpath=${path}`);

const image = (): Promise<string> => value('deploy web', '{.spec.template.spec.containers[0].image}');
const revision = (): Promise<string> =>
  value('deploy web', String.raw`{.metadata.annotations.deployment\.kubernetes\.io/revision}`);

/** [revision, cause] of each line. */
async function history(): Promise<string[][]> {
  const lines = (await kubectl.succeeds('rollout', 'history', 'deploy/web')).trim().split('\n');
  return lines.slice(2).map((line) => line.split(/ {2,}/));
}

describe('the history of a deployment with kubectl', () => {
  it('numbers the templates that were brought out, with why, and shows one of them', async () => {
    await apply({ cause: 'first' });
    await apply({ image: 'busybox:2', cause: 'second' });
    expect(await history()).toEqual([
      ['1', 'first'],
      ['2', 'second'],
    ]);
    expect(await revision()).toBe('2');
    const shown = await kubectl.succeeds('rollout', 'history', 'deploy/web', '--revision=1');
    expect(shown).toMatch(/deployment\.apps\/web with revision #1\nPod Template:/);
    expect(shown).toMatch(/Labels:\s+app=web\s+pod-template-hash=[0-9a-f]{10}/);
    expect(shown).toMatch(/Image:\s+busybox:1\n/);
    expect(await kubectl.fails('rollout', 'history', 'deploy/web', '--revision=9')).toContain(
      'unable to find the specified revision',
    );
    await kubectl.succeeds('annotate', 'deploy', 'web', 'kubernetes.io/change-cause=told later', '--overwrite');
    await kubectl.succeeds('wait', 'rs', '-l', 'app=web', '--for=jsonpath={.metadata.annotations.team}=shop');
    await eventually(history).toEqual([
      ['1', 'first'],
      ['2', 'told later'],
    ]);
  });

  it('goes back to the template of before, which takes the next number, and says when it is there already', async () => {
    await apply({ cause: 'first' });
    await apply({ image: 'busybox:2', cause: 'second' });
    expect(await kubectl.succeeds('rollout', 'undo', 'deploy/web')).toBe('deployment.apps/web rolled back\n');
    await settled();
    expect(await image()).toBe('busybox:1');
    await eventually(history).toEqual([
      ['2', 'second'],
      ['3', 'first'],
    ]);
    expect(await revision()).toBe('3');
    expect(await value('deploy web', '{.metadata.annotations.team}')).toBe('shop');
    await leftAlone();
    expect(await value('tasks', '{.items[*].spec.image}')).toBe('busybox:1 busybox:1');
    expect(await kubectl.succeeds('rollout', 'undo', 'deploy/web', '--to-revision=3')).toContain(
      'skipped rollback (current template already matches revision 3)',
    );
  });

  it('goes back to a template of any number, and to none that is not there', async () => {
    await apply();
    await apply({ image: 'busybox:2' });
    await apply({ image: 'busybox:3' });
    expect(await kubectl.succeeds('rollout', 'undo', 'deploy/web', '--to-revision=1', '--dry-run=client')).toContain(
      'busybox:1',
    );
    expect(await image()).toBe('busybox:3');
    await kubectl.succeeds('rollout', 'undo', 'deploy/web', '--to-revision=1');
    await settled();
    expect(await image()).toBe('busybox:1');
    await eventually(history).toEqual([
      ['2', '<none>'],
      ['3', '<none>'],
      ['4', '<none>'],
    ]);
    expect(await kubectl.fails('rollout', 'undo', 'deploy/web', '--to-revision=1')).toContain(
      'unable to find specified revision 1 in history',
    );
    await kubectl.succeeds('rollout', 'pause', 'deploy/web');
    expect(await kubectl.fails('rollout', 'undo', 'deploy/web')).toContain('cannot rollback a paused deployment');
  });

  it('is that of a restart as well, and keeps no more than spec.revisionHistoryLimit', async () => {
    await apply({ spec: '  revisionHistoryLimit: 1\n' });
    await apply({ image: 'busybox:2', spec: '  revisionHistoryLimit: 1\n' });
    await kubectl.succeeds('rollout', 'restart', 'deploy/web');
    await settled();
    await eventually(history).toEqual([
      ['2', '<none>'],
      ['3', '<none>'],
    ]);
  });

  it('is ReplicaSets that are listed and described, and of which the deployment tells', async () => {
    await apply();
    await apply({ image: 'busybox:2' });
    await leftAlone();
    const hash = await value('tasks', String.raw`{.items[0].metadata.labels.pod-template-hash}`);
    expect(await kubectl.succeeds('get', 'pods', '-l', `pod-template-hash=${hash}`, '-o', 'name')).toMatch(
      new RegExp(`^pod/web-${hash}-0\npod/web-${hash}-1\n$`),
    );
    await eventually(() =>
      kubectl.succeeds('get', 'rs', '--sort-by=.metadata.creationTimestamp', '--no-headers'),
    ).toMatch(new RegExp(`^web-[0-9a-f]{10} +0 +0 +0 +\\d+s\nweb-${hash} +2 +2 +2 +\\d+s\n$`));
    expect(await kubectl.succeeds('get', 'rs', '-o', 'wide')).toMatch(
      /NAME +DESIRED +CURRENT +READY +AGE +CONTAINERS +IMAGES +SELECTOR\n/,
    );
    expect(await kubectl.succeeds('get', 'all')).toContain(`replicaset.apps/web-${hash} `);
    const described = await kubectl.succeeds('describe', 'deploy', 'web');
    expect(described).toMatch(/OldReplicaSets: +web-[0-9a-f]{10} \(0\/0 replicas created\)/);
    expect(described).toContain(`NewReplicaSet:   web-${hash} (2/2 replicas created)`);
    expect(await kubectl.succeeds('describe', 'rs', `web-${hash}`)).toMatch(
      /Controlled By: +Deployment\/web\nReplicas: +2 current \/ 2 desired/,
    );
    expect(await kubectl.succeeds('explain', 'rs.spec.template')).toContain('PodTemplate');
  });

  it('is written by deployments only; what was deleted of it is gone, but for the template in use', async () => {
    await apply();
    await apply({ image: 'busybox:2' });
    const name = await value('rs', '{.items[0].metadata.name}');
    const says = 'Deployments write ReplicaSets';
    expect(await kubectl.fails('label', 'rs', name, 'a=b')).toContain(says);
    expect(await kubectl.fails('patch', 'rs', name, '-p', '{"spec":{"replicas":5}}')).toContain(says);
    expect(await kubectl.fails('scale', 'rs', name, '--replicas=5')).not.toBe('');
    const copy = (await kubectl.succeeds('get', 'rs', name, '-o', 'yaml')).replaceAll(name, 'x');
    // Of another object than the one that it was read from.
    const file = await kubectl.write('rs.yaml', copy.replace(/^ {2}(uid|resourceVersion): .*\n/gm, ''));
    expect(await kubectl.fails('create', '-f', file)).toContain(says);
    expect(await kubectl.fails('apply', '-f', file)).toContain(says);
    expect(await kubectl.fails('apply', '--server-side', '-f', file)).toContain(says);
    await kubectl.succeeds('delete', 'rs', '--all');
    await eventually(async () => (await history()).length).toBe(1);
    await settled();
    await leftAlone();
    expect(await value('tasks', '{.items[*].spec.image}')).toBe('busybox:2 busybox:2');
  });

  it('goes with its deployment, or stays for the next one', async () => {
    await apply({ cause: 'first' });
    const file = await apply({ image: 'busybox:2', cause: 'second' });
    await leftAlone();
    const tasks = await kubectl.succeeds('get', 'tasks', '-o', 'name');
    await kubectl.succeeds('delete', 'deploy', 'web', '--cascade=orphan');
    expect(await value('rs', '{.items[*].metadata.ownerReferences}')).toBe('');
    await kubectl.succeeds('apply', '-f', file);
    await settled();
    expect(await history()).toEqual([
      ['1', 'first'],
      ['2', 'second'],
    ]);
    expect(await kubectl.succeeds('get', 'tasks', '-o', 'name')).toBe(tasks);
    await kubectl.succeeds('delete', 'deploy', 'web', '--cascade=foreground', '--timeout=20s');
    expect(await kubectl.succeeds('get', 'rs', '-o', 'name')).toBe('');
  });

  it('changes nothing of what apply says, by whichever way', async () => {
    const file = await apply({ cause: 'first' });
    expect(await kubectl.succeeds('apply', '-f', file)).toBe('deployment.apps/web unchanged\n');
    expect(await kubectl.succeeds('diff', '-f', file)).toBe('');
    await kubectl.succeeds('delete', 'deploy', 'web', '--cascade=foreground', '--timeout=20s');
    await kubectl.succeeds('apply', '--server-side', '-f', file);
    await settled();
    expect(await revision()).toBe('1');
    const version = await value('deploy web', '{.metadata.resourceVersion}');
    await kubectl.succeeds('apply', '--server-side', '-f', file);
    expect(await value('deploy web', '{.metadata.resourceVersion}')).toBe(version);
    // As somebody has it who keeps what a cluster showed.
    const kept = (await readFile(file, 'utf8')).replace(
      '{ team: shop',
      '{ deployment.kubernetes.io/revision: "7", team: shop',
    );
    await kubectl.succeeds('apply', '--server-side', '-f', await kubectl.write('kept.yaml', kept));
    expect(await value('deploy web', '{.metadata.resourceVersion}')).toBe(version);
    await kubectl.succeeds('replace', '-f', file);
    await eventually(revision).toBe('1');
  });
});
