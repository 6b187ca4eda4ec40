import {
  CoreV1Api,
  EventsV1Api,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  V1MicroTime,
} from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import type { TestApi } from './api-harness.js';
import { startApiWithKubectl, useKubectl, type Kubectl } from './kubectl-harness.js';

let api: TestApi;
let kubectl: Kubectl;
let config: KubeConfig;

useKubectl(startApiWithKubectl, (started) => {
  ({ api, kubectl } = started);
  config = new KubeConfig();
  config.loadFromString(api.kubeconfig);
});

const namespace = 'default';
const strategic = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);
const aboutMap = async (
  name: string,
): Promise<{ apiVersion: string; kind: string; name: string; namespace: string; uid: string }> => {
  const map = await config
    .makeApiClient(CoreV1Api)
    .createNamespacedConfigMap({ namespace, body: { metadata: { name } } });
  return { apiVersion: 'v1', kind: 'ConfigMap', name, namespace, uid: map.metadata?.uid ?? '' };
};

describe('events that clients report', () => {
  it('as the older recorder of client-go does: made once, then counted up with a patch', async () => {
    const core = config.makeApiClient(CoreV1Api);
    const involvedObject = await aboutMap('counted');
    const first = new Date('2026-01-01T00:00:00Z');
    const created = await core.createNamespacedEvent({
      namespace,
      body: {
        metadata: { name: 'counted.17a', namespace },
        involvedObject,
        reason: 'Synced',
        message: 'all is well',
        type: 'Normal',
        count: 1,
        firstTimestamp: first,
        lastTimestamp: first,
        source: { component: 'my-controller', host: 'here' },
      },
    });
    expect(created).toMatchObject({ involvedObject, count: 1, source: { component: 'my-controller', host: 'here' } });
    const last = new Date('2026-01-01T00:10:00Z');
    const patched = await core.patchNamespacedEvent(
      { namespace, name: 'counted.17a', body: { count: 7, lastTimestamp: last.toISOString(), message: 'still well' } },
      strategic,
    );
    expect(patched).toMatchObject({ count: 7, firstTimestamp: first, lastTimestamp: last, message: 'still well' });
    expect(await kubectl.succeeds('describe', 'configmap', 'counted')).toMatch(
      /Normal +Synced .*\(x7 over \S+\) +my-controller +still well/,
    );
    expect(await kubectl.succeeds('events', '--for', 'configmap/counted')).toMatch(
      /Normal +Synced +ConfigMap\/counted +still well/,
    );
    expect(await kubectl.succeeds('get', 'events')).toContain('configmap/counted');
  });

  it('as the newer one does: events.k8s.io, with a series', async () => {
    const events = config.makeApiClient(EventsV1Api);
    const regarding = await aboutMap('series');
    const eventTime = new V1MicroTime('2026-01-01T00:00:00.123Z');
    const body = {
      metadata: { name: 'series.17b', namespace },
      eventTime,
      reportingController: 'example.com/c',
      reportingInstance: 'c-1',
      action: 'Binding',
      reason: 'Bound',
      regarding,
      note: 'bound it',
      type: 'Warning',
    };
    expect(await events.createNamespacedEvent({ namespace, body })).toMatchObject({
      reason: 'Bound',
      note: 'bound it',
      regarding,
    });
    const series = { count: 3, lastObservedTime: '2026-01-01T00:05:00.000000Z' };
    await events.patchNamespacedEvent({ namespace, name: 'series.17b', body: { series } }, strategic);
    const { json } = await api.request('GET', `/apis/events.k8s.io/v1/namespaces/default/events/series.17b`);
    expect(json).toMatchObject({ series, note: 'bound it', action: 'Binding', reportingInstance: 'c-1' });
    const replaced = { ...(json as object), note: 'bound again' };
    const put = await api.request('PUT', `/apis/events.k8s.io/v1/namespaces/default/events/series.17b`, {
      body: replaced,
    });
    expect(put.json).toMatchObject({ note: 'bound again', series });
    // The same one in the core group.
    expect((await api.request('GET', '/api/v1/namespaces/default/events/series.17b')).json).toMatchObject({
      involvedObject: regarding,
      message: 'bound again',
      series,
      reportingComponent: 'example.com/c',
    });
    expect(await kubectl.succeeds('describe', 'configmap', 'series')).toMatch(
      /Warning +Bound .* example.com\/c +bound again/,
    );
  });

  it('are the newest fifty of each object, and go when somebody deletes them', async () => {
    const involvedObject = { kind: 'ConfigMap', apiVersion: 'v1', name: 'busy', namespace };
    for (let index = 0; index < 55; index += 1) {
      const at = new Date(Date.UTC(2026, 0, 1, 0, index)).toISOString();
      const name = `busy.${String(index).padStart(2, '0')}`;
      const body = { metadata: { name }, involvedObject, reason: 'Tick', firstTimestamp: at, lastTimestamp: at };
      expect((await api.request('POST', '/api/v1/namespaces/default/events', { body })).status).toBe(201);
    }
    const list = await kubectl.succeeds('get', 'events', '--field-selector', 'involvedObject.name=busy', '-o', 'name');
    const names = list.trim().split('\n');
    expect(names).toHaveLength(50);
    expect(names[0]).toBe('event/busy.05');
    expect(await kubectl.succeeds('delete', 'event', 'busy.54')).toContain('deleted');
    expect(await kubectl.fails('get', 'event', 'busy.54')).toContain('NotFound');
  });

  it('are refused where they are about nothing, elsewhere, or of fields that no event has', async () => {
    const post = async (event: object): Promise<string> =>
      (await api.request('POST', '/api/v1/namespaces/default/events?fieldValidation=Strict', { body: event })).json
        .message as string;
    const metadata = { name: 'wrong' };
    expect(await post({ metadata, reason: 'X' })).toContain('involvedObject.kind: say what the event is about');
    const involvedObject = { kind: 'Pod', name: 'p', namespace: 'kube-system' };
    expect(await post({ metadata, involvedObject })).toContain('must be that of the event, "default"');
    expect(await post({ metadata, involvedObject: { kind: 'Pod' }, why: 1 })).toContain(
      'strict decoding error: unknown field "why"',
    );
    expect(await post({ metadata, involvedObject: { kind: 'Pod' }, type: 'Loud' })).toContain('type');
  });

  it('of orch itself cannot be changed', async () => {
    const task = { apiVersion: 'orch.dev/v1', kind: 'Task', metadata: { name: 'told' }, spec: { image: 'busybox:1' } };
    await api.request('POST', '/apis/orch.dev/v1/namespaces/default/tasks', { body: task });
    const name = await kubectl.succeeds('get', 'events', '--field-selector', 'involvedObject.name=told', '-o', 'name');
    expect(await kubectl.fails('patch', name.trim(), '--type=merge', '-p', '{"message":"x"}')).toContain(
      'orch recorded it',
    );
  });
});

