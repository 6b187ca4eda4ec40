import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/model/json.js';
import type { TestApi } from './api-harness.js';
import { startApiWithKubectl, useKubectl, type Kubectl } from './kubectl-harness.js';

let api: TestApi;
let kubectl: Kubectl;

useKubectl(startApiWithKubectl, (started) => {
  ({ api, kubectl } = started);
});

const deployment = (name: string, container: string, pod = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: c, image: "busybox:1", ${container} }]${pod} }
`;
const podSpecOf = async (name: string): Promise<JsonObject> => {
  const { json } = await api.request('GET', `/apis/apps/v1/namespaces/default/deployments/${name}`);
  return (json as { spec: { template: { spec: JsonObject } } }).spec.template.spec;
};
const containerOf = async (name: string): Promise<JsonObject> =>
  ((await podSpecOf(name)) as { containers: JsonObject[] }).containers[0] ?? {};

describe('ports that are applied', () => {
  const [tcp, udp] = [
    { containerPort: 53, protocol: 'TCP' },
    { containerPort: 53, protocol: 'UDP' },
  ];

  it.each([['client-side'], ['server-side']])('are those of the manifest each time: %s', async (side) => {
    const flags = side === 'server-side' ? ['--server-side'] : [];
    const apply = async (ports: object[]): Promise<unknown> => {
      const text = deployment(side, `ports: ${JSON.stringify(ports)}`);
      await kubectl.succeeds('apply', ...flags, '-f', await kubectl.write('ports.yaml', text));
      return (await containerOf(side))['ports'] ?? [];
    };
    for (const ports of [
      [{ containerPort: 80 }],
      [{ containerPort: 80, name: 'http' }],
      [{ containerPort: 8080 }],
      [{ containerPort: 8080, protocol: 'TCP' }],
      [tcp, udp],
      [tcp],
      [tcp, udp],
      [udp],
      [udp, tcp],
      [],
    ]) {
      expect(await apply(ports), JSON.stringify(ports)).toEqual(ports);
    }
  });

  it('of two appliers stay side by side, server-side', async () => {
    const apply = (manager: string, ports: string): Promise<string> => {
      const words = ['apply', '--server-side', `--field-manager=${manager}`, '-f', '-'];
      return kubectl.run(words, { stdin: deployment('two', ports) }).then(({ stderr }) => stderr);
    };
    expect(await apply('one', 'ports: [{ containerPort: 80 }]')).toBe('');
    expect(await apply('two', 'ports: [{ containerPort: 443 }]')).toBe('');
    // The default said aloud is the same port.
    expect(await apply('two', 'ports: [{ containerPort: 443 }, { containerPort: 80, protocol: TCP }]')).toBe('');
    expect((await containerOf('two'))['ports']).toHaveLength(2);
  });

  it('are merged by their number where a patch names one, as compiled clients send them', async () => {
    await kubectl.run(['apply', '-f', '-'], { stdin: deployment('patched', 'ports: [{ containerPort: 80 }]') });
    const patch = (ports: object[]): Promise<string> => {
      const containers = [{ name: 'c', ports }];
      return kubectl.succeeds(
        'patch',
        'deploy',
        'patched',
        '-p',
        JSON.stringify({ spec: { template: { spec: { containers } } } }),
      );
    };
    await patch([{ containerPort: 80, name: 'http' }, { containerPort: 443 }]);
    expect((await containerOf('patched'))['ports']).toEqual([
      { containerPort: 80, name: 'http' },
      { containerPort: 443 },
    ]);
    await patch([{ containerPort: 80, $patch: 'delete' }]);
    expect((await containerOf('patched'))['ports']).toEqual([{ containerPort: 443 }]);
  });
});

describe('what only the server has', () => {
  it('stays where it stood: a variable that a later one refers to stays in front', async () => {
    const apply = async (value: string): Promise<void> => {
      const env = JSON.stringify([
        { name: 'ONE', value: '1' },
        { name: 'URL', value: `${value}-$(BASE)` },
      ]);
      await kubectl.succeeds('apply', '-f', await kubectl.write('env.yaml', deployment('order', `env: ${env}`)));
    };
    await apply('x');
    const injected = { op: 'add', path: '/spec/template/spec/containers/0/env/0', value: { name: 'BASE', value: 'b' } };
    await kubectl.succeeds('patch', 'deploy', 'order', '--type=json', '-p', JSON.stringify([injected]));
    await apply('y');
    const { env } = (await containerOf('order')) as { env: { name: string }[] };
    expect(env.map(({ name }) => name)).toEqual(['BASE', 'ONE', 'URL']);
  });

  it('does not keep a volume from another source, nor a Deployment from another strategy', async () => {
    const apply = async (source: string): Promise<JsonObject> => {
      const text = deployment('source', 'command: [a]', `, volumes: [{ name: v, ${source} }]`);
      await kubectl.succeeds('apply', '-f', await kubectl.write('source.yaml', text));
      return podSpecOf('source');
    };
    await apply('emptyDir: {}');
    // A member that the manifest never named, as a server's default would be.
    const medium = { op: 'add', path: '/spec/template/spec/volumes/0/emptyDir/medium', value: 'Memory' };
    const rolling = { op: 'add', path: '/spec/strategy', value: { rollingUpdate: { maxSurge: 1 } } };
    await kubectl.succeeds('patch', 'deploy', 'source', '--type=json', '-p', JSON.stringify([medium, rolling]));
    expect(await apply('configMap: { name: m }')).toMatchObject({ volumes: [{ name: 'v', configMap: { name: 'm' } }] });
    const manifest = deployment('source', 'command: [a]').replace('spec:\n', 'spec:\n  strategy: { type: Recreate }\n');
    await kubectl.succeeds('apply', '-f', await kubectl.write('source.yaml', manifest));
    const { json } = await api.request('GET', '/apis/apps/v1/namespaces/default/deployments/source');
    expect(json).toMatchObject({ spec: { strategy: { type: 'Recreate' } } });
    expect(JSON.stringify(json)).not.toContain('rollingUpdate');
  });
});
