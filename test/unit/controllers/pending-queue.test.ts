import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PendingQueue } from '../../../src/controllers/pending-queue.js';

const wait = (priority: number, createdAt = 'a', generation = 1): Parameters<PendingQueue['add']>[1] => ({
  priority,
  createdAt,
  generation,
});

describe('PendingQueue', () => {
  it('gives higher priorities first, then older ones, then those that came first', () => {
    const queue = new PendingQueue();
    queue.add('second', wait(0, '2026-01-01T00:00:01Z'));
    queue.add('third', wait(0, '2026-01-01T00:00:01Z'));
    queue.add('first', wait(0, '2026-01-01T00:00:00Z'));
    queue.add('urgent', wait(5, '2026-01-01T00:00:09Z'));
    expect(queue.keys()).toEqual(['urgent', 'first', 'second', 'third']);
  });

  it('a key keeps its place until what it asks for changes', () => {
    const queue = new PendingQueue();
    queue.add('a', wait(0));
    queue.add('b', wait(0));
    const { revision } = queue;
    queue.add('a', wait(0));
    expect(queue.revision).toBe(revision);
    queue.add('b', wait(1, 'a', 2));
    expect(queue.keys()).toEqual(['b', 'a']);
    expect(queue.revision).toBeGreaterThan(revision);
  });

  it('holds each key once and loses none', () => {
    const change = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), priority: fc.nat(2), gone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const queue = new PendingQueue();
        const model = new Set<string>();
        for (const { key, priority, gone } of changes) {
          if (gone) {
            queue.delete(key);
            model.delete(key);
          } else {
            queue.add(key, wait(priority));
            model.add(key);
          }
          expect([...queue.keys()].sort()).toEqual([...model].sort());
          expect(queue.length).toBe(model.size);
        }
      }),
    );
  });
});
