import { describe, expect, it } from 'vitest';
import { podUidOf } from '../../../../src/model/pod-identity.js';
import { taskToPod } from '../../../../src/api/pods/task-to-pod.js';
import { podKind } from '../../../../src/model/pod.js';
import type { PodStatus } from '../../../../src/model/pod.js';
import type { TaskSpec, TaskStatus } from '../../../../src/model/task.js';
import { aStoredTask } from '../../../support/cluster-builders.js';

function statusOf(status: TaskStatus, spec: Partial<TaskSpec> = { nodeName: 'n1' }): PodStatus {
  return taskToPod(aStoredTask('web', spec, status)).status ?? {};
}

function shown(status: TaskStatus, spec?: Partial<TaskSpec>): string {
  const column = podKind.columns.find(({ name }) => name === 'STATUS');
  return String(column?.value(taskToPod(aStoredTask('web', spec ?? { nodeName: 'n1' }, status)), 0));
}

const ready = { type: 'Ready', status: 'True' } as const;

describe('the status of a Pod', () => {
  it('is Pending and has no container before it is placed', () => {
    const status = statusOf({ state: 'Pending', reason: 'Unschedulable', message: 'no room' }, {});
    expect(status.phase).toBe('Pending');
    expect(status.containerStatuses).toBeUndefined();
    expect(status.conditions?.[0]).toMatchObject({
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: 'no room',
    });
  });

  it('runs and is ready', () => {
    const status = statusOf({
      state: 'Running',
      startTime: '2026-01-01T00:00:05Z',
      containerID: 'abc',
      hostIP: '10.0.0.1',
      podIP: '172.17.0.2',
      conditions: [ready, { type: 'Scheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:01Z' }],
    });
    expect(status).toMatchObject({
      phase: 'Running',
      hostIP: '10.0.0.1',
      podIP: '172.17.0.2',
      startTime: '2026-01-01T00:00:01Z',
    });
    expect(status.podIPs).toEqual([{ ip: '172.17.0.2' }]);
    expect(status.containerStatuses?.[0]).toMatchObject({
      name: 'web',
      ready: true,
      containerID: 'docker://abc',
      state: { running: { startedAt: '2026-01-01T00:00:05Z' } },
      lastState: {},
    });
    const types = status.conditions?.filter((condition) => condition.status === 'True').map(({ type }) => type);
    expect(types).toEqual(['PodScheduled', 'Initialized', 'ContainersReady', 'Ready']);
  });

  it("has its node's address on the host's network, once it has begun", () => {
    const spec = { nodeName: 'n1', hostNetwork: true };
    const running = statusOf({ state: 'Running', hostIP: '10.0.0.1' }, spec);
    expect(running).toMatchObject({ podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] });
    expect(statusOf({ state: 'Running', hostIP: '10.0.0.1' }).podIP).toBeUndefined();
    expect(statusOf({ state: 'Pending' }, spec).podIP).toBeUndefined();
  });

  it('has started when its worker says so', () => {
    const started = (status: TaskStatus): unknown => statusOf(status).containerStatuses?.[0]?.started;
    expect(started({ state: 'Running', started: false })).toBe(false);
    expect(started({ state: 'Running', started: true })).toBe(true);
    expect(started({ state: 'Running' })).toBe(true);
    expect(started({ state: 'Scheduled', reason: 'BackOff', started: true })).toBe(false);
  });

  it('takes a reason as a word, also one that every object has', () => {
    const status = statusOf({ state: 'Scheduled', reason: 'constructor', message: 'from a worker' });
    expect(status.containerStatuses?.[0]?.state?.waiting?.reason).toBe('constructor');
  });

  it('tells how the container before ended', () => {
    const [container] =
      statusOf({
        state: 'Running',
        containerID: 'c2',
        startTime: '2026-01-01T00:00:06Z',
        lastTermination: { containerID: 'c1', startTime: '2026-01-01T00:00:01Z', reason: 'OOMKilled', message: 'why' },
        restartCount: 2,
        exitCode: 137,
        oomKilled: true,
        finishTime: '2026-01-01T00:00:05Z',
      }).containerStatuses ?? [];
    expect(container?.restartCount).toBe(2);
    expect(container?.lastState.terminated).toMatchObject({
      exitCode: 137,
      reason: 'OOMKilled',
      containerID: 'docker://c1',
      message: 'why',
      startedAt: '2026-01-01T00:00:01Z',
      finishedAt: '2026-01-01T00:00:05Z',
    });
    expect(container?.containerID).toBe('docker://c2');
  });

  it.each<[TaskStatus, Partial<TaskSpec>, string, string]>([
    [{ state: 'Scheduled', reason: 'Placed' }, {}, 'Pending', 'ContainerCreating'],
    [{ state: 'Scheduled', reason: 'ImagePullFailed', message: 'no such image' }, {}, 'Pending', 'ImagePullBackOff'],
    [{ state: 'Scheduled', reason: 'CreateContainerConfigError' }, {}, 'Pending', 'CreateContainerConfigError'],
    [{ state: 'Scheduled', reason: 'BackOff', exitCode: 1 }, {}, 'Running', 'CrashLoopBackOff'],
    [
      { state: 'Scheduled', reason: 'Error', exitCode: 1, lastTermination: { reason: 'Error' } },
      {},
      'Running',
      'Error',
    ],
    [{ state: 'Completed', exitCode: 0 }, { restartPolicy: 'Never' }, 'Succeeded', 'Completed'],
    [{ state: 'Completed', reason: 'Stopped', exitCode: 143 }, { desiredState: 'Completed' }, 'Succeeded', 'Completed'],
    [{ state: 'Failed', exitCode: 3 }, { restartPolicy: 'Never' }, 'Failed', 'Error'],
    [{ state: 'Failed' }, { restartPolicy: 'Never' }, 'Failed', 'ContainerStatusUnknown'],
  ])('of %j with %j is %s and shown as %s', (status, spec, phase, column) => {
    expect(statusOf(status, { nodeName: 'n1', ...spec }).phase).toBe(phase);
    expect(shown(status, { nodeName: 'n1', ...spec })).toBe(column);
  });

  it('is Terminating while it is deleted', () => {
    const task = aStoredTask(
      'web',
      { nodeName: 'n1' },
      { state: 'Running' },
      { deletionTimestamp: '2026-01-01T00:00:05Z' },
    );
    expect(podKind.columns[1]?.value(taskToPod(task), 0)).toBe('Terminating');
  });
});

describe('the uid of a Pod', () => {
  const uid = '6f1ed002-ab5e-4d5d-b5cf-1f7d4d4c5c11';

  it("is the Task's until the Task was moved, and another after every move", () => {
    const uids = [0, 1, 2].map((moves) => podUidOf(aStoredTask('web', {}, { moves }, { uid })));
    expect(uids[0]).toBe(uid);
    expect(new Set(uids).size).toBe(3);
    expect(podUidOf(aStoredTask('web', {}, { moves: 2 }, { uid }))).toBe(uids[2]);
  });
});
