import { expect, it } from 'vitest';
import { nodeUsage, sortUsage, taskUsage } from '../../../src/cli/usage-rows.js';
import { aNode, aTask } from '../../support/cluster-builders.js';

const usage = { cpuMillicores: 1250.4, memoryBytes: 2 ** 31, time: '2026-01-01T00:00:00Z' };

it('shows a node with its share of what it has for tasks', () => {
  const node = aNode('n1', { status: { allocatable: { cpu: '2500m', memory: '4Gi' }, usage } });
  expect(nodeUsage(node).cells).toEqual(['n1', '1250m', '50%', '2048Mi', '50%']);
  expect(nodeUsage(aNode('new')).cells).toEqual(['new', '-', '-', '-', '-']);
  expect(nodeUsage(aNode('odd', { status: { allocatable: {}, usage } })).cells).toEqual([
    'odd',
    '1250m',
    '-',
    '2048Mi',
    '-',
  ]);
});

it('shows running tasks only', () => {
  const running = aTask('web', { nodeName: 'n1' }, { state: 'Running', usage });
  expect(taskUsage(running, true)?.cells).toEqual(['default', 'web', '1250m', '2048Mi', 'n1']);
  expect(taskUsage(aTask('fresh', { nodeName: 'n1' }, { state: 'Running' }), false)?.cells).toEqual([
    ...['fresh', '-', '-', 'n1'],
  ]);
  expect(taskUsage(aTask('done', { nodeName: 'n1' }, { state: 'Completed', usage }), false)).toBeUndefined();
});

it('puts the largest first, by either', () => {
  const row = (name: string, cpuMillicores: number, memoryBytes: number) => ({
    cells: [name],
    ...{ cpuMillicores, memoryBytes },
  });
  const rows = [row('a', 1, 30), row('b', 3, 10), row('c', 2, 20)];
  const names = (by: 'cpu' | 'memory' | undefined): (string | undefined)[] =>
    sortUsage(rows, by).map(({ cells }) => cells[0]);
  expect(names('cpu')).toEqual(['b', 'c', 'a']);
  expect(names('memory')).toEqual(['a', 'c', 'b']);
  expect(names(undefined)).toEqual(['a', 'b', 'c']);
});
