import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startKubectlCluster, type KubectlCluster } from './kubectl-cluster.js';

/** Kubernetes' client library for Python, as Debian packages it, runs the steps of python-client.py against a cluster. */
const python = '/usr/bin/python3';
const program = new URL('python-client.py', import.meta.url).pathname;
const isThere = spawnSync(python, ['-c', 'import kubernetes']).status === 0;

let cluster: KubectlCluster | undefined;

beforeAll(async () => {
  if (isThere) cluster = await startKubectlCluster();
});
afterAll(() => cluster?.close());
beforeEach((context) => {
  if (!isThere) context.skip('python3-kubernetes IS NOT INSTALLED on this machine: nothing below was tested');
});

async function step(name: string): Promise<unknown> {
  const env = { ...process.env, KUBECONFIG: cluster?.kubectl.file('config'), PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await promisify(execFile)(python, [program, name], { env, timeout: 28_000 });
  return JSON.parse(stdout);
}

describe("Kubernetes' client library for Python", () => {
  it('makes its models of nodes, pods, events and versions, and cordons', async () => {
    expect(await step('models')).toEqual({
      ready: ['True'],
      kubelet: expect.stringMatching(/^v1\.32\.\d+\+orch\./),
      architecture: expect.stringMatching(/^(amd64|arm64)$/),
      server: expect.stringMatching(/^v1\.32\.\d+\+orch\./),
      event: ['Task', 'Normal'],
      newer: 'Task',
      deleted: 'model',
      services: [],
      cordoned: true,
      uncordoned: null,
    });
  });

  it('creates, patches, pages, refuses and deletes', async () => {
    expect(await step('objects')).toEqual({
      patched: { COLOR: 'blue', SIZE: '3' },
      secret: { user: Buffer.from('ann').toString('base64') },
      missing: [404, 'NotFound'],
      twice: [409, 'AlreadyExists'],
      pages: ['other', 'settings'],
      collection: 'Success',
      namespace: [404, 'NotFound'],
    });
  });

  it('finds a status in a Deployment from the beginning, waits for it, and scales', async () => {
    const ended = expect.any(String) as string;
    expect(await step('deployment')).toEqual({ first: null, updated: 2, scaled: 3, sets: 1, ended });
  });

  it('works on tasks as custom and as dynamic objects, and watches them', async () => {
    expect(await step('tasks')).toEqual({
      created: 'busybox:latest',
      patched: 4,
      watched: ['ADDED', 't'],
      invalid: [422, 'Invalid'],
      deleted: 't',
    });
  });

  it('follows a pod and its log, executes, and forwards a port', async () => {
    expect(await step('streams')).toEqual({
      run: { events: ['ADDED', 'MODIFIED'], phase: 'Running' },
      log: 'two\n',
      followed: ['one', 'two'],
      exec: ['out\n', 'err\n', 3],
      input: 'hello',
      forwarded: 'there and back',
    });
  });
});
