import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffFields, formatChanges } from '../../../src/cli/field-diff.js';
import type { JsonValue } from '../../../src/model/json.js';
import { secretKind } from '../../../src/model/secret.js';
import { taskKind } from '../../../src/model/task.js';

const lines = (before: JsonValue | undefined, after: JsonValue): string[] =>
  formatChanges(taskKind, diffFields(taskKind, before, after));

describe('diffFields', () => {
  it('names the fields that differ and only those', () => {
    expect(
      lines({ spec: { image: 'busybox:1', args: ['a'] } }, { spec: { image: 'busybox:2', args: ['a'], priority: 3 } }),
    ).toEqual(['- spec.image: busybox:1', '+ spec.image: busybox:2', '+ spec.priority: 3']);
  });

  it('compares entries with a key by their key, wherever they stand', () => {
    const before = { spec: { env: [{ name: 'A', value: '1' }] } };
    const after = {
      spec: {
        env: [
          { name: 'NEW', value: 'x y' },
          { name: 'A', value: '2' },
        ],
      },
    };
    expect(lines(before, after)).toEqual([
      '- spec.env[A].value: 1',
      '+ spec.env[A].value: 2',
      '+ spec.env[NEW].name: NEW',
      '+ spec.env[NEW].value: "x y"',
    ]);
  });

  it('tells of a secret value that it changed, never what it is', () => {
    const changes = diffFields(
      secretKind,
      { type: 'Opaque', data: { password: 'b2xk', same: 'eA==' } },
      { type: 'Opaque', data: { password: 'bmV3', same: 'eA==' } },
    );
    expect(formatChanges(secretKind, changes)).toEqual(['- data.password: <hidden>', '+ data.password: <hidden>']);
  });

  it('compares plain lists as wholes', () => {
    expect(lines({ spec: { args: ['a', 'b'] } }, { spec: { args: ['a'] } })).toEqual([
      '- spec.args: ["a","b"]',
      '+ spec.args: ["a"]',
    ]);
  });

  it('shows an empty object that comes, and a new object field by field', () => {
    expect(lines({ spec: {} }, { spec: { nodeSelector: {} } })).toEqual(['+ spec.nodeSelector: {}']);
    expect(lines(undefined, { kind: 'Task', spec: { image: 'x' } })).toEqual(['+ kind: Task', '+ spec.image: x']);
  });

  it.each<[JsonValue, JsonValue]>([
    [{}, null],
    [{ constructor: 1 }, {}],
    [[], {}],
    [[{}], []],
  ])('tells %j and %j apart', (before, after) => {
    expect(lines({ x: before }, { x: after })).not.toEqual([]);
  });

  it('finds nothing between equal values, and something between unequal ones', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const [left, right] = [a as JsonValue, b as JsonValue];
        expect(diffFields(taskKind, left, JSON.parse(JSON.stringify(left)) as JsonValue)).toEqual([]);
        const same = JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
        expect(diffFields(taskKind, { x: left }, { x: right }).length > 0).toBe(!same);
      }),
    );
  });
});

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
