import { describe, expect, it, vi } from 'vitest';
import { strategicToMergePatch } from '../../../src/api/strategic-merge.js';
import type { JsonObject, JsonValue } from '../../../src/model/json.js';
import { nodeKind } from '../../../src/model/node.js';

const toMerge = (patch: unknown, current: object = {}): JsonObject =>
  strategicToMergePatch(patch as JsonValue, current as JsonObject, nodeKind.listKeys);

describe('strategicToMergePatch', () => {
  it('leaves plain members as a merge patch has them', () => {
    const patch = { spec: { unschedulable: null }, metadata: { labels: { a: 'b' } } };
    expect(toMerge(patch, { spec: { unschedulable: true } })).toEqual(patch);
  });

  it('looks at every element of a long list a few times, not once for each element of the patch', () => {
    const conditions = (prefix: string): object[] =>
      Array.from({ length: 1_000 }, (_, index) => ({ type: `${prefix}${index}`, status: 'True' }));
    const stringify = vi.spyOn(JSON, 'stringify');
    try {
      const merged = toMerge(
        { status: { conditions: conditions('new') } },
        { status: { conditions: conditions('old') } },
      );
      expect((merged['status'] as JsonObject)['conditions']).toHaveLength(2_000);
      expect(stringify.mock.calls.length).toBeLessThan(10_000);
    } finally {
      stringify.mockRestore();
    }
  });

  it('replaces lists without a key whole', () => {
    const taints = [{ key: 'b', effect: 'NoSchedule' }];
    expect(toMerge({ spec: { taints } }, { spec: { taints: [{ key: 'a', effect: 'NoExecute' }] } })).toEqual({
      spec: { taints },
    });
  });

  it('merges keyed lists by key, deletes marked elements, and keeps the order asked for', () => {
    const current = {
      status: {
        conditions: [
          { type: 'Ready', status: 'True', reason: 'Old' },
          { type: 'DiskPressure', status: 'False' },
        ],
      },
    };
    const patch = {
      status: {
        conditions: [
          { type: 'Ready', reason: null, status: 'False' },
          { type: 'New', status: 'True' },
          { type: 'DiskPressure', $patch: 'delete' },
        ],
        '$setElementOrder/conditions': [{ type: 'New' }, { type: 'Ready' }],
      },
    };
    expect(toMerge(patch, current)).toEqual({
      status: {
        conditions: [
          { type: 'New', status: 'True' },
          { type: 'Ready', status: 'False' },
        ],
      },
    });
    const replaced = { status: { conditions: [{ $patch: 'replace' }, { type: 'Only', status: 'True' }] } };
    expect(toMerge(replaced, current)).toEqual({ status: { conditions: [{ type: 'Only', status: 'True' }] } });
  });

  it('honours $patch: replace and $retainKeys of maps', () => {
    const current = { metadata: { labels: { a: '1', b: '2', c: '3' } } };
    expect(toMerge({ metadata: { labels: { $patch: 'replace', b: '9' } } }, current)).toEqual({
      metadata: { labels: { a: null, b: '9', c: null } },
    });
    expect(toMerge({ metadata: { labels: { $retainKeys: ['a', 'b'], b: '9' } } }, current)).toEqual({
      metadata: { labels: { b: '9', c: null } },
    });
    expect(toMerge({ metadata: { labels: { $patch: 'delete' } } }, current)).toEqual({ metadata: { labels: null } });
  });

  it('merges finalizers as a set', () => {
    const current = { metadata: { finalizers: ['a', 'b'] } };
    expect(toMerge({ metadata: { finalizers: ['c'] } }, current)).toEqual({
      metadata: { finalizers: ['a', 'b', 'c'] },
    });
    expect(toMerge({ metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } }, current)).toEqual({
      metadata: { finalizers: ['b'] },
    });
  });

  it('refuses what it cannot honour', () => {
    for (const patch of [
      [],
      null,
      { $patch: 'delete' },
      { spec: { $patch: 'merge-somehow' } },
      { spec: { $unknown: 1 } },
      { spec: { $retainKeys: 'a' } },
      { status: { conditions: [{ status: 'True' }] } },
      { status: { conditions: ['x'] } },
    ]) {
      expect(() => toMerge(patch)).toThrow();
    }
  });
});
