import { describe, expect, it } from 'vitest';
import { changeNode, planNode, type NodeFacts } from '../../../src/controllers/plan-node.js';
import { isReady, notReadyTaintKey, type StoredNode } from '../../../src/model/node.js';
import { noAmounts } from '../../../src/model/resources.js';
import { aNode } from '../../support/cluster-builders.js';

const at = '2026-01-01T00:00:00Z';
const facts = (overrides: Partial<NodeFacts> = {}): NodeFacts => ({
  health: { phase: 'alive' },
  everyNodeLost: false,
  allocated: { amounts: noAmounts, taskCount: 0 },
  ...overrides,
});
const lost = facts({ health: { phase: 'lost', since: 0 } });
const stored = (overrides: Parameters<typeof aNode>[1] = {}): StoredNode => aNode('n1', overrides) as StoredNode;

/** After all steps there are none left. */
function converge(node: StoredNode, given: NodeFacts): StoredNode {
  const next = changeNode(node, planNode(node, given), at);
  expect(planNode(next, given)).toEqual([]);
  return next;
}

describe('what the manager writes into a Node', () => {
  it('a lost one is Unknown and tainted, beside the taints of others; back again it is as before', () => {
    const before = converge(
      stored({ spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }], unschedulable: true } }),
      facts(),
    );
    const down = converge(before, lost);
    expect(isReady(down)).toBe(false);
    expect(down.spec?.taints?.map(({ key }) => key)).toEqual(['gpu', notReadyTaintKey]);
    const back = converge(down, facts());
    expect(back.spec).toEqual(before.spec);
    expect(isReady(back)).toBe(true);
  });

  it('no taint while every node looks lost', () => {
    const down = converge(stored(), { ...lost, everyNodeLost: true });
    expect(isReady(down)).toBe(false);
    expect(down.spec?.taints).toBeUndefined();
    const once = converge(stored(), lost);
    expect(converge(once, { ...lost, everyNodeLost: true }).spec?.taints).toBeUndefined();
  });

  it("leaves the worker's own word alone: an engine that does not answer stays not ready", () => {
    const node = stored({ status: { conditions: [{ type: 'Ready', status: 'False', reason: 'EngineUnavailable' }] } });
    expect(isReady(converge(node, facts()))).toBe(false);
  });

  it('a worker that says nothing of itself but beats is ready', () => {
    expect(isReady(converge(stored({ status: { conditions: [] } }), facts()))).toBe(true);
  });

  it('while it is waited for, nothing is said about it', () => {
    const down = converge(stored(), lost);
    const waiting = facts({ health: { phase: 'waiting' } });
    expect(converge(down, waiting)).toEqual(down);
    const fresh = converge(stored(), facts());
    expect(converge(fresh, waiting)).toEqual(fresh);
  });

  it('amounts are written as quantities, and only when they changed', () => {
    const amounts = { cpuMillicores: 1250, memoryBytes: 3 * 2 ** 30, diskBytes: 0 };
    const node = converge(stored(), facts({ allocated: { amounts, taskCount: 2 } }));
    expect(node.status).toMatchObject({ allocated: { cpu: '1250m', memory: '3Gi', disk: '0' }, taskCount: 2 });
  });
});
