import { describe, expect, it } from 'vitest';
import { planJoin, type JoinProof, type JoinRequest } from '../../../../src/api/access/plan-join.js';
import type { JoinTokenSpec, StoredJoinToken } from '../../../../src/model/join-token.js';
import { workerKeyAnnotation, type StoredNode } from '../../../../src/model/node.js';

const now = Date.parse('2026-01-01T00:00:00Z');
const token = (spec: Partial<JoinTokenSpec> = {}, used = 0): JoinProof => ({
  type: 'token',
  token: {
    metadata: { name: 't1' },
    spec: { tokenSha256: '0'.repeat(64), expirationTimestamp: '2026-01-02T00:00:00Z', ...spec },
    status: { used },
  } as unknown as StoredJoinToken,
});
const request = (proof: JoinProof, more: Partial<JoinRequest> = {}): JoinRequest => ({
  ...{ nodeName: 'w1', keySha256: 'its-key', labels: {}, proof },
  ...more,
});
const node = (key = 'its-key', metadata: object = {}): StoredNode =>
  ({
    metadata: { name: 'w1', uid: 'u1', annotations: { [workerKeyAnnotation]: key }, ...metadata },
  }) as unknown as StoredNode;

describe('with a join token', () => {
  it('makes the node of a free name, with the labels of the token and no others', () => {
    expect(planJoin(request(token({ labels: { zone: 'a' } })), undefined, now)).toEqual({
      ...{ type: 'create', counts: true },
      labels: { zone: 'a', 'kubernetes.io/hostname': 'w1' },
    });
    const wanted = { labels: { zone: 'a' } };
    expect(planJoin(request(token({ labels: { zone: 'a' } }), wanted), undefined, now).type).toBe('create');
    expect(planJoin(request(token({ labels: { zone: 'b' } }), wanted), undefined, now)).toMatchObject({
      ...{ type: 'refuse', code: 'Forbidden' },
      message: expect.stringContaining('does not give the label zone=a') as string,
    });
    expect(planJoin(request(token(), { labels: { constructor: 'a' } }), undefined, now).type).toBe('refuse');
  });

  it('gives nobody the name of a node that is there, but the worker that has its key', () => {
    expect(planJoin(request(token(), { keySha256: 'another' }), node(), now)).toMatchObject({
      ...{ type: 'refuse', code: 'Conflict' },
      message: expect.stringContaining('orch delete node w1') as string,
    });
    // Not for its own name either.
    const own = token({ nodeName: 'w1' });
    expect(planJoin(request(own, { keySha256: 'another' }), node(), now).type).toBe('refuse');
    expect(planJoin(request(token()), node(), now)).toEqual({ type: 'keep', nodeUid: 'u1', labels: {} });
    const unknownKey = { metadata: { name: 'w1', uid: 'u1' } } as unknown as StoredNode;
    expect(planJoin(request(token()), unknownKey, now).type).toBe('refuse');
  });

  it('ends with its time, its uses and its name', () => {
    const refused = (proof: JoinProof, at = now): unknown => planJoin(request(proof), undefined, at);
    expect(refused(token(), Date.parse('2026-01-02T00:00:00Z'))).toMatchObject({ code: 'Unauthorized' });
    expect(refused(token({ uses: 2 }, 2))).toMatchObject({ code: 'Unauthorized' });
    expect(refused(token({ uses: 2 }, 1))).toMatchObject({ type: 'create' });
    expect(refused(token({ nodeName: 'w2' }))).toMatchObject({ code: 'Forbidden' });
  });

  it('answers once more whoever lost the answer to the last use, and costs no further one', () => {
    expect(planJoin(request(token({ uses: 1 }, 1)), node(), now).type).toBe('keep');
    expect(planJoin(request(token({ uses: 1 }, 1), { keySha256: 'another' }), node(), now).type).toBe('refuse');
  });
});

describe('without a token', () => {
  it('renews for the worker of the very node that is there', () => {
    const member = request({ type: 'member', nodeUid: 'u1' });
    expect(planJoin(member, node('older-key'), now)).toEqual({ type: 'keep', nodeUid: 'u1', labels: {} });
    expect(planJoin(member, undefined, now)).toMatchObject({ type: 'refuse', code: 'Unauthorized' });
    expect(planJoin(member, node('its-key', { uid: 'u2' }), now)).toMatchObject({ code: 'Unauthorized' });
  });

  it('lets in the worker of the manager itself, with its labels', () => {
    const own = request({ type: 'process' }, { labels: { zone: 'a' } });
    expect(planJoin(own, undefined, now)).toMatchObject({ type: 'create', counts: false });
    expect(planJoin(own, node('older-key'), now)).toEqual({ type: 'keep', nodeUid: 'u1', labels: { zone: 'a' } });
  });

  it('lets nobody in while the node is being deleted', () => {
    const leaving = node('its-key', { deletionTimestamp: '2026-01-01T00:00:00Z' });
    for (const proof of [token(), { type: 'member', nodeUid: 'u1' }, { type: 'process' }] as JoinProof[]) {
      expect(planJoin(request(proof), leaving, now)).toMatchObject({ type: 'refuse', code: 'Conflict' });
    }
  });
});
