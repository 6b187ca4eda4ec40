import { describe, expect, it } from 'vitest';
import { furthestTask } from '../../../src/cli/task-target.js';
import { worstTask } from '../../../src/cli/worst-task.js';
import type { Stored } from '../../../src/model/api-object.js';
import type { StoredTask, TaskStatus } from '../../../src/model/task.js';

const owner = { metadata: { name: 'web', uid: 'u' } } as Stored;
const task = (name: string, status: TaskStatus, uid = 'u', deletionTimestamp?: string): StoredTask =>
  ({
    metadata: {
      name,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid }],
      ...(deletionTimestamp && { deletionTimestamp }),
    },
    spec: { image: 'busybox' },
    status,
  }) as StoredTask;

describe('of the tasks of a deployment', () => {
  const tasks = [
    task('a', { state: 'Failed', reason: 'ImagePullFailed', message: 'cannot pull busybox:nope' }),
    task('b', { state: 'Running', reason: 'NotReady', message: 'connection refused' }),
    task('d', { state: 'Running' }),
    task('c', { state: 'Running' }),
    task('other', { state: 'Running' }, 'v'),
  ];

  it('the one that is ready is meant, the first by name', () => {
    expect(furthestTask(owner, tasks)).toEqual({ name: 'c', count: 4 });
    expect(furthestTask(owner, tasks.slice(0, 2))?.name).toBe('b');
    expect(furthestTask(owner, tasks.slice(4))).toBeUndefined();
  });

  it('the worst one is told, with its reason', () => {
    expect(worstTask(owner, tasks)?.text).toBe('a ImagePullFailed: cannot pull busybox:nope');
    expect(worstTask(owner, tasks.slice(1))?.text).toBe('b Running: NotReady: connection refused');
    expect(worstTask(owner, tasks.slice(2))).toBeUndefined();
    const pending = task('p', { state: 'Pending', reason: 'NoNodeFits', message: 'no node has 4 CPUs' });
    expect(worstTask(owner, [...tasks.slice(1), pending])?.text).toBe('p NoNodeFits: no node has 4 CPUs');
    expect(worstTask(owner, [task('gone', { state: 'Failed' }, 'u', '2026-01-01T00:00:00Z')])).toBeUndefined();
  });
});
