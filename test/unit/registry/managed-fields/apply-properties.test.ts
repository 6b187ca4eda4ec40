import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../../src/model/json.js';
import { taskKind } from '../../../../src/model/task.js';
import { applyObject } from '../../../../src/registry/managed-fields/apply-object.js';
import { FieldSet } from '../../../../src/registry/managed-fields/field-set.js';
import { compareFields, fieldsOf, ownablePart } from '../../../../src/registry/managed-fields/object-fields.js';

const scalar = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('a', 'b'), fc.boolean());
const environment = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('A', 'B', 'C'), value: fc.constantFrom('1', '2') }),
  {
    selector: (item) => item.name,
  },
);
const ports = fc.uniqueArray(
  fc.record(
    {
      containerPort: fc.constantFrom(80, 443),
      protocol: fc.constantFrom('TCP', 'UDP'),
      hostPort: fc.constantFrom(1, 2),
    },
    { requiredKeys: ['containerPort'] },
  ),
  { selector: (item) => `${item.containerPort} ${item.protocol ?? 'TCP'}` },
);
const labels = fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.constantFrom('1', '2'));

/** Manifests of one task, from bare to full, with lists of every sort. */
const manifest: fc.Arbitrary<JsonObject> = fc
  .record({
    metadata: fc.record(
      { labels, finalizers: fc.uniqueArray(fc.constantFrom('f1', 'f2', 'f3')) },
      { requiredKeys: [] },
    ),
    spec: fc.record(
      {
        image: fc.constantFrom('a', 'b'),
        env: environment,
        ports,
        command: fc.array(fc.constantFrom('x', 'y'), { maxLength: 3 }),
        resources: fc.oneof(
          scalar,
          fc.record({ cpu: scalar, limits: fc.record({ cpu: scalar }, { requiredKeys: [] }) }, { requiredKeys: [] }),
        ),
        nodeSelector: labels,
      },
      { requiredKeys: ['image'] },
    ),
  })
  .map((object) => JSON.parse(JSON.stringify(object)) as JsonObject);

/** A cluster of one object: who applies what, in order. */
function applyAll(steps: readonly { manager: string; object: JsonObject }[]): JsonObject {
  let live: JsonObject | undefined;
  for (const { manager, object } of steps) {
    const { part, managedFields } = applyObject(taskKind, live, object, {
      manager,
      force: true,
      scope: 'main',
      timestamp: '2026-01-01T00:00:00Z',
    });
    const metadata = (part['metadata'] ?? {}) as JsonObject;
    live = { ...part, metadata: { ...metadata, managedFields: managedFields as unknown as JsonValue } };
  }
  return live ?? {};
}

describe('apply, whatever the manifests', () => {
  it('gives what a fresh apply of the last manifest gives, for one manager', () => {
    fc.assert(
      fc.property(fc.array(manifest, { maxLength: 4 }), manifest, (earlier, last) => {
        const steps = [...earlier, last].map((object) => ({ manager: 'm', object }));
        expect(applyAll(steps)).toEqual(applyAll([{ manager: 'm', object: last }]));
      }),
      { numRuns: 200 },
    );
  });

  it('changes nothing when the same is applied again', () => {
    fc.assert(
      fc.property(manifest, manifest, (first, second) => {
        const steps = [
          { manager: 'a', object: first },
          { manager: 'b', object: second },
        ];
        expect(applyAll([...steps, { manager: 'b', object: second }])).toEqual(applyAll(steps));
      }),
      { numRuns: 100 },
    );
  });

  it('gives the last one to apply all that it wants and takes nothing from the others but that', () => {
    fc.assert(
      fc.property(manifest, manifest, manifest, (first, second, third) => {
        const before = applyAll([
          { manager: 'a', object: first },
          { manager: 'b', object: second },
        ]);
        const after = applyAll([
          { manager: 'a', object: first },
          { manager: 'b', object: second },
          { manager: 'a', object: third },
        ]);
        const wanted = fieldsOf(taskKind, ownablePart(taskKind, third, 'main'));
        const has = fieldsOf(taskKind, ownablePart(taskKind, after, 'main'));
        const missing = wanted.difference(has).paths();
        // A field that was wanted empty may have got members from others.
        for (const path of missing) expect(has.at(path).isEmpty()).toBe(false);
        const { removed } = compareFields(
          taskKind,
          ownablePart(taskKind, before, 'main'),
          ownablePart(taskKind, after, 'main'),
        );
        const ofB = fieldsOf(taskKind, ownablePart(taskKind, second, 'main'));
        const taken = removed.intersection(ofB).paths();
        for (const path of taken) expect(isBelowWanted(wanted, path)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('reads back every set of fields that it writes', () => {
    fc.assert(
      fc.property(manifest, (object) => {
        const fields = fieldsOf(taskKind, ownablePart(taskKind, object, 'main'));
        const read = FieldSet.fromFieldsV1(JSON.parse(JSON.stringify(fields.toFieldsV1())) as JsonValue);
        expect(read?.paths().sort()).toEqual(fields.paths().sort());
      }),
    );
  });
});

/** The new manifest says something about this path, a part of it or what it is a part of. */
function isBelowWanted(wanted: FieldSet, path: readonly string[]): boolean {
  return (
    path.some((_, index) => {
      const node = wanted.at(path.slice(0, index + 1));
      return node.member && index < path.length;
    }) || !wanted.at(path).isEmpty()
  );
}

describe('FieldSet', () => {
  it.each([[null], [[]], [{ image: {} }], [{ 'f:spec': 1 }], [{ 'k:nonsense': {} }], [{ 'v:{': {} }]])(
    'refuses %j as FieldsV1',
    (fields) => {
      expect(FieldSet.fromFieldsV1(fields as JsonValue)).toBeUndefined();
    },
  );

  it('joins, intersects and subtracts', () => {
    const a = FieldSet.of(['f:spec', 'f:a'], ['f:spec', 'f:b']);
    const b = FieldSet.of(['f:spec', 'f:b'], ['f:spec', 'f:b', 'f:c']);
    expect(a.union(b).paths()).toEqual([
      ['f:spec', 'f:a'],
      ['f:spec', 'f:b'],
      ['f:spec', 'f:b', 'f:c'],
    ]);
    expect(a.intersection(b).paths()).toEqual([['f:spec', 'f:b']]);
    expect(a.difference(b).paths()).toEqual([['f:spec', 'f:a']]);
  });
});
