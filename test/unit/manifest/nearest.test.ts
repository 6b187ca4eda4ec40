import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../../src/manifest/nearest.js';

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });

describe('editDistance', () => {
  it.each([
    ['image', 'imgae', 1],
    ['image', 'image', 0],
    ['port', 'ports', 1],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
  ])('%s and %s', (a, b, distance) => {
    expect(editDistance(a, b, 9)).toBe(distance);
  });

  it('is a symmetric distance that is 0 for equal words only, and gives up past its limit', () => {
    fc.assert(
      fc.property(word, word, fc.nat({ max: 8 }), (a, b, limit) => {
        const distance = editDistance(a, b, 99);
        expect(editDistance(b, a, 99)).toBe(distance);
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(editDistance(a, b, limit)).toBe(Math.min(distance, limit + 1));
      }),
    );
  });
});

describe('nearest', () => {
  it.each([
    ['imgae', ['image', 'args'], 'image'],
    ['Always', ['Never', 'Always'], 'Always'],
    ['tasks', ['Task', 'TaskEvent'], 'Task'],
    ['mem', ['cpu', 'memory', 'disk'], 'memory'],
    ['hostport', ['hostIP', 'hostPort'], 'hostPort'],
  ])('%s', (typed, candidates, meant) => {
    expect(nearest(typed, candidates)).toBe(meant);
  });

  it.each(['replicas', 'x', '', 'y'.repeat(10_000)])('guesses nothing for %s', (typed) => {
    expect(nearest(typed, ['image', 'command', 'priority'])).toBeUndefined();
  });
});
