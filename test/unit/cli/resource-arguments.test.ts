import { describe, expect, it } from 'vitest';
import { parseResourceArguments, parseTaskArgument } from '../../../src/cli/resource-arguments.js';

const parse = (...words: string[]): string[] =>
  parseResourceArguments(words).map(({ kind, name }) =>
    name === undefined ? kind.plural : `${kind.singular}/${name}`,
  );

describe('parseResourceArguments', () => {
  it.each([
    [['tasks'], ['tasks']],
    [['tk'], ['tasks']],
    [['Task'], ['tasks']],
    [['tasks.orch.dev'], ['tasks']],
    [['pods'], ['tasks']],
    [['pod/web'], ['task/web']],
    [['tasks,no'], ['tasks', 'nodes']],
    [['all'], ['deployments', 'replicasets', 'replicationcontrollers', 'tasks']],
    [
      ['task', 'web', 'db'],
      ['task/web', 'task/db'],
    ],
    [
      ['task/web', 'node/n1'],
      ['task/web', 'node/n1'],
    ],
  ])('understands %j', (words, meant) => {
    expect(parse(...words)).toEqual(meant);
  });

  it('suggests the nearest kind and lists all', () => {
    expect(() => parse('taks')).toThrow(/"taks": did you mean "tasks"\?\nKnown kinds: .*nodes \(no\).*tasks \(tk\)/s);
  });

  it.each([[[]], [['task/web', 'db']], [['task/']], [['tasks,nodes/x']], [['a/b/c']]])('refuses %j', (words) => {
    expect(() => parse(...words)).toThrow();
  });
});

it('takes a task by its name, and nothing that is no task', () => {
  expect(parseTaskArgument('web', 'orch logs')).toBe('web');
  expect(parseTaskArgument('tk/web', 'orch logs')).toBe('web');
  expect(() => parseTaskArgument('node/n1', 'orch logs')).toThrow('orch logs works on tasks, not on nodes');
});
