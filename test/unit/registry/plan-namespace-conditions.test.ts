import { describe, expect, it } from 'vitest';
import { planNamespaceConditions, type RemainingObject } from '../../../src/registry/plan-namespace-conditions.js';

const earlier = '2026-01-01T00:00:00Z';
const at = '2026-01-01T00:01:00Z';
const configMap = (name: string, ...finalizers: string[]): RemainingObject => ({
  resource: 'configmaps.',
  metadata: { name, finalizers },
});
const web: RemainingObject = { resource: 'tasks.orch.dev', metadata: { name: 'web' } };

describe('what holds a namespace that is being deleted', () => {
  it('is told by resource and by finalizer, a few by name', () => {
    const held = ['a', 'b', 'c', 'd'].map((name) => configMap(name, 'example.com/x'));
    expect(planNamespaceConditions([], [...held, web], at)).toEqual([
      {
        type: 'NamespaceContentRemaining',
        status: 'True',
        reason: 'SomeResourcesRemain',
        message: 'configmaps. has 4: a, b, c and 1 more; tasks.orch.dev has 1: web',
        lastTransitionTime: at,
      },
      {
        type: 'NamespaceFinalizersRemaining',
        status: 'True',
        reason: 'SomeFinalizersRemain',
        message: 'example.com/x in 4: configmaps./a, configmaps./b, configmaps./c and 1 more',
        lastTransitionTime: at,
      },
    ]);
  });

  it('is told once, and again when it changes', () => {
    const first = planNamespaceConditions(undefined, [configMap('a', 'example.com/x')], earlier);
    expect(planNamespaceConditions(first, [configMap('a', 'example.com/x')], at)).toBeUndefined();
    expect(planNamespaceConditions(first, [web], at)).toMatchObject([
      { status: 'True', message: 'tasks.orch.dev has 1: web', lastTransitionTime: earlier },
      { status: 'False', reason: 'ContentHasNoFinalizers', lastTransitionTime: at },
    ]);
  });

  it('is nothing where nothing remains', () => {
    expect(planNamespaceConditions(undefined, [], at)).toBeUndefined();
  });

  it('leaves the conditions of others alone', () => {
    const others = [
      { type: 'example.com/Audited', status: 'True' as const, reason: 'Done', lastTransitionTime: earlier },
    ];
    expect(planNamespaceConditions(others, [web], at)?.[0]).toEqual(others[0]);
  });
});
