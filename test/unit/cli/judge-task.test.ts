import { describe, expect, it } from 'vitest';
import { judgeTask } from '../../../src/cli/judge-task.js';
import { specHash } from '../../../src/model/spec-hash.js';
import type { Task, TaskSpec, TaskStatus } from '../../../src/model/task.js';

function task(status: TaskStatus, spec: Partial<TaskSpec> = {}, deleting = false): Task {
  const whole: TaskSpec = { image: 'busybox', nodeName: 'n1', ...spec };
  return {
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: { name: 'web', generation: 2, ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: whole,
    status: { specHash: specHash(whole), ...status },
  };
}

describe('judgeTask', () => {
  it.each<[string, Task, string]>([
    ['running', task({ state: 'Running' }), 'done: Running on n1'],
    [
      'running, its readiness probe not content',
      task({ state: 'Running', reason: 'NotReady', message: 'HTTP probe of / failed' }),
      'waiting: Running, NotReady: HTTP probe of / failed',
    ],
    ['running from an older spec', task({ state: 'Running', specHash: 'other' }), 'waiting: Running, to be replaced'],
    [
      'not placed, with the reason',
      task({ state: 'Pending', reason: 'Unschedulable', message: 'n1: not enough CPU' }),
      'waiting: Pending: Unschedulable: n1: not enough CPU',
    ],
    ['ended well, as it should', task({ state: 'Completed' }, { restartPolicy: 'OnFailure' }), 'done: Completed'],
    [
      'ended from an older spec',
      task({ state: 'Completed', specHash: 'x' }, { restartPolicy: 'Never' }),
      'waiting: Completed, to be replaced',
    ],
    [
      'failed for good',
      task({ state: 'Failed', exitCode: 3, reason: 'Error' }, { restartPolicy: 'Never' }),
      'failed: Failed: Error (exit code 3)',
    ],
    ['failed, and about to be started again', task({ state: 'Failed', exitCode: 1 }), 'waiting: Failed (exit code 1)'],
    ['stopped as asked', task({ state: 'Completed' }, { desiredState: 'Completed' }), 'done: Completed'],
    [
      'still to be stopped',
      task({ state: 'Running' }, { desiredState: 'Completed' }),
      'waiting: Running, to be stopped',
    ],
    [
      'started again after a stop',
      task({ state: 'Completed' }, { desiredState: 'Running' }),
      'waiting: Completed, to be started',
    ],
    ['being deleted', task({ state: 'Running' }, {}, true), 'failed: is being deleted'],
  ])('%s', (_what, given, verdict) => {
    const { type, text } = judgeTask(given);
    expect(`${type}: ${text}`).toBe(verdict);
  });
});
