import { AuthorizationV1Api, CoordinationV1Api, CoreV1Api, KubeConfig, V1MicroTime } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import type { TestApi } from './api-harness.js';
import { startApiWithKubectl, useKubectl, type Kubectl } from './kubectl-harness.js';

/** Kinds that orch only keeps or answers, as Kubernetes' clients and conformance tests use them. */
let api: TestApi;
let kubectl: Kubectl;
let config: KubeConfig;

useKubectl(startApiWithKubectl, (started) => {
  ({ api, kubectl } = started);
  config = new KubeConfig();
  config.loadFromString(api.kubeconfig);
});

const namespace = 'default';

describe('Lease', () => {
  /** What client-go's leader election does: take it when it is free or has run out, else lose. */
  async function takeOrRenew(holder: string, now: Date): Promise<boolean> {
    const leases = config.makeApiClient(CoordinationV1Api);
    const at = new V1MicroTime(now.toISOString());
    const mine = {
      holderIdentity: holder,
      leaseDurationSeconds: 15,
      acquireTime: at,
      renewTime: at,
      leaseTransitions: 0,
    };
    const current = await leases.readNamespacedLease({ namespace, name: 'leader' }).catch(() => undefined);
    if (!current) {
      const body = { metadata: { name: 'leader' }, spec: mine };
      return leases.createNamespacedLease({ namespace, body }).then(
        () => true,
        () => false,
      );
    }
    const { spec = {} } = current;
    const isRunning = now.getTime() < new Date(spec.renewTime ?? 0).getTime() + 15_000;
    if (spec.holderIdentity !== holder && spec.holderIdentity && isRunning) return false;
    const isMine = spec.holderIdentity === holder;
    const kept = isMine && spec.acquireTime ? { acquireTime: new V1MicroTime(spec.acquireTime) } : {};
    const leaseTransitions = (spec.leaseTransitions ?? 0) + (isMine ? 0 : 1);
    // With the version that was read: of two who find it free one is told of a conflict.
    const body = { metadata: current.metadata, spec: { ...mine, ...kept, leaseTransitions } };
    return leases.replaceNamespacedLease({ namespace, name: 'leader', body }).then(
      () => true,
      () => false,
    );
  }

  it('has one holder at a time, and changes hands when it runs out or is given up', async () => {
    const start = Date.UTC(2026, 0, 1);
    const at = (seconds: number): Date => new Date(start + seconds * 1000);
    const first = await Promise.all(['a', 'b', 'c'].map((holder) => takeOrRenew(holder, at(0))));
    expect(first.filter(Boolean)).toHaveLength(1);
    const leader = ['a', 'b', 'c'][first.indexOf(true)] ?? '';
    expect(await takeOrRenew(leader, at(10))).toBe(true);
    expect(await takeOrRenew('d', at(20))).toBe(false);
    const later = await Promise.all(['d', 'e', 'f'].map((holder) => takeOrRenew(holder, at(60))));
    expect(later.filter(Boolean)).toHaveLength(1);
    const { json } = await api.request('GET', `/apis/coordination.k8s.io/v1/namespaces/default/leases/leader`);
    expect(json.spec).toMatchObject({ leaseTransitions: 1, renewTime: '2026-01-01T00:01:00.000000Z' });
    expect(await kubectl.succeeds('get', 'leases')).toMatch(/NAME +HOLDER +AGE\nleader +[def] /);
    // client-go gives it up with an empty holder and a null time.
    const given = { spec: { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: null } };
    const type = 'application/merge-patch+json';
    const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/leader';
    expect((await api.request('PATCH', path, { body: given, type })).status).toBe(200);
    expect(await takeOrRenew('g', at(61))).toBe(true);
  });
});

