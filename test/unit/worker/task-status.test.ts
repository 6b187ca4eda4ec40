import { describe, expect, it } from 'vitest';
import { canMove, taskStates } from '../../../src/model/task-state.js';
import { nextMove, statusPatch } from '../../../src/worker/task-status.js';
import { aStoredTask } from '../../support/cluster-builders.js';

const now = Date.UTC(2026, 0, 1);

describe('nextMove', () => {
  const targets = taskStates.filter((state) => state !== 'Pending');
  it.each(taskStates.flatMap((from) => targets.map((to) => [from, to] as const)))(
    'leads from %s to %s by allowed moves, and never hands the task to another worker',
    (from, to) => {
      let state = from;
      for (let moves = 0; state !== to; moves++) {
        const next = nextMove(state, to);
        if (next === undefined || moves > 4) throw new Error(`stuck in ${state}`);
        expect(canMove(state, next)).toBe(true);
        expect(next).not.toBe('Pending');
        state = next;
      }
    },
  );
});

describe('statusPatch', () => {
  it('is nothing when the task says so already', () => {
    const report = { state: 'Running', attempt: 1, restartCount: 0 } as const;
    const conditions = [{ type: 'Ready', status: 'True', reason: 'Running' } as const];
    const task = aStoredTask('web', {}, { ...report, nodeName: 'w1', conditions });
    expect(statusPatch(task, report, { nodeName: 'w1' }, now)).toBeUndefined();
  });

  it("clears what does not hold any more, and leaves what is not the worker's", () => {
    const task = aStoredTask(
      'web',
      {},
      {
        state: 'Scheduled',
        reason: 'BackOff',
        nextStartTime: '2026-01-01T00:00:00Z',
        usage: { cpuMillicores: 5 },
        conditions: [{ type: 'Scheduled', status: 'True' }],
      },
    );
    const patch = statusPatch(task, { state: 'Running', attempt: 2 }, { nodeName: 'w1' }, now);
    expect(patch?.body).toEqual({
      state: 'Running',
      attempt: 2,
      nodeName: 'w1',
      reason: null,
      nextStartTime: null,
      conditions: [
        { type: 'Scheduled', status: 'True' },
        { type: 'Ready', status: 'True', reason: 'Running', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ],
    });
  });

  it('goes through Scheduled when a finished task runs again', () => {
    const task = aStoredTask('web', {}, { state: 'Completed', reason: 'Stopped' });
    expect(statusPatch(task, { state: 'Running' }, { nodeName: 'w1' }, now)).toMatchObject({
      body: { state: 'Scheduled' },
      isLast: false,
    });
  });
});
