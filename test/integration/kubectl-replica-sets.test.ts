import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { startKubectlCluster } from './kubectl-cluster.js';
import { useKubectl, type Kubectl } from './kubectl-harness.js';

let kubectl: Kubectl;
let clearUp: () => Promise<unknown> = () => Promise.resolve();

useKubectl(
  () => startKubectlCluster(),
  (started) => {
    ({ kubectl } = started);
    clearUp = () => kubectl.run(['delete', 'deploy,rs,rc,pods', '--all', '--force', '--wait=true', '--timeout=20s']);
  },
);

afterEach(() => clearUp());

interface PodList {
  items: { metadata: { name: string; deletionTimestamp?: string } }[];
}

interface Shape {
  replicas?: number;
  labels?: Record<string, string>;
  selector?: object;
  image?: string;
}

const manifestOf = (kind: 'ReplicaSet' | 'ReplicationController', name: string, shape: Shape = {}): string => {
  const { replicas = 2, labels = { app: name }, image = 'busybox:1' } = shape;
  const selector = shape.selector ?? (kind === 'ReplicaSet' ? { matchLabels: labels } : undefined);
  const template = {
    metadata: { labels },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image }] },
  };
  return JSON.stringify({
    apiVersion: kind === 'ReplicaSet' ? 'apps/v1' : 'v1',
    kind,
    metadata: { name },
    spec: { replicas, ...(selector === undefined ? {} : { selector }), template },
  });
};

const apply = async (text: string): Promise<string> =>
  kubectl.succeeds('apply', '-f', await kubectl.write('manifest.yaml', text));

/** Names of pods with this label that are not on their way out. */
async function pods(selector: string): Promise<string[]> {
  const list = JSON.parse(await kubectl.succeeds('get', 'pods', '-l', selector, '-o', 'json')) as PodList;
  return list.items.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.name);
}

const has = (selector: string, count: number): Promise<string[]> =>
  waitFor(`${count} pods with ${selector}`, async () => {
    const names = await pods(selector);
    return names.length === count && names;
  });

const statusOf = async (what: string): Promise<Record<string, unknown>> =>
  JSON.parse(await kubectl.succeeds('get', what, '-o', 'jsonpath={.status}')) as Record<string, unknown>;

const ownersOf = (name: string): Promise<string> =>
  kubectl.succeeds('get', 'pod', name, '-o', 'jsonpath={range .metadata.ownerReferences[*]}{.kind}/{.name}{end}');

describe.each(['ReplicaSet', 'ReplicationController'] as const)('%s', (kind) => {
  const resource = kind === 'ReplicaSet' ? 'rs' : 'rc';

  it('makes pods that it owns, counts them, makes what is missing again, and is scaled', async () => {
    await apply(manifestOf(kind, 'web'));
    const [first = ''] = await has('app=web', 2);
    expect(first).toMatch(/^web-[a-z0-9]{5}$/);
    expect(await ownersOf(first)).toBe(`${kind}/web`);
    const counts = { replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
    await waitFor('a complete status', async () => (await statusOf(`${resource}/web`))['availableReplicas'] === 2);
    expect(await statusOf(`${resource}/web`)).toEqual({ ...counts, observedGeneration: 1 });
    expect(await kubectl.succeeds('get', resource, 'web')).toMatch(/NAME +DESIRED +CURRENT +READY +AGE\nweb +2 +2 +2 /);
    expect(await kubectl.succeeds('describe', resource, 'web')).toMatch(/2 Running/);
    await kubectl.succeeds('delete', 'pod', first);
    await has('app=web', 2);
    await kubectl.succeeds('scale', `${resource}/web`, '--replicas=3', '--timeout=20s');
    await has('app=web', 3);
    await kubectl.succeeds('scale', `${resource}/web`, '--replicas=1', '--current-replicas=3');
    await has('app=web', 1);
    expect(await apply(manifestOf(kind, 'web', { replicas: 1, image: 'busybox:2' }))).toContain('configured');
    const images = await kubectl.succeeds('get', 'pods', '-o', 'jsonpath={.items[*].spec.containers[*].image}');
    expect(images).not.toContain('busybox:2');
  });

  it('takes over pods that it selects, and lets go of one whose labels change', async () => {
    await kubectl.succeeds('run', 'early', '--image=busybox:1', '--labels=app=adopts');
    await apply(manifestOf(kind, 'adopts'));
    await waitFor('the pod is taken over', async () => (await ownersOf('early')) === `${kind}/adopts`);
    await has('app=adopts', 2);
    await kubectl.succeeds('label', 'pod', 'early', 'app=freed', '--overwrite');
    await waitFor('the pod is let go', async () => (await ownersOf('early')) === '');
    await has('app=adopts', 2);
    expect(await pods('app=freed')).toEqual(['early']);
  });

  it('takes its pods along when it is deleted, or leaves them with --cascade=orphan', async () => {
    await apply(manifestOf(kind, 'kept'));
    const names = await has('app=kept', 2);
    await kubectl.succeeds('delete', resource, 'kept', '--cascade=orphan');
    for (const name of names) await waitFor('no owner', async () => (await ownersOf(name)) === '');
    expect(await pods('app=kept')).toEqual(names);
    await apply(manifestOf(kind, 'kept'));
    for (const name of names) await waitFor('taken over', async () => (await ownersOf(name)) === `${kind}/kept`);
    expect(await pods('app=kept')).toEqual(names);
    await kubectl.succeeds('delete', resource, 'kept');
    await has('app=kept', 0);
  });
});

describe('what is refused', () => {
  it('is a selector that does not match, or changes, and a template that no pod can be made of', async () => {
    const file = (text: string): Promise<string> => kubectl.write('bad.yaml', text);
    const other = { matchLabels: { app: 'other' } };
    const wrong = await file(manifestOf('ReplicaSet', 'bad', { selector: other }));
    expect(await kubectl.fails('create', '-f', wrong)).toContain('`selector` does not match template `labels`');
    await apply(manifestOf('ReplicaSet', 'fixed', { replicas: 0 }));
    const changed = await file(manifestOf('ReplicaSet', 'fixed', { replicas: 0, labels: { app: 'new' } }));
    expect(await kubectl.fails('replace', '-f', changed)).toContain('spec.selector: field is immutable');
    const odd = await file(manifestOf('ReplicationController', 'odd', { selector: { app: 'other' } }));
    expect(await kubectl.fails('create', '-f', odd)).toContain('does not match template');
    const unnamed = await file(manifestOf('ReplicaSet', 'no-image', { image: 'NOT AN IMAGE' }));
    expect(await kubectl.fails('create', '-f', unnamed)).toContain('spec.template.spec.containers[0].image');
  });

  it('is a change of what a Deployment wrote', async () => {
    await kubectl.succeeds('create', 'deployment', 'd', '--image=busybox:1');
    const name = await waitFor('a record', async () => (await kubectl.succeeds('get', 'rs', '-o', 'name')).trim());
    expect(await kubectl.fails('scale', name, '--replicas=5')).toContain('change the Deployment');
    expect(await kubectl.fails('label', name, 'a=b')).toContain('change the Deployment');
    expect((await has('app=d', 1)).length).toBe(1);
  });
});
