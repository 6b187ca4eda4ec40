import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestApi, tasksPath, type TestApi } from './api-harness.js';

const kubectlIsThere = spawnSync('kubectl', ['version', '--client']).status === 0;

let api: TestApi;
let home: string;

beforeAll(async () => {
  api = await startTestApi();
  home = await mkdtemp(join(tmpdir(), 'orch-kubectl-'));
  await writeFile(join(home, 'config'), api.kubeconfig, { mode: 0o600 });
  await writeFile(join(home, 'web.yaml'), webManifest('hello'));
});

afterAll(async () => {
  await api.close();
  await rm(home, { recursive: true, force: true });
});

beforeEach((context) => {
  if (!kubectlIsThere) context.skip('kubectl IS NOT INSTALLED on this machine: nothing below was tested');
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

interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

function options(): { env: NodeJS.ProcessEnv } {
  return { env: { ...process.env, HOME: home, KUBECONFIG: join(home, 'config') } };
}

function kubectl(...words: string[]): Promise<Output> {
  return new Promise((resolve) => {
    execFile('kubectl', words, { ...options(), timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
    });
  });
}

async function succeeds(...words: string[]): Promise<string> {
  const output = await kubectl(...words);
  expect(output.code, `kubectl ${words.join(' ')}: ${output.stderr}`).toBe(0);
  return output.stdout;
}

const file = (name: string): string => join(home, name);

describe('stock kubectl', () => {
  it('speaks to the server as 1.32', async () => {
    expect(await succeeds('version')).toContain('Server Version: v1.32.4+orch.0.1.0');
    expect(await succeeds('api-resources')).toMatch(/tasks +tk +orch.dev\/v1 +true +Task/);
    expect(await succeeds('get', '--raw', '/readyz')).toBe('ok');
  });

  it('applies, says unchanged, configured, and shows the difference', async () => {
    expect(await succeeds('apply', '-f', file('web.yaml'))).toBe('task.orch.dev/web created\n');
    expect(await succeeds('apply', '-f', file('web.yaml'))).toBe('task.orch.dev/web unchanged\n');
    expect(await succeeds('diff', '-f', file('web.yaml'))).toBe('');
    await writeFile(file('web2.yaml'), webManifest('goodbye'));
    const diff = await kubectl('diff', '-f', file('web2.yaml'));
    expect(diff.code).toBe(1);
    expect(diff.stdout).toMatch(/-.*value: hello[\s\S]*\+.*value: goodbye/);
    expect(await succeeds('apply', '--dry-run=server', '-f', file('web2.yaml'))).toContain(
      'configured (server dry run)',
    );
    expect(await succeeds('apply', '-f', file('web2.yaml'))).toBe('task.orch.dev/web configured\n');
    expect(await succeeds('get', 'task', 'web', '-o', 'jsonpath={.spec.env[0].value}')).toBe('goodbye');
  });

  it('gets in every form', async () => {
    await succeeds('apply', '-f', file('web.yaml'));
    expect(await succeeds('get', 'tasks')).toMatch(/NAME +STATE +RESTARTS +NODE +AGE\nweb +Pending +0 +<none> +\d+s/);
    expect(await succeeds('get', 'tk', '-o', 'wide')).toMatch(/IMAGE +PORTS +MESSAGE/);
    expect(await succeeds('get', 'all', '-A', '--show-labels')).toMatch(/default +task.orch.dev\/web .*app=web/);
    expect(await succeeds('get', 'task/web', '-o', 'yaml')).toContain('kind: Task');
    expect(await succeeds('get', 'tasks', '-l', 'app=web', '-o', 'name')).toBe('task.orch.dev/web\n');
    expect(await succeeds('get', 'tasks', '--field-selector', 'status.state=Running')).toBe('');
    expect(await succeeds('get', 'tasks', '--sort-by=.metadata.name')).toContain('web');
    const missing = await kubectl('get', 'task', 'nothing');
    expect(missing.stderr).toBe('Error from server (NotFound): tasks.orch.dev "nothing" not found\n');
  });

  it('explains from the schemas', async () => {
    expect(await succeeds('explain', 'task.spec.restartPolicy')).toMatch(/ENUM:\s+Always\s+OnFailure\s+Never/);
    expect(await succeeds('explain', 'task', '--recursive')).toContain('livenessProbe');
    expect(await succeeds('explain', 'node.spec.taints')).toContain('effect');
  });

  it('names the unknown field of a bad manifest and changes nothing', async () => {
    await writeFile(
      file('bad.yaml'),
      webManifest('x').replace('name: web', 'name: bad').replace('  image:', '  imagine:'),
    );
    const output = await kubectl('apply', '-f', file('bad.yaml'));
    expect(output.code).toBe(1);
    expect(output.stderr).toMatch(/unknown field "spec.imagine"|spec.image/);
    expect((await api.request('GET', `${tasksPath}/bad`)).status).toBe(404);
    await writeFile(file('tusk.yaml'), webManifest('x').replace('kind: Task', 'kind: Tusk'));
    expect((await kubectl('apply', '-f', file('tusk.yaml'))).stderr).toContain('no matches for kind "Tusk"');
  });

  it('describes with events, and lists them', async () => {
    await succeeds('apply', '-f', file('web.yaml'));
    const text = await succeeds('describe', 'task', 'web');
    expect(text).toMatch(/Kind: +Task/);
    expect(text).toMatch(/Events:\n +Type +Reason +Age +From +Message/);
    expect(await succeeds('events', '--for', 'task/web')).toMatch(/LAST SEEN[\s\S]*Task\/web/);
    expect(await succeeds('get', 'events')).toMatch(/LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n.*task\/web/);
  });

  it('labels, annotates, patches, edits status, replaces', async () => {
    await succeeds('apply', '-f', file('web.yaml'));
    expect(await succeeds('label', 'task', 'web', 'tier=front')).toContain('labeled');
    expect(await succeeds('annotate', 'task', 'web', 'note=x')).toContain('annotated');
    expect(await succeeds('patch', 'task', 'web', '--type', 'merge', '-p', '{"spec":{"priority":5}}')).toContain(
      'patched',
    );
    const again = await succeeds('patch', 'task', 'web', '--type', 'merge', '-p', '{"spec":{"priority":5}}');
    expect(again).toContain('patched (no change)');
    const strategic = await kubectl('patch', 'task', 'web', '-p', '{"spec":{"priority":6}}');
    expect(strategic.code).toBe(1);
    expect(strategic.stderr).toContain('use --type merge');
    const yaml = await succeeds('get', 'task', 'web', '-o', 'yaml');
    await writeFile(file('out.yaml'), yaml.replace('priority: 5', 'priority: 7'));
    expect(await succeeds('replace', '-f', file('out.yaml'))).toContain('replaced');
    // What a manager or worker would report.
    const status = '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}';
    await succeeds('patch', 'task', 'web', '--subresource=status', '--type=merge', '-p', status);
    expect(await succeeds('wait', 'task/web', '--for=condition=Ready', '--timeout=10s')).toContain('condition met');
    expect(await succeeds('get', 'task', 'web', '-o', 'jsonpath={.spec.priority}')).toBe('7');
  });

  it('applies on the server with field ownership', async () => {
    await writeFile(file('ssa.yaml'), webManifest('a').replaceAll('web', 'ssa'));
    expect(await succeeds('apply', '--server-side', '-f', file('ssa.yaml'))).toContain('serverside-applied');
    await writeFile(file('ssa2.yaml'), webManifest('b').replaceAll('web', 'ssa'));
    const conflict = await kubectl('apply', '--server-side', '--field-manager=other', '-f', file('ssa2.yaml'));
    expect(conflict.code).toBe(1);
    expect(conflict.stderr).toContain('conflict');
    const forced = ['apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', file('ssa2.yaml')];
    expect(await succeeds(...forced)).toContain('serverside-applied');
  });

  it('works on Kubernetes kinds: namespaces and nodes', async () => {
    await writeFile(file('node.yaml'), 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n');
    await writeFile(file('ns.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n');
    await succeeds('apply', '-f', file('node.yaml'), '-f', file('ns.yaml'));
    const again = await succeeds('apply', '-f', file('node.yaml'), '-f', file('ns.yaml'));
    expect(again).toBe('node/n1 unchanged\nnamespace/shop unchanged\n');
    expect(await succeeds('cordon', 'n1')).toBe('node/n1 cordoned\n');
    expect(await succeeds('get', 'nodes')).toMatch(/n1 +NotReady,SchedulingDisabled/);
    expect(await succeeds('uncordon', 'n1')).toBe('node/n1 uncordoned\n');
    expect(await succeeds('taint', 'node', 'n1', 'a=b:NoSchedule')).toBe('node/n1 tainted\n');
    expect(await succeeds('label', 'node', 'n1', 'disk=ssd')).toBe('node/n1 labeled\n');
    expect(await succeeds('get', 'ns', 'shop')).toMatch(/shop +Active/);
    expect(await succeeds('get', 'node', 'n1', '-o', 'yaml')).toContain('effect: NoSchedule');
    expect(await succeeds('delete', 'node', 'n1')).toContain('deleted');
  });

  it('watches with -w: a table first, then one row for each change', async () => {
    await succeeds('apply', '-f', file('web.yaml'));
    const child = spawn('kubectl', ['get', 'task', 'web', '-w'], options());
    try {
      let text = '';
      const lines = (count: number): Promise<string> =>
        new Promise((resolve) => {
          const look = (): void => {
            if (text.split('\n').length > count) resolve(text);
            else child.stdout.once('data', look);
          };
          child.stdout.once('data', look);
          if (text.split('\n').length > count) resolve(text);
        });
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await lines(2);
      await api.request('PATCH', `${tasksPath}/web`, {
        type: 'application/merge-patch+json',
        body: { spec: { priority: 11 } },
      });
      const rows = (await lines(3)).trimEnd().split('\n');
      expect(rows).toHaveLength(3);
      expect(rows[2]).toMatch(/^web +Pending/);
    } finally {
      child.kill();
    }
  });

  it('deletes and waits until it is gone', async () => {
    await succeeds('apply', '-f', file('web.yaml'));
    expect(await succeeds('delete', 'task', 'web', '--timeout=10s')).toBe('task.orch.dev "web" deleted\n');
    expect((await kubectl('get', 'task', 'web')).code).toBe(1);
    expect(await succeeds('delete', '-f', file('web.yaml'), '--ignore-not-found')).toBe('');
  });
});
