import { describe, expect, it } from 'vitest';
import type { TestApi } from './api-harness.js';
import { startApiWithKubectl, startKubectl, useKubectl, type Kubectl } from './kubectl-harness.js';

/** The commands whose requests are protobuf since kubectl 1.32: typed create commands, and questions about permission. */
let api: TestApi;
let kubectl: Kubectl;

useKubectl(startApiWithKubectl, (started) => {
  ({ api, kubectl } = started);
});

describe('kubectl create', () => {
  it('makes a namespace, a ConfigMap and Secrets from words and files', async () => {
    expect(await kubectl.succeeds('create', 'namespace', 'shop')).toBe('namespace/shop created\n');
    await kubectl.write('bytes.bin', '\u0000\u0001');
    const map = ['--from-literal=color=blue', '--from-literal=empty=', `--from-file=${kubectl.file('bytes.bin')}`];
    expect(await kubectl.succeeds('create', 'configmap', 'settings', '-n', 'shop', ...map)).toBe(
      'configmap/settings created\n',
    );
    const made = JSON.parse(await kubectl.succeeds('get', 'cm', 'settings', '-n', 'shop', '-o', 'json')) as object;
    expect(made).toMatchObject({ data: { color: 'blue', empty: '', 'bytes.bin': '\u0000\u0001' } });
    expect(
      await kubectl.succeeds('create', 'secret', 'generic', 'login', '-n', 'shop', '--from-literal=user=ann'),
    ).toBe('secret/login created\n');
    expect(await kubectl.succeeds('get', 'secret', 'login', '-n', 'shop', '-o', 'jsonpath={.type}{.data.user}')).toBe(
      `Opaque${Buffer.from('ann').toString('base64')}`,
    );
    await kubectl.succeeds(
      ...['create', 'secret', 'docker-registry', 'registry', '-n', 'shop'],
      ...['--docker-server=registry.example', '--docker-username=ann', '--docker-password=x'],
    );
    expect(await kubectl.succeeds('get', 'secrets', '-n', 'shop')).toMatch(
      /registry +kubernetes.io\/dockerconfigjson +1/,
    );
    expect(await kubectl.fails('create', 'namespace', 'shop')).toContain('namespaces "shop" already exists');
    expect(await kubectl.fails('create', 'cm', 'x', '-n', 'nowhere')).toContain('namespaces "nowhere" not found');
  });

  it('does nothing with --dry-run=server', async () => {
    expect(await kubectl.succeeds('create', 'ns', 'dry', '--dry-run=server')).toContain('created (server dry run)');
    expect(await kubectl.fails('get', 'ns', 'dry')).toContain('NotFound');
  });
});

describe('kubectl auth', () => {
  it('tells the admin that everything is allowed', async () => {
    expect(await kubectl.succeeds('auth', 'can-i', 'create', 'tasks')).toBe('yes\n');
    expect(await kubectl.succeeds('auth', 'can-i', '*', '*')).toBe('yes\n');
    expect(await kubectl.succeeds('auth', 'can-i', 'get', '/readyz')).toBe('yes\n');
    expect(await kubectl.succeeds('auth', 'can-i', '--list')).toMatch(/Resources +Non-Resource URLs[\s\S]*\*\.\*/);
    expect(await kubectl.succeeds('auth', 'whoami')).toMatch(/Username +system:admin\nGroups +\[system:masters/);
  });

  it('answers a worker by the very rules that its requests are held to', async () => {
    const { key, cert } = await api.admit('n1');
    const config = JSON.parse(api.kubeconfig) as { users: object[] };
    const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
    const user = { 'client-key-data': base64(key), 'client-certificate-data': base64(cert) };
    const worker = await startKubectl(JSON.stringify({ ...config, users: [{ name: 'orch', user }] }));
    try {
      expect(await worker.succeeds('auth', 'whoami')).toContain('system:node:n1');
      const may = async (...words: string[]): Promise<string> =>
        (await worker.run(['auth', 'can-i', ...words])).stdout.split(/\s/)[0] ?? '';
      expect(await may('list', 'tasks')).toBe('yes');
      expect(await may('create', 'tasks')).toBe('no');
      expect(await may('update', 'tasks', '--subresource=status')).toBe('yes');
      expect(await may('get', 'secrets')).toBe('no');
      expect(await may('get', 'secrets/login')).toBe('no');
      expect(await may('patch', 'nodes/n1')).toBe('yes');
      expect(await may('patch', 'nodes/n2')).toBe('no');
      expect(await worker.succeeds('auth', 'can-i', '--list')).toMatch(/tasks\.orch\.dev\/status .*patch/);
      expect(await worker.fails('create', 'configmap', 'x')).toContain(
        'configmaps is forbidden: user "system:node:n1"',
      );
    } finally {
      await worker.remove();
    }
  });
});
