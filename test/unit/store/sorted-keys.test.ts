import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedKeys } from '../../../src/store/sorted-keys.js';

describe('SortedKeys', () => {
  it('finds what a sorted array would find, whatever is added and deleted', () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', 'é'), maxLength: 4 });
    const step = fc.record({ add: fc.boolean(), key });
    fc.assert(
      fc.property(
        fc.array(key, { maxLength: 20 }),
        fc.array(step, { maxLength: 60 }),
        key,
        (initial, steps, prefix) => {
          const keys = new SortedKeys(initial);
          const model = new Set(initial);
          for (const { add, key: changed } of steps) {
            if (add) keys.add(changed);
            else keys.delete(changed);
            if (add) model.add(changed);
            else model.delete(changed);
          }
          expect(keys.withPrefix(prefix)).toEqual([...model].filter((each) => each.startsWith(prefix)).sort());
        },
      ),
    );
  });

  it('stays sorted over many chunks', () => {
    const names = Array.from({ length: 5_000 }, (_, n) => `k/${(n * 7_919) % 5_000}`);
    const keys = new SortedKeys(names.slice(0, 1_000));
    for (const name of names) keys.add(name);
    for (const name of names.filter((_, n) => n % 3 === 0)) keys.delete(name);
    const expected = names.filter((_, n) => n % 3 !== 0).sort();
    expect(keys.withPrefix('')).toEqual(expected);
    expect(keys.withPrefix('k/49')).toEqual(expected.filter((name) => name.startsWith('k/49')));
  });
});
