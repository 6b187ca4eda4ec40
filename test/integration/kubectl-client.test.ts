import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { taskObject, tasksPath, type TestApi } from './api-harness.js';
import { startApiWithKubectl, useKubectl, type Kubectl } from './kubectl-harness.js';

/** What kubectl does beyond objects: where the manager is, a proxy to it, raw requests, its own settings, completion. */
let api: TestApi;
let kubectl: Kubectl;

const shopTasksPath = tasksPath.replace('default', 'shop');

useKubectl(startApiWithKubectl, async (started) => {
  ({ api, kubectl } = started);
  await kubectl.succeeds('create', 'namespace', 'shop');
  expect((await api.request('POST', tasksPath, { body: taskObject('web') })).status).toBe(201);
  expect((await api.request('POST', shopTasksPath, { body: taskObject('till') })).status).toBe(201);
});

describe('kubectl as a client', () => {
  it('dumps what there is', async () => {
    const dump = await kubectl.succeeds('cluster-info', 'dump', '--namespaces=default');
    expect(dump).toContain('"kind": "NodeList"');
    expect(dump).toContain('"kind": "ReplicationControllerList"');
  });

  it('says where the manager is', async () => {
    const text = stripVTControlCharacters(await kubectl.succeeds('cluster-info'));
    expect(text).toContain(`Kubernetes control plane is running at https://127.0.0.1:${api.server.port}\n`);
  });

  it('finds no Services, and says what to do instead when one is to be made', async () => {
    expect((await kubectl.run(['get', 'services'])).stderr).toBe('No resources found in default namespace.\n');
    expect(await kubectl.succeeds('get', 'svc', '-A', '-o', 'jsonpath={.kind} {.items}')).toBe('List []');
    expect(await kubectl.fails('get', 'svc', 'web')).toContain('services "web" not found');
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } };
    await kubectl.write('service.json', JSON.stringify(service));
    for (const words of [['apply'], ['create'], ['apply', '--server-side']]) {
      const text = await kubectl.fails(...words, '-f', 'service.json');
      expect(text).toContain('there are no Services');
      expect(text).toContain('hostPort');
    }
    expect((await kubectl.run(['get', 'services', '-A'])).stderr).toBe('No resources found\n');
  });

  it('says of each kind that is not here what to do instead, and lists none of them', async () => {
    const made = (apiVersion: string, kind: string): string =>
      `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: web }\nspec: { anything: 1 }\n`;
    await kubectl.write('absent.yaml', `${made('batch/v1', 'Job')}---\n${made('v1', 'ServiceAccount')}`);
    for (const words of [['apply'], ['create'], ['apply', '--server-side']]) {
      const text = await kubectl.fails(...words, '-f', 'absent.yaml');
      expect(text).toContain('there are no Jobs: write a Task with restartPolicy OnFailure or Never');
      expect(text).toContain('there are no ServiceAccounts: tokens say who may do what');
      expect(text).not.toContain('CRDs');
    }
    await kubectl.write('ingress.yaml', made('networking.k8s.io/v1', 'Ingress'));
    expect(await kubectl.fails('apply', '-f', 'ingress.yaml')).toContain('there are no Ingresses: publish a port');
    expect((await kubectl.run(['get', 'cronjobs'])).stderr).toBe('No resources found in default namespace.\n');
    expect(await kubectl.succeeds('explain', 'sts')).toContain('there are no StatefulSets');
    const resources = await kubectl.succeeds('api-resources');
    expect(resources).not.toMatch(/jobs|serviceaccounts|ingresses|roles/);
    const all = await kubectl.run(['get', 'all']);
    expect(all.stdout + all.stderr).not.toMatch(/statefulset|job|no matches|error/i);
  });

  it('is a proxy to it, which passes on what is read, written and watched', async () => {
    const proxy = kubectl.follow('proxy', '--port=0');
    const aborted = new AbortController();
    try {
      const [line = ''] = await proxy.lines(1);
      const url = `http://${/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? ''}`;
      const listed = (await (await fetch(`${url}${tasksPath}`)).json()) as { items: { metadata: { name: string } }[] };
      expect(listed.items.map(({ metadata }) => metadata.name)).toEqual(['web']);
      const watched = await fetch(`${url}${tasksPath}?watch=true`, { signal: aborted.signal });
      let events = '';
      const reading = (async () => {
        for await (const chunk of watched.body ?? []) events += Buffer.from(chunk as Uint8Array).toString();
      })().catch(() => undefined);
      const created = await fetch(`${url}${tasksPath}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(taskObject('proxied')),
      });
      expect(created.status).toBe(201);
      await waitFor('the watch through the proxy to tell of it', () => /"ADDED".*"name":"proxied"/.test(events));
      expect((await fetch(`${url}${tasksPath}/proxied`, { method: 'DELETE' })).status).toBe(200);
      await waitFor('the watch through the proxy to tell of its end', () => /"DELETED".*proxied/.test(events));
      aborted.abort();
      await reading;
    } finally {
      aborted.abort();
      proxy.kill();
    }
    await proxy.exited;
  });

  it('sends what it is given to any path: create, replace, delete, get --raw', async () => {
    await kubectl.write('raw.json', JSON.stringify(taskObject('raw', { priority: 1 })));
    const created = JSON.parse(await kubectl.succeeds('create', '--raw', tasksPath, '-f', 'raw.json')) as object;
    expect(created).toMatchObject({ kind: 'Task', metadata: { name: 'raw', generation: 1 } });
    expect(await kubectl.fails('create', '--raw', tasksPath, '-f', 'raw.json')).toContain('"raw" already exists');
    await kubectl.write('raw.json', JSON.stringify(taskObject('raw', { priority: 2 })));
    const replaced = await kubectl.succeeds('replace', '--raw', `${tasksPath}/raw`, '-f', 'raw.json');
    expect(JSON.parse(replaced)).toMatchObject({ spec: { priority: 2 }, metadata: { generation: 2 } });
    await kubectl.write('bad.json', '{"kind": "Task"');
    expect(await kubectl.fails('create', '--raw', tasksPath, '-f', 'bad.json')).toContain('invalid JSON at 1:16');
    const deleted = await kubectl.succeeds('delete', '--raw', `${tasksPath}/raw`);
    expect(JSON.parse(deleted)).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'raw' } });
    expect(await kubectl.fails('get', '--raw', `${tasksPath}/raw`)).toContain('"raw" not found');
  });

  it('shows the kubeconfig without its secrets, and keeps another namespace in it', async () => {
    const shown = await kubectl.succeeds('config', 'view');
    expect(shown).toContain(`server: https://127.0.0.1:${api.server.port}`);
    expect(shown).toContain('token: REDACTED');
    expect(shown).not.toContain(api.credentials.adminToken);
    expect(await kubectl.succeeds('config', 'current-context')).toBe('orch\n');
    expect(await kubectl.succeeds('config', 'get-contexts', '-o', 'name')).toBe('orch\n');
    await kubectl.succeeds('config', 'set-context', '--current', '--namespace=shop');
    try {
      expect(await kubectl.succeeds('get', 'tasks', '-o', 'name')).toBe('task.orch.dev/till\n');
    } finally {
      await kubectl.succeeds('config', 'set-context', '--current', '--namespace=default');
    }
  });

  it('completes kinds, names and namespaces from what the manager has', async () => {
    expect(await kubectl.succeeds('completion', 'bash')).toContain('__start_kubectl');
    const complete = async (...words: string[]): Promise<string[]> =>
      (await kubectl.succeeds('__complete', ...words)).split('\n').filter((line) => line && !line.startsWith(':'));
    expect(await complete('get', 'ta')).toEqual(expect.arrayContaining(['tasks.orch.dev']));
    expect(await complete('get', 'task', '')).toEqual(['web']);
    expect(await complete('get', 'task', '-n', 'shop', 't')).toEqual(['till']);
    expect(await complete('get', 'tasks', '-n', 's')).toEqual(['shop']);
    expect(await complete('logs', 'w')).toEqual(expect.arrayContaining(['web']));
  });

  it('shows and changes what was applied last', async () => {
    await kubectl.write('kept.json', JSON.stringify(taskObject('kept', { priority: 3 })));
    await kubectl.succeeds('apply', '-f', 'kept.json');
    expect(await kubectl.succeeds('apply', 'view-last-applied', 'task/kept')).toContain('priority: 3');
    await kubectl.write('kept.json', JSON.stringify(taskObject('kept')));
    await kubectl.succeeds('apply', 'set-last-applied', '-f', 'kept.json');
    expect(await kubectl.succeeds('apply', 'view-last-applied', 'task/kept')).not.toContain('priority');
    await kubectl.succeeds('delete', 'task', 'kept');
  });
});