describe('a Lease that two clients hold in turn', () => {
  it('keeps each microsecond, and tells whoever wrote to an older version of it', async () => {
    const one = config.makeApiClient(CoordinationV1Api);
    const other = config.makeApiClient(CoordinationV1Api);
    const at = { namespace, name: 'exact' };
    const renewTime = new V1MicroTime('2026-01-01T00:00:00.123Z');
    const spec = { holderIdentity: 'one', leaseDurationSeconds: 15, acquireTime: renewTime, renewTime };
    await one.createNamespacedLease({ namespace, body: { metadata: { name: 'exact' }, spec } });
    await expect(
      other.createNamespacedLease({ namespace, body: { metadata: { name: 'exact' }, spec } }),
    ).rejects.toMatchObject({ code: 409 });
    const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/exact';
    const exact = { spec: { renewTime: '2026-01-01T00:00:01.123456Z', acquireTime: '2026-01-01T00:00:00.000001Z' } };
    await api.request('PATCH', path, { body: exact, type: 'application/merge-patch+json' });
    const { json: stored } = await api.request('GET', path);
    expect(stored.spec).toMatchObject(exact.spec);
    // Sent back as it was read, as Go's clients do, nothing of it changes.
    const { json: again } = await api.request('PUT', path, { body: stored });
    expect(again.metadata.resourceVersion).toBe(stored.metadata.resourceVersion);
    // Both read the same version; of two who write to it one has it.
    const reads = await Promise.all([one, other].map((client) => client.readNamespacedLease(at)));
    const writes = await Promise.allSettled(
      [one, other].map((client, index) => {
        const read = reads[index];
        const body = { ...read, spec: { ...spec, holderIdentity: index === 0 ? 'one' : 'other' } };
        return client.replaceNamespacedLease({ ...at, body });
      }),
    );
    const lost = writes.flatMap((write) => (write.status === 'rejected' ? [write.reason as object] : []));
    expect(lost).toHaveLength(1);
    expect(lost[0]).toMatchObject({ code: 409 });
    const winner = writes[0]?.status === 'fulfilled' ? 'one' : 'other';
    expect((await other.readNamespacedLease(at))?.spec?.holderIdentity).toBe(winner);
  });

  it('has one leader at a time while both try all the time', async () => {
    const at = { namespace, name: 'race' };
    const held: string[] = [];
    let version = '';
    const run = async (holder: string): Promise<void> => {
      const leases = config.makeApiClient(CoordinationV1Api);
      for (let round = 0; round < 20; round += 1) {
        const renewTime = new V1MicroTime();
        const current = await leases.readNamespacedLease(at).catch(() => undefined);
        const isFree = !current?.spec?.holderIdentity;
        const isMine = current?.spec?.holderIdentity === holder;
        if (!isFree && !isMine) continue;
        const body = {
          metadata: current?.metadata ?? { name: 'race' },
          // Given up at every third round, so that it changes hands.
          spec: { holderIdentity: isMine && round % 3 === 0 ? '' : holder, leaseDurationSeconds: 15, renewTime },
        };
        const written = await (
          current ? leases.replaceNamespacedLease({ ...at, body }) : leases.createNamespacedLease({ namespace, body })
        ).catch(() => undefined);
        if (!written) continue;
        const next = written.metadata?.resourceVersion ?? '';
        expect(next).not.toBe(version);
        version = next;
        held.push(`${current?.metadata?.resourceVersion ?? 'none'}`);
      }
    };
    await Promise.all(['a', 'b'].map(run));
    // Each write was made to a version of its own: nobody overwrote what they had not read.
    expect(new Set(held).size).toBe(held.length);
    expect(held.length).toBeGreaterThan(5);
  });
});

describe('PodTemplate', () => {
  it('is kept as it was sent', async () => {
    const core = config.makeApiClient(CoreV1Api);
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'busybox:1' }] } };
    await core.createNamespacedPodTemplate({ namespace, body: { metadata: { name: 'kept' }, template } });
    const read = await core.readNamespacedPodTemplate({ namespace, name: 'kept' });
    expect(read.template).toMatchObject(template);
    expect(await kubectl.succeeds('get', 'podtemplates')).toMatch(/kept +c +busybox:1/);
    const labelled = await kubectl.succeeds('label', 'podtemplate', 'kept', 'x=y');
    expect(labelled).toContain('podtemplate/kept labeled');
  });
});

describe('reviews', () => {
  const attributes = { verb: 'patch', group: 'orch.dev', resource: 'tasks', subresource: 'status', namespace };

  it('say what others may do, to an admin', async () => {
    const authorization = config.makeApiClient(AuthorizationV1Api);
    const may = async (user: string, resourceAttributes: object, groups: string[] = []): Promise<boolean> => {
      const body = { spec: { user, groups, resourceAttributes } };
      const [global, local] = [
        await authorization.createSubjectAccessReview({ body }),
        await authorization.createNamespacedLocalSubjectAccessReview({
          namespace,
          body: { metadata: { namespace }, ...body },
        }),
      ];
      expect(local.status?.allowed).toBe(global.status?.allowed);
      return global.status?.allowed ?? false;
    };
    expect(await may('system:admin', attributes)).toBe(true);
    expect(await may('someone', attributes, ['system:masters'])).toBe(true);
    expect(await may('system:node:n1', attributes)).toBe(true);
    expect(await may('system:node:n1', { verb: 'create', resource: 'pods', namespace })).toBe(false);
    expect(await may('nobody', attributes)).toBe(false);
  });

  it('say so to nobody else', async () => {
    const token = await api.admit('n1');
    const body = { spec: { user: 'system:admin', resourceAttributes: attributes } };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    expect((await api.request('POST', path, { body, token })).status).toBe(403);
  });

  it('are no tables: 406', async () => {
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const body = { spec: { resourceAttributes: attributes } };
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    const { status, json } = await api.request('POST', path, { body, headers });
    expect(status).toBe(406);
    expect(json).toMatchObject({ reason: 'NotAcceptable' });
  });
});

describe('namespaces/status', () => {
  it('takes conditions, in each kind of patch, and no more than the status', async () => {
    const patch = (type: string, condition: string): string[] => {
      const conditions = [{ type: condition, status: 'True', reason: 'Because' }];
      const body = JSON.stringify({ metadata: { labels: { no: 'way' } }, status: { conditions } });
      return ['patch', 'namespace', 'default', '--subresource=status', `--type=${type}`, '-p', body];
    };
    await kubectl.succeeds(...patch('merge', 'First'));
    await kubectl.succeeds(...patch('strategic', 'Second'));
    const { json } = await api.request('GET', '/api/v1/namespaces/default/status');
    expect(json.status).toMatchObject({ phase: 'Active', conditions: [{ type: 'Second' }, { type: 'First' }] });
    expect(json.metadata.labels ?? {}).not.toHaveProperty('no');
  });
});
