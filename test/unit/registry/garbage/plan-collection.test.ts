import { describe, expect, it } from 'vitest';
import {
  finalizersFor,
  planCollection,
  type DependentFacts,
  type OwnerState,
} from '../../../../src/registry/garbage/plan-collection.js';

const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: uid, uid });

function plan(owners: Record<string, OwnerState>, dependents: Partial<DependentFacts>[] = [], metadata: object = {}) {
  return planCollection(
    { ownerReferences: Object.keys(owners).map(owner), ...metadata },
    new Map(Object.entries(owners)),
    dependents.map((facts) => ({ blocksOwner: false, deletedInForeground: false, ...facts })),
  );
}

describe('planCollection', () => {
  it('leaves alone what has no owner, and what has one', () => {
    expect(plan({})).toBeUndefined();
    expect(plan({ a: 'present' })).toBeUndefined();
  });

  it('never takes missing knowledge for a missing owner', () => {
    expect(plan({ a: 'unknown' })).toBeUndefined();
    expect(plan({ a: 'unknown', b: 'absent' })).toEqual({ type: 'dropOwners', uids: ['b'] });
  });

  it('deletes what lost its last owner; one that is left keeps it', () => {
    expect(plan({ a: 'absent' })).toEqual({ type: 'delete', propagationPolicy: 'Background' });
    expect(plan({ a: 'absent', b: 'present' })).toEqual({ type: 'dropOwners', uids: ['a'] });
    expect(plan({ a: 'deletedInForeground', b: 'present' })).toEqual({ type: 'dropOwners', uids: ['a'] });
  });

  it('goes down first where the owner waits, but not round in a circle', () => {
    const awaited = { a: 'deletedInForeground' } as const;
    expect(plan(awaited)).toEqual({ type: 'delete', propagationPolicy: 'Background' });
    expect(plan(awaited, [{}])).toEqual({ type: 'delete', propagationPolicy: 'Foreground' });
    expect(plan(awaited, [{ deletedInForeground: true }])).toEqual({ type: 'delete', propagationPolicy: 'Background' });
  });

  it('lets an object in deletion go when nothing holds it any more', () => {
    const waiting = (finalizer: string) => ({ deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [finalizer] });
    const foreground = waiting('foregroundDeletion');
    expect(plan({}, [{ blocksOwner: true }], foreground)).toBeUndefined();
    expect(plan({}, [{}], foreground)).toEqual({ type: 'dropFinalizer', finalizer: 'foregroundDeletion' });
    expect(plan({}, [{}], waiting('orphan'))).toEqual({ type: 'disownDependents' });
    expect(plan({}, [], waiting('orphan'))).toEqual({ type: 'dropFinalizer', finalizer: 'orphan' });
    expect(plan({ a: 'absent' }, [], waiting('somebody/else'))).toBeUndefined();
  });
});

describe('finalizersFor', () => {
  it('has the one of the policy in place of the other, and only where there are dependents', () => {
    expect(finalizersFor('Foreground', ['a/b', 'orphan'], true)).toEqual(['a/b', 'foregroundDeletion']);
    expect(finalizersFor('Orphan', undefined, true)).toEqual(['orphan']);
    expect(finalizersFor('Orphan', undefined, false)).toBeUndefined();
    expect(finalizersFor('Background', ['orphan'], true)).toEqual([]);
    expect(finalizersFor(undefined, ['orphan'], true)).toEqual(['orphan']);
  });
});
