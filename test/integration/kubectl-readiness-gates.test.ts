import { CoreV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { startKubectlCluster } from './kubectl-cluster.js';
import { useKubectl, type Kubectl } from './kubectl-harness.js';

let kubectl: Kubectl;
let core: CoreV1Api;
let clearUp: () => Promise<unknown> = () => Promise.resolve();

useKubectl(
  () => startKubectlCluster(),
  (started) => {
    ({ kubectl } = started);
    const config = new KubeConfig();
    config.loadFromFile(kubectl.file('config'));
    core = config.makeApiClient(CoreV1Api);
    clearUp = () => kubectl.run(['delete', 'deployments,pods', '--all', '--force', '--wait=true', '--timeout=20s']);
  },
);

afterEach(() => clearUp());

const gate = 'example.com/load-balanced';
const spec = { readinessGates: [{ conditionType: gate }], containers: [{ name: 'c', image: 'busybox:1' }] };
const pod = (name: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });

const conditionOf = async (name: string, type: string): Promise<string> => {
  const path = `{range .status.conditions[?(@.type=="${type}")]}{.status} {.reason} {.message}{end}`;
  return (await kubectl.succeeds('get', 'pod', name, '-o', `jsonpath=${path}`)).trim();
};

const setGate = (name: string, status: string): Promise<string> => {
  const patch = JSON.stringify({ status: { conditions: [{ type: gate, status, reason: 'Told' }] } });
  return kubectl.succeeds('patch', 'pod', name, '--subresource=status', '--type=strategic', '-p', patch);
};

describe('readiness gates', () => {
  it('hold a pod back from Ready until its condition is True, and again when it is False', async () => {
    await kubectl.succeeds('apply', '-f', await kubectl.write('gated.yaml', pod('gated')));
    await kubectl.succeeds('wait', 'pod/gated', '--for=condition=ContainersReady', '--timeout=20s');
    expect(await conditionOf('gated', 'Ready')).toBe(
      `False ReadinessGatesNotReady readiness gate "${gate}" has no condition yet`,
    );
    expect(await kubectl.succeeds('get', 'pod', 'gated', '-o', 'wide')).toMatch(/ 0\/1\n$/);
    await setGate('gated', 'True');
    await kubectl.succeeds('wait', 'pod/gated', '--for=condition=Ready', '--timeout=20s');
    expect(await kubectl.succeeds('get', 'pod', 'gated', '-o', 'wide')).toMatch(/ 1\/1\n$/);
    await setGate('gated', 'False');
    expect(await conditionOf('gated', 'Ready')).toBe(`False ReadinessGatesNotReady readiness gate "${gate}" is False`);
    expect(await conditionOf('gated', 'ContainersReady')).toBe('True');
    expect(await kubectl.succeeds('apply', '-f', kubectl.file('gated.yaml'))).toBe('pod/gated unchanged\n');
  });

  it('count for the availability of a Deployment', async () => {
    const labels = { app: 'd' };
    const manifest = JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    });
    await kubectl.succeeds('apply', '-f', await kubectl.write('d.yaml', manifest));
    await kubectl.succeeds('wait', 'pod', '-l', 'app=d', '--for=condition=ContainersReady', '--timeout=20s');
    const available = (): Promise<string> =>
      kubectl.succeeds('get', 'deployment', 'd', '-o', 'jsonpath={.status.availableReplicas}');
    expect(await available()).toBe('');
    const [name = ''] = (await kubectl.succeeds('get', 'pods', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
    await setGate(name, 'True');
    await waitFor('the deployment is available', async () => (await available()) === '1');
  });
});

describe('pods/status', () => {
  it('takes conditions of types that orch does not set, in every way to patch, and keeps them over reports', async () => {
    await kubectl.succeeds('apply', '-f', await kubectl.write('noted.yaml', pod('noted')));
    const at = { namespace: 'default', name: 'noted' };
    const condition = (type: string): object => ({ type, status: 'True' });
    await core.patchNamespacedPodStatus({ ...at, body: { status: { conditions: [condition('A')] } } }, strategic);
    const add = [{ op: 'add', path: '/status/conditions/-', value: condition('B') }];
    await core.patchNamespacedPodStatus(
      { ...at, body: add },
      setHeaderOptions('Content-Type', PatchStrategy.JsonPatch),
    );
    await kubectl.succeeds('wait', 'pod/noted', '--for=condition=ContainersReady', '--timeout=20s');
    const read = await core.readNamespacedPodStatus(at);
    const others = (conditions = read.status?.conditions): (string | undefined)[] =>
      conditions?.map(({ type }) => type).filter((type) => type.length === 1) ?? [];
    expect(others()).toEqual(['A', 'B']);
    const kept = read.status?.conditions?.filter(({ type }) => type !== 'A') ?? [];
    const body = { ...read, status: { ...read.status, phase: 'Failed', conditions: kept } };
    const replaced = await core.replaceNamespacedPodStatus({ ...at, body });
    expect(replaced.status?.phase).toBe('Running');
    expect(others(replaced.status?.conditions)).toEqual(['B']);
    // What was read before that is stale.
    await expect(core.replaceNamespacedPodStatus({ ...at, body })).rejects.toMatchObject({ code: 409 });
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    await core.patchNamespacedPodStatus({ ...at, body: { status: { conditions: [condition('C')] } } }, merge);
    const merged = await core.readNamespacedPod(at);
    expect(others(merged.status?.conditions)).toEqual(['C']);
    expect(merged.status?.conditions?.map(({ type }) => type)).toContain('Ready');
  });

  it('leaves what orch observes as it is, and refuses what is no condition', async () => {
    await kubectl.succeeds('apply', '-f', await kubectl.write('own.yaml', pod('own')));
    await kubectl.succeeds('wait', 'pod/own', '--for=condition=ContainersReady', '--timeout=20s');
    const patch = (conditions: object[]): Promise<{ code: number; stderr: string }> =>
      kubectl.run(['patch', 'pod', 'own', '--subresource=status', '-p', JSON.stringify({ status: { conditions } })]);
    const told = await patch([{ type: 'ContainersReady', status: 'False' }]);
    expect(told).toMatchObject({ code: 0 });
    expect(told.stderr).toContain('of types of your own only');
    expect(await conditionOf('own', 'ContainersReady')).toBe('True');
    expect((await patch([{ type: 'A', status: 'Maybe' }])).stderr).toMatch(/status\.conditions\[\d\]\.status/);
    expect((await patch([{ type: 'not a word', status: 'True' }])).stderr).toContain('must be a word');
    expect(await kubectl.succeeds('get', '--raw', '/api/v1')).toMatch(
      /"name":"pods\/status"[^}]*"verbs":\["get","patch","update"\]/,
    );
  });
});

const strategic = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);
