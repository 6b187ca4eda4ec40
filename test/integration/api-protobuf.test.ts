import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeKind } from '../../src/model/node.js';
import { taskKind, type Task } from '../../src/model/task.js';
import { envelope, message } from '../support/protobuf-writer.js';
import { startTestApi, type TestApi, type TestResponse } from './api-harness.js';

/** What a typed client in Go sends that was told to use protobuf, as controller-runtime's are, and what it gets. */
const protobuf = 'application/vnd.kubernetes.protobuf';
const accept = `${protobuf},application/json`;
const podsPath = '/api/v1/namespaces/default/pods';
const deploymentsPath = '/apis/apps/v1/namespaces/default/deployments';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.registry.create(nodeKind, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } });
});
afterAll(() => api.close());

function send(method: string, path: string, body: Buffer, wanted = accept): Promise<TestResponse> {
  return api.request(method, path, { body, type: protobuf, headers: { accept: wanted } });
}

function podSpec(image: string, more: Parameters<typeof message>[0] = {}): Buffer {
  const container = message({ 1: 'web', 2: image, 5: '', 13: '', 14: '', 16: false, 17: false, 18: false, 20: '' });
  return message({ 2: [container], 3: '', 6: '', 8: '', 9: '', 10: '', 11: false, 12: false, 13: false, ...more });
}

function pod(image: string, more?: Parameters<typeof message>[0]): Buffer {
  return envelope('v1', 'Pod', message({ 1: message({ 1: 'web', 3: 'default' }), 2: podSpec(image, more), 3: '' }));
}

describe('protobuf from a typed client', () => {
  it('makes a pod and changes it; the answers are JSON', async () => {
    const created = await send('POST', podsPath, pod('busybox:1'));
    expect([created.status, created.headers['content-type']]).toEqual([201, 'application/json']);
    expect(created.json).toMatchObject({ kind: 'Pod', metadata: { name: 'web' } });
    const changed = await send('PUT', `${podsPath}/web`, pod('busybox:2'), `${protobuf}, */*`);
    expect(changed.status).toBe(200);
    const task = await api.registry.get<Task>(taskKind, { namespace: 'default', name: 'web' });
    expect(task.spec.image).toBe('busybox:2');
  });

  it('evicts a pod', async () => {
    await api.registry.mutate<Task>(taskKind, { namespace: 'default', name: 'web' }, (task) => ({
      ...task,
      spec: { ...task.spec, nodeName: 'a' },
      status: { ...task.status, state: 'Scheduled' },
    }));
    const eviction = envelope('policy/v1', 'Eviction', message({ 1: message({ 1: 'web', 3: 'default' }) }));
    const { status, json } = await send('POST', `${podsPath}/web/eviction`, eviction);
    expect([status, json.status]).toEqual([201, 'Success']);
  });

  it('makes a deployment, and scales it to nothing', async () => {
    const labels = { app: Buffer.from('shop') };
    const template = message({ 1: message({ 11: labels }), 2: podSpec('busybox:1') });
    const spec = message({ 1: 2, 2: message({ 1: labels }), 3: template, 4: message({ 1: '' }), 5: 0, 7: false });
    const deployment = message({ 1: message({ 1: 'shop', 3: 'default' }), 2: spec, 3: message({ 1: 0, 2: 0 }) });
    const created = await send('POST', deploymentsPath, envelope('apps/v1', 'Deployment', deployment));
    expect(created.json).toMatchObject({ kind: 'Deployment', spec: { replicas: 2 } });
    const scale = message({
      1: message({ 1: 'shop', 3: 'default' }),
      2: message({ 1: 0 }),
      3: message({ 1: 2, 2: '' }),
    });
    const scaled = await send('PUT', `${deploymentsPath}/shop/scale`, envelope('autoscaling/v1', 'Scale', scale));
    expect(scaled.json).toMatchObject({ kind: 'Scale', spec: { replicas: 0 } });
  });

  it('cordons a node, and takes no status away', async () => {
    const { json } = await api.request('GET', '/api/v1/nodes/a');
    const metadata = message({ 1: 'a', 5: json.metadata.uid as string, 6: json.metadata.resourceVersion as string });
    const node = envelope('v1', 'Node', message({ 1: metadata, 2: message({ 1: '', 3: '', 4: true }), 3: '' }));
    expect((await send('PUT', '/api/v1/nodes/a', node)).json).toMatchObject({ spec: { unschedulable: true } });
    const refused = await send('PUT', '/api/v1/nodes/a/status', node);
    expect(refused.json).toMatchObject({ code: 415, message: 'a status is not taken as protobuf: send it as JSON' });
  });

  it('is refused by name where it is not read, and where nothing else may be answered', async () => {
    const withVolume = await send('POST', podsPath, pod('busybox', { 1: [message({ 1: 'data' })] }));
    expect(withVolume.json).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
    expect(withVolume.json.message).toContain('the field "volumes" is not taken as protobuf');
    const hostPid = await send('POST', podsPath, pod('busybox', { 12: true }));
    expect(hostPid.json).toMatchObject({ code: 422, details: { causes: [{ field: 'spec.hostPID' }] } });
    expect((await send('PUT', `${podsPath}/web`, pod('busybox:3'), protobuf)).json).toMatchObject({ code: 406 });
    const { spec } = await api.registry.get<Task>(taskKind, { namespace: 'default', name: 'web' });
    expect(spec.image).toBe('busybox:2');
    expect((await send('PATCH', `${podsPath}/web`, pod('busybox'))).json).toMatchObject({ code: 415 });
    const job = envelope('batch/v1', 'Job', message({ 1: message({ 1: 'x' }) }));
    expect((await send('POST', podsPath, job)).json).toMatchObject({ code: 415 });
    expect((await api.request('GET', podsPath)).json.items).toHaveLength(1);
  });
});
