import { describe, expect, it } from 'vitest';
import { taskObject, tasksPath, type TestApi } from './api-harness.js';
import { startApiWithKubectl, useKubectl, type Kubectl } from './kubectl-harness.js';

let api: TestApi;
let kubectl: Kubectl;

useKubectl(startApiWithKubectl, (started) => {
  ({ api, kubectl } = started);
});

const merge = (path: string, body: object): Promise<unknown> =>
  api.request('PATCH', path, { type: 'application/merge-patch+json', body });

describe('kubectl that follows', () => {
  it('get -w --output-watch-events: every change under its name', async () => {
    const watch = kubectl.follow('get', 'tasks', '-w', '--output-watch-events', '-l', 'follow=yes');
    try {
      // An empty list prints nothing, so the first object tells that the watch is there.
      await api.request('POST', tasksPath, { body: taskObject('one', {}, { labels: { follow: 'yes' } }) });
      await watch.lines(2);
      await merge(`${tasksPath}/one`, { spec: { priority: 1 } });
      await watch.lines(3);
      await merge(`${tasksPath}/one`, { metadata: { labels: { follow: 'no' } } });
      await watch.lines(4);
      const [head, ...rows] = await watch.lines(4);
      expect(head).toMatch(/^EVENT +NAME +STATE +RESTARTS +NODE +AGE$/);
      expect(rows.map((row) => row.split(/ +/).slice(0, 2).join(' '))).toEqual([
        'ADDED one',
        'MODIFIED one',
        'DELETED one',
      ]);
    } finally {
      watch.kill();
    }
  });

  it('get -w -o json: whole objects', async () => {
    await api.request('POST', tasksPath, { body: taskObject('json') });
    const watch = kubectl.follow('get', 'task', 'json', '-w', '-o', 'jsonpath={.spec.priority}{"\\n"}');
    try {
      await watch.lines(1);
      await merge(`${tasksPath}/json`, { spec: { priority: 42 } });
      expect((await watch.lines(2)).at(-1)).toBe('42');
    } finally {
      watch.kill();
    }
  });

  it('events -w and get events: what happens to a task', async () => {
    await api.request('POST', tasksPath, { body: taskObject('told') });
    const watch = kubectl.follow('events', '--for', 'task/told', '-w');
    try {
      await watch.lines(2);
      const { metadata } = (await api.request('GET', `${tasksPath}/told`)).json as { metadata: { uid: string } };
      await api.registry.recordTaskEvent({
        task: { name: 'told', namespace: 'default', uid: metadata.uid },
        state: 'Pending',
        type: 'Warning',
        reason: 'Unplaceable',
        message: 'no node has room',
        source: 'test',
      });
      expect((await watch.lines(3)).at(-1)).toMatch(/Warning +Unplaceable +Task\/told +no node has room/);
    } finally {
      watch.kill();
    }
    const warnings = ['get', 'events', '--field-selector', 'type=Warning,involvedObject.name=told'];
    expect(await kubectl.succeeds(...warnings)).toMatch(/^LAST SEEN.*\n.*Warning +Unplaceable +task\/told/);
    expect(await kubectl.succeeds('describe', 'task', 'told')).toContain('no node has room');
  });

  it('wait: for a condition, a value, a creation', async () => {
    const creation = kubectl.succeeds('wait', 'task/awaited', '--for=create', '--timeout=20s');
    await api.request('POST', tasksPath, { body: taskObject('awaited') });
    expect(await creation).toContain('condition met');
    const value = kubectl.succeeds('wait', 'task/awaited', '--for=jsonpath={.status.state}=Scheduled', '--timeout=20s');
    const condition = kubectl.succeeds('wait', 'task/awaited', '--for=condition=Ready', '--timeout=20s');
    await merge(`${tasksPath}/awaited/status`, {
      status: { state: 'Scheduled', conditions: [{ type: 'Ready', status: 'True' }] },
    });
    expect(await value).toContain('condition met');
    expect(await condition).toContain('condition met');
    expect(await kubectl.fails('wait', 'task/awaited', '--for=condition=Never', '--timeout=1s')).toContain('timed out');
  });
});

describe('kubectl that looks', () => {
  it('lists in chunks, sorted, selected, in every form', async () => {
    for (const index of [1, 2, 3]) {
      await api.request('POST', tasksPath, {
        body: taskObject(`l${index}`, { priority: -index }, { labels: { l: `${index}` } }),
      });
    }
    expect(await kubectl.succeeds('get', 'tasks', '-l', 'l', '--chunk-size=1', '-o', 'name')).toBe(
      'task.orch.dev/l1\ntask.orch.dev/l2\ntask.orch.dev/l3\n',
    );
    expect(
      await kubectl.succeeds('get', 'tasks', '-l', 'l notin (2),l', '--sort-by=.spec.priority', '--no-headers'),
    ).toMatch(/^l3 [^\n]*\nl1 [^\n]*\n$/);
    expect(
      await kubectl.succeeds('get', 'task', 'l1', '-o', 'custom-columns=N:.metadata.name,P:.spec.priority'),
    ).toMatch(/^N +P\nl1 +-1\n$/);
    expect(await kubectl.succeeds('get', 'task', 'l1', '-o', 'go-template={{.spec.image}}')).toBe('busybox:latest');
    expect(await kubectl.succeeds('get', 'tasks', '-A', '-o', 'wide')).toMatch(/^NAMESPACE +NAME .*IMAGE/);
    expect(await kubectl.succeeds('get', 'task', 'l1', '--subresource=status', '-o', 'jsonpath={.status.state}')).toBe(
      'Pending',
    );
    expect(await kubectl.succeeds('get', 'orch')).toContain('task.orch.dev/l1');
    expect(await kubectl.succeeds('get', '--raw', `${tasksPath}/l1`)).toContain('"kind":"Task"');
  });

  it('explains as documentation, from the schemas', async () => {
    const text = await kubectl.succeeds('explain', 'task.spec.livenessProbe');
    expect(text).toMatch(/FIELD: livenessProbe <Probe>[\s\S]*DESCRIPTION:\s+The container is restarted when it fails/);
    expect(text).toContain('periodSeconds');
    expect(await kubectl.succeeds('explain', 'secret.stringData')).toContain('for writing only');
    expect(await kubectl.succeeds('explain', 'configmap', '--recursive')).toContain('immutable\t<boolean>');
  });

  it('knows groups, versions and kinds', async () => {
    expect(await kubectl.succeeds('api-versions')).toMatch(/authorization.k8s.io\/v1[\s\S]*orch.dev\/v1[\s\S]*^v1$/m);
    const resources = await kubectl.succeeds('api-resources', '-o', 'wide');
    expect(resources).toMatch(
      /configmaps +cm +v1 +true +ConfigMap +create,delete,deletecollection,get,list,patch,update,watch/,
    );
    expect(resources).toMatch(
      /selfsubjectaccessreviews +authorization.k8s.io\/v1 +false +SelfSubjectAccessReview +create/,
    );
    const help = await kubectl.succeeds('api-resources', '--api-group=orch.dev', '-o', 'name');
    expect(help).toContain('tasks.orch.dev');
  });
});