describe('taskevents', () => {
  it('are records: what orch or a client reported is read and deleted, and changed by nobody', async () => {
    const core = config.makeApiClient(CoreV1Api);
    const involvedObject = await aboutMap('recorded');
    const body = { metadata: { name: 'recorded.1', namespace }, involvedObject, reason: 'Seen', message: 'as it was' };
    await core.createNamespacedEvent({ namespace, body });
    const path = '/apis/orch.dev/v1/namespaces/default/taskevents/recorded.1';
    const { json } = await api.request('GET', path);
    const changes = [
      await api.request('PUT', path, { body: { ...json, message: 'other' } }),
      await api.request('PATCH', path, { body: { reason: 'Other' }, type: 'application/merge-patch+json' }),
      await api.request('PATCH', `${path}?fieldManager=a&force=true`, {
        body: { apiVersion: 'orch.dev/v1', kind: 'TaskEvent', message: 'other' },
        type: 'application/apply-patch+yaml',
      }),
    ];
    expect(changes.map(({ status }) => status)).toEqual([405, 405, 405]);
    expect(changes[0]?.json.message).toContain('TaskEvents are records');
    expect(await kubectl.fails('annotate', 'taskevent', 'recorded.1', 'a=b')).toContain('TaskEvents are records');
    expect((await api.request('GET', path)).json.message).toBe('as it was');
    expect(await kubectl.succeeds('get', '--raw', '/apis/orch.dev/v1')).toMatch(
      /"name":"taskevents"[^}]*"verbs":\["create","delete","deletecollection","get","list","watch"\]/,
    );
    await kubectl.succeeds('delete', 'taskevent', 'recorded.1');
  });
});
