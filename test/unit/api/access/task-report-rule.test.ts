import fc from 'fast-check';
import { expect, it } from 'vitest';
import { foreignTaskReport } from '../../../../src/api/access/task-report-rule.js';
import type { JsonObject } from '../../../../src/model/json.js';
import { aStoredTask } from '../../../support/cluster-builders.js';

const scheduled = { type: 'Scheduled', status: 'True', reason: 'Placed' } as const;
const ready = { type: 'Ready', status: 'True', reason: 'Running' } as const;
const status = { state: 'Scheduled', attempt: 2, moves: 1, nodeName: 'w0', conditions: [scheduled] } as const;
const current = aStoredTask('web', { nodeName: 'w1' }, { ...status, conditions: [scheduled] });
const changed = (change: object): string | undefined =>
  foreignTaskReport('w1', current, { ...current, status: { ...status, ...change } } as unknown as JsonObject);

it('lets a worker tell of its containers', () => {
  expect(changed({})).toBeUndefined();
  expect(changed({ state: 'Running', attempt: 3, nodeName: 'w1', conditions: [scheduled, ready] })).toBeUndefined();
  expect(changed({ state: 'Failed', reason: 'Error', exitCode: 3, conditions: [ready, scheduled] })).toBeUndefined();
});

it('keeps it from saying what the manager says of the task', () => {
  expect(changed({ state: 'Pending' })).toBe('that a task is to be placed anew');
  expect(changed({ moves: 0 })).toBe('how often a task was moved');
  expect(changed({ moves: undefined })).toBe('how often a task was moved');
  expect(changed({ nodeName: 'w2' })).toBe('the status of another worker');
  expect(changed({ conditions: [] })).toBe('the condition "Scheduled" of a task');
  const byHand = { ...scheduled, reason: 'AssignedByHand' };
  expect(changed({ conditions: [byHand] })).toBe('the condition "Scheduled" of a task');
  const evicted = { type: 'DisruptionTarget', status: 'True' };
  expect(changed({ conditions: [scheduled, evicted] })).toBe('the condition "DisruptionTarget" of a task');
  expect(changed({ conditions: [scheduled, byHand] })).toBe('the condition "Scheduled" of a task');
});

it('keeps it from using up the numbers of attempts', () => {
  expect(changed({ attempt: 50_000 })).toBeUndefined();
  expect(changed({ attempt: 2 ** 53 - 1 })).toBe("a task's attempt to 9007199254740991, from 2");
});

it('reads anything', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (conditions, attempt) => {
      expect(['string', 'undefined']).toContain(typeof changed({ conditions, attempt }));
    }),
  );
});
