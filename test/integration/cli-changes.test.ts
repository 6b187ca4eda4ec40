import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deploymentKind, type StoredDeployment } from '../../src/model/deployment.js';
import type { CliRun } from '../support/run-cli.js';
import { manifest, startCliCluster, type CliCluster } from './cli-harness.js';

let cluster: CliCluster;
beforeEach(async () => {
  cluster = await startCliCluster();
  await cluster.run('apply -f -', manifest('web'));
});
afterEach(() => cluster.close());

describe('several objects', () => {
  it('are changed although one of them is refused, and each is named', async () => {
    for (const name of ['a', 'c']) await cluster.run('apply -f -', manifest(name));
    await cluster.run('apply -f -', manifest('b', {}, { labels: { tier: 'back' } }));
    const { exitCode, stdout, stderr } = await cluster.run('label tasks --all tier=front');
    expect({ exitCode, stdout }).toEqual({
      exitCode: 1,
      stdout: 'task/a labeled\ntask/c labeled\ntask/web labeled\n',
    });
    expect(stderr).toBe('error: task/b: "tier" is "back" already: --overwrite changes it\n');
    const named = await cluster.run('annotate task a nope c note=x');
    expect(named).toMatchObject({ exitCode: 1, stdout: 'task/a annotated\ntask/c annotated\n' });
    expect(named.stderr).toMatch(/^error: task\/nope: .*not found\n$/);
  });

  it('are told apart where the manager refuses', async () => {
    await cluster.run('apply -f -', manifest('a'));
    const { exitCode, stderr } = await cluster.runArgs(['patch', 'task', 'a', 'web', '-p', 'spec: { priority: many }']);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /error: task\/a: is invalid:\n {2}\* spec\.priority.*\n(?:.*\n)*error: task\/web: is invalid:/,
    );
  });
});

describe('patch', () => {
  const deployment = async (): Promise<StoredDeployment> =>
    cluster.api.registry.get<StoredDeployment>(deploymentKind, { namespace: 'default', name: 'shop' });

  beforeEach(async () => {
    const containers = [{ name: 'a', image: 'busybox' }];
    await cluster.api.registry.create(deploymentKind, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'shop', namespace: 'default' },
      spec: {
        selector: { matchLabels: { app: 'shop' } },
        template: { metadata: { labels: { app: 'shop' } }, spec: { containers } },
      },
    });
  });

  it('takes all three types', async () => {
    const run = (type: string, patch: unknown): Promise<CliRun> =>
      cluster.runArgs(['patch', 'deployment/shop', '--type', type, '-p', JSON.stringify(patch)]);
    const env = [{ name: 'A', value: '1' }];
    const strategic = { spec: { template: { spec: { containers: [{ name: 'a', env }] } } } };
    expect(await run('strategic', strategic)).toMatchObject({ exitCode: 0, stdout: 'deployment/shop patched\n' });
    expect((await deployment()).spec.template.spec.containers).toEqual([
      expect.objectContaining({ name: 'a', image: 'busybox', env }),
    ]);
    const json = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'busybox:2' }];
    expect(await run('json', json)).toMatchObject({ exitCode: 0 });
    expect(await run('merge', { spec: { replicas: 4 } })).toMatchObject({ exitCode: 0 });
    const { spec } = await deployment();
    expect([spec.replicas, spec.template.spec.containers[0]?.image]).toEqual([4, 'busybox:2']);
    expect(await run('json', { spec: {} })).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/a list of/) });
    expect(await run('other', {})).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/choose merge/) });
  });
});
