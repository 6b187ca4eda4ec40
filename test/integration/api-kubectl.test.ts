import { describe, expect, it } from 'vitest';
import { tasksPath, type TestApi } from './api-harness.js';
import { startApiWithKubectl, useKubectl, type Kubectl } from './kubectl-harness.js';

let api: TestApi;
let kubectl: Kubectl;

useKubectl(startApiWithKubectl, async (started) => {
  ({ api, kubectl } = started);
  await kubectl.write('web.yaml', webManifest('hello'));
});

function webManifest(greeting: string): string {
  return `apiVersion: orch.dev/v1
kind: Task
metadata:
  name: web
  labels: { app: web }
spec:
  image: busybox:latest
  command: ["httpd", "-f", "-p", "8080"]
  env: [{ name: GREETING, value: ${greeting} }]
  resources: { cpu: 250m, memory: 64Mi }
`;
}

describe('stock kubectl', () => {
  it('speaks to the server as 1.32', async () => {
    expect(await kubectl.succeeds('version')).toContain('Server Version: v1.32.4+orch.0.1.0');
    expect(await kubectl.succeeds('api-resources')).toMatch(/tasks +tk +orch.dev\/v1 +true +Task/);
    expect(await kubectl.succeeds('get', '--raw', '/readyz')).toBe('ok');
  });

  it('applies, says unchanged, configured, and shows the difference', async () => {
    expect(await kubectl.succeeds('apply', '-f', 'web.yaml')).toBe('task.orch.dev/web created\n');
    expect(await kubectl.succeeds('apply', '-f', 'web.yaml')).toBe('task.orch.dev/web unchanged\n');
    expect(await kubectl.succeeds('diff', '-f', 'web.yaml')).toBe('');
    await kubectl.write('web2.yaml', webManifest('goodbye'));
    const diff = await kubectl.run(['diff', '-f', 'web2.yaml']);
    expect(diff.code).toBe(1);
    expect(diff.stdout).toMatch(/-.*value: hello[\s\S]*\+.*value: goodbye/);
    expect(await kubectl.succeeds('apply', '--dry-run=server', '-f', 'web2.yaml')).toContain(
      'configured (server dry run)',
    );
    expect(await kubectl.succeeds('apply', '-f', 'web2.yaml')).toBe('task.orch.dev/web configured\n');
    expect(await kubectl.succeeds('get', 'task', 'web', '-o', 'jsonpath={.spec.env[0].value}')).toBe('goodbye');
  });

  it('gets in every form', async () => {
    await kubectl.succeeds('apply', '-f', 'web.yaml');
    expect(await kubectl.succeeds('get', 'tasks')).toMatch(
      /NAME +STATE +RESTARTS +NODE +AGE\nweb +Pending +0 +<none> +\d+s/,
    );
    expect(await kubectl.succeeds('get', 'tk', '-o', 'wide')).toMatch(/IMAGE +PORTS +MESSAGE/);
    expect(await kubectl.succeeds('get', 'all', '-A', '--show-labels')).toMatch(
      /default +task.orch.dev\/web .*app=web/,
    );
    expect(await kubectl.succeeds('get', 'task/web', '-o', 'yaml')).toContain('kind: Task');
    expect(await kubectl.succeeds('get', 'tasks', '-l', 'app=web', '-o', 'name')).toBe('task.orch.dev/web\n');
    expect(await kubectl.succeeds('get', 'tasks', '--field-selector', 'status.state=Running')).toBe('');
    expect(await kubectl.succeeds('get', 'tasks', '--sort-by=.metadata.name')).toContain('web');
    const missing = await kubectl.run(['get', 'task', 'nothing']);
    expect(missing.stderr).toBe('Error from server (NotFound): tasks.orch.dev "nothing" not found\n');
  });

  it('explains from the schemas', async () => {
    expect(await kubectl.succeeds('explain', 'task.spec.restartPolicy')).toMatch(/ENUM:\s+Always\s+OnFailure\s+Never/);
    expect(await kubectl.succeeds('explain', 'task', '--recursive')).toContain('livenessProbe');
    expect(await kubectl.succeeds('explain', 'node.spec.taints')).toContain('effect');
  });

  it('names the unknown field of a bad manifest and changes nothing', async () => {
    await kubectl.write(
      'bad.yaml',
      webManifest('x').replace('name: web', 'name: bad').replace('  image:', '  imagine:'),
    );
    const output = await kubectl.run(['apply', '-f', 'bad.yaml']);
    expect(output.code).toBe(1);
    expect(output.stderr).toMatch(/unknown field "spec.imagine"|spec.image/);
    expect((await api.request('GET', `${tasksPath}/bad`)).status).toBe(404);
    await kubectl.write('tusk.yaml', webManifest('x').replace('kind: Task', 'kind: Tusk'));
    expect((await kubectl.run(['apply', '-f', 'tusk.yaml'])).stderr).toContain('no matches for kind "Tusk"');
  });

  it('describes with events, and lists them', async () => {
    await kubectl.succeeds('apply', '-f', 'web.yaml');
    const text = await kubectl.succeeds('describe', 'task', 'web');
    expect(text).toMatch(/Kind: +Task/);
    expect(text).toMatch(/Events:\n +Type +Reason +Age +From +Message/);
    expect(await kubectl.succeeds('events', '--for', 'task/web')).toMatch(/LAST SEEN[\s\S]*Task\/web/);
    expect(await kubectl.succeeds('get', 'events')).toMatch(/LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n.*task\/web/);
  });

  it('labels, annotates, patches, edits status, replaces', async () => {
    await kubectl.succeeds('apply', '-f', 'web.yaml');
    expect(await kubectl.succeeds('label', 'task', 'web', 'tier=front')).toContain('labeled');
    expect(await kubectl.succeeds('annotate', 'task', 'web', 'note=x')).toContain('annotated');
    expect(
      await kubectl.succeeds('patch', 'task', 'web', '--type', 'merge', '-p', '{"spec":{"priority":5}}'),
    ).toContain('patched');
    const again = await kubectl.succeeds('patch', 'task', 'web', '--type', 'merge', '-p', '{"spec":{"priority":5}}');
    expect(again).toContain('patched (no change)');
    const strategic = await kubectl.run(['patch', 'task', 'web', '-p', '{"spec":{"priority":6}}']);
    expect(strategic.code).toBe(1);
    expect(strategic.stderr).toContain('use --type merge');
    const yaml = await kubectl.succeeds('get', 'task', 'web', '-o', 'yaml');
    await kubectl.write('out.yaml', yaml.replace('priority: 5', 'priority: 7'));
    expect(await kubectl.succeeds('replace', '-f', 'out.yaml')).toContain('replaced');
    // What a manager or worker would report.
    const status = '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}';
    await kubectl.succeeds('patch', 'task', 'web', '--subresource=status', '--type=merge', '-p', status);
    expect(await kubectl.succeeds('wait', 'task/web', '--for=condition=Ready', '--timeout=10s')).toContain(
      'condition met',
    );
    expect(await kubectl.succeeds('get', 'task', 'web', '-o', 'jsonpath={.spec.priority}')).toBe('7');
  });

  it('applies on the server with field ownership', async () => {
    await kubectl.write('ssa.yaml', webManifest('a').replaceAll('web', 'ssa'));
    expect(await kubectl.succeeds('apply', '--server-side', '-f', 'ssa.yaml')).toContain('serverside-applied');
    await kubectl.write('ssa2.yaml', webManifest('b').replaceAll('web', 'ssa'));
    const conflict = await kubectl.run(['apply', '--server-side', '--field-manager=other', '-f', 'ssa2.yaml']);
    expect(conflict.code).toBe(1);
    expect(conflict.stderr).toContain('conflict');
    const forced = ['apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', 'ssa2.yaml'];
    expect(await kubectl.succeeds(...forced)).toContain('serverside-applied');
  });

  it('works on Kubernetes kinds: namespaces and nodes', async () => {
    await kubectl.write('node.yaml', 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n');
    await kubectl.write('ns.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n');
    await kubectl.succeeds('apply', '-f', 'node.yaml', '-f', 'ns.yaml');
    const again = await kubectl.succeeds('apply', '-f', 'node.yaml', '-f', 'ns.yaml');
    expect(again).toBe('node/n1 unchanged\nnamespace/shop unchanged\n');
    expect(await kubectl.succeeds('cordon', 'n1')).toBe('node/n1 cordoned\n');
    expect(await kubectl.succeeds('get', 'nodes')).toMatch(/n1 +NotReady,SchedulingDisabled/);
    expect(await kubectl.succeeds('uncordon', 'n1')).toBe('node/n1 uncordoned\n');
    expect(await kubectl.succeeds('taint', 'node', 'n1', 'a=b:NoSchedule')).toBe('node/n1 tainted\n');
    expect(await kubectl.succeeds('label', 'node', 'n1', 'disk=ssd')).toBe('node/n1 labeled\n');
    expect(await kubectl.succeeds('get', 'ns', 'shop')).toMatch(/shop +Active/);
    expect(await kubectl.succeeds('get', 'node', 'n1', '-o', 'yaml')).toContain('effect: NoSchedule');
    expect(await kubectl.succeeds('delete', 'node', 'n1')).toContain('deleted');
  });

  it('watches with -w: a table first, then one row for each change', async () => {
    await kubectl.succeeds('apply', '-f', 'web.yaml');
    const watch = kubectl.follow('get', 'task', 'web', '-w');
    try {
      await watch.lines(2);
      await api.request('PATCH', `${tasksPath}/web`, {
        type: 'application/merge-patch+json',
        body: { spec: { priority: 11 } },
      });
      const rows = await watch.lines(3);
      expect(rows).toHaveLength(3);
      expect(rows[2]).toMatch(/^web +Pending/);
    } finally {
      watch.kill();
    }
  });

  it('deletes and waits until it is gone', async () => {
    await kubectl.succeeds('apply', '-f', 'web.yaml');
    expect(await kubectl.succeeds('delete', 'task', 'web', '--timeout=10s')).toBe('task.orch.dev "web" deleted\n');
    expect((await kubectl.run(['get', 'task', 'web'])).code).toBe(1);
    expect(await kubectl.succeeds('delete', '-f', 'web.yaml', '--ignore-not-found')).toBe('');
  });
});
