import { describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { startKubectlCluster } from './kubectl-cluster.js';
import { useKubectl, type Kubectl } from './kubectl-harness.js';

let kubectl: Kubectl;

useKubectl(
  () => startKubectlCluster(['n1', 'n2']),
  async (started) => {
    kubectl = started.kubectl;
    await kubectl.succeeds('wait', '--for=condition=Ready', 'node', '--all', '--timeout=20s');
  },
);

const nodeOf = (pod: string): Promise<string> => kubectl.succeeds('get', 'pod', pod, '-o', 'jsonpath={.spec.nodeName}');
const field = (kind: string, name: string, path: string): Promise<string> =>
  kubectl.succeeds('get', kind, name, '-o', `jsonpath={${path}}`);

describe('nodes with kubectl', () => {
  it('describes one, with the pods on it', async () => {
    await kubectl.succeeds('run', 'seen', '--image=busybox:latest', '--', 'sleep', 'infinity');
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod/seen', '--timeout=20s');
    const described = await kubectl.succeeds('describe', 'node', await nodeOf('seen'));
    expect(described).toMatch(/Non-terminated Pods: +\(1 in total\)/);
    expect(described).toMatch(/default +seen/);
    await kubectl.succeeds('delete', 'pod', 'seen', '--now');
  });

  it('drains one: its tasks move to another node, finished ones leave it, and it is empty', async () => {
    expect(await kubectl.succeeds('cordon', 'n2')).toBe('node/n2 cordoned\n');
    await kubectl.succeeds('run', 'mover', '--image=busybox:latest', '--', 'sleep', 'infinity');
    await kubectl.succeeds('run', 'done', '--image=busybox:latest', '--restart=Never', '--', 'true');
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod/mover', '--timeout=20s');
    await kubectl.succeeds('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/done', '--timeout=20s');
    expect(await nodeOf('mover')).toBe('n1');
    const uid = await field('pod', 'mover', '.metadata.uid');
    expect(await kubectl.succeeds('uncordon', 'n2')).toBe('node/n2 uncordoned\n');

    // Nobody but orch looks after these, so kubectl wants to be told twice.
    expect(await kubectl.fails('drain', 'n1')).toContain('declare no controller');
    const drained = await kubectl.succeeds('drain', 'n1', '--force', '--timeout=20s');
    expect(drained).toContain('node/n1 drained');
    expect(drained).toContain('pod/mover evicted');
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod/mover', '--timeout=20s');
    expect(await nodeOf('mover')).toBe('n2');
    expect(await field('pod', 'mover', '.metadata.uid')).not.toBe(uid);
    expect(await field('task', 'mover', '.metadata.uid')).toBe(uid);
    expect(await field('task', 'mover', '.status.moves')).toBe('1');
    expect(await field('pod', 'done', '.status.phase')).toBe('Succeeded');
    expect(await nodeOf('done')).toBe('');
    expect(await kubectl.succeeds('get', 'pods', '--field-selector', 'spec.nodeName=n1', '-o', 'name')).toBe('');
    expect(await kubectl.succeeds('events', '--for', 'task/mover')).toContain('Evicted');
    // It is another pod now, and what led to it is told of it all the same.
    expect(await kubectl.succeeds('describe', 'pod', 'mover')).toMatch(/^Events:[\s\S]*Evicted/m);
    await kubectl.succeeds('uncordon', 'n1');
    await kubectl.succeeds('delete', 'pod', 'mover', 'done', '--now');
  }, 90_000);

  it('does not move what was put on its node by hand, and says so', async () => {
    const overrides = '--overrides={"spec":{"nodeName":"n1"}}';
    await kubectl.succeeds('run', 'pinned', '--image=busybox:latest', overrides, '--', 'sleep', 'infinity');
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod/pinned', '--timeout=20s');
    const refused = await kubectl.fails('drain', 'n1', '--force', '--timeout=10s');
    expect(refused).toContain('it was put on n1 by hand');
    await kubectl.succeeds('uncordon', 'n1');
    await kubectl.succeeds('delete', 'pod', 'pinned', '--now');
  });

  it('moves tasks away from a NoExecute taint', async () => {
    await kubectl.succeeds('run', 'fleeing', '--image=busybox:latest', '--', 'sleep', 'infinity');
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod/fleeing', '--timeout=20s');
    const before = await nodeOf('fleeing');
    expect(await kubectl.succeeds('taint', 'node', before, 'broken=yes:NoExecute')).toContain('tainted');
    await waitFor('the move', async () => !['', before].includes(await nodeOf('fleeing')));
    expect(await kubectl.succeeds('taint', 'node', before, 'broken-')).toContain('untainted');
    await kubectl.succeeds('delete', 'pod', 'fleeing', '--now');
  });

  it('shows what nodes and pods use', async () => {
    await kubectl.succeeds('run', 'busy', '--image=busybox:latest', '--', 'sleep', 'infinity');
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod/busy', '--timeout=20s');
    expect(await kubectl.fails('top', 'pod', 'busy')).toContain('not found');
    // As a worker reports it, once a minute.
    const usage = '{"status":{"usage":{"cpuMillicores":125,"memoryBytes":67108864,"time":"2026-01-01T00:00:00Z"}}}';
    const status = ['--subresource=status', '--type=merge', '-p', usage];
    /** The worker's own report, once a minute, may come in between: then it is told again. */
    const shows = (object: readonly string[], top: readonly string[], row: RegExp): Promise<unknown> =>
      waitFor(`kubectl top ${top.join(' ')}`, async () => {
        await kubectl.succeeds('patch', ...object, ...status);
        return row.test(await kubectl.succeeds('top', ...top));
      });
    await shows(['task', 'busy'], ['pods'], /NAME +CPU\(cores\) +MEMORY\(bytes\) *\nbusy +125m +64Mi/);
    await shows(['task', 'busy'], ['pod', 'busy', '--containers'], /busy +busy +125m +64Mi/);
    await shows(['node', 'n1'], ['nodes'], /n1 +125m +3% +64Mi/);
    await kubectl.succeeds('delete', 'pod', 'busy', '--now');
  });
});
