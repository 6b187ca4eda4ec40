import { setCondition } from '../model/conditions.js';
import { assignedByHand, type StoredTask, type TaskStatus } from '../model/task.js';
import type { TaskStep } from './plan-task.js';

/** What a binding writes: the scheduler's choice. */
export interface BindStep {
  type: 'bind';
  nodeName: string;
  schedulerName: string;
}

type AnyStep = TaskStep | BindStep;
type Changes = {
  [Type in AnyStep['type']]: (task: StoredTask, step: Extract<AnyStep, { type: Type }>, at: string) => StoredTask;
};

/** The task after a step. Pure; `at` is the timestamp to write. */
export function changeTask(task: StoredTask, step: AnyStep, at: string): StoredTask {
  const change = changes[step.type] as (task: StoredTask, step: AnyStep, at: string) => StoredTask;
  return change(task, step, at);
}

const changes: Changes = {
  bind: (task, { nodeName, schedulerName }, at) =>
    scheduled(task, nodeName, { reason: 'Placed', message: `placed on ${nodeName} (${schedulerName})` }, at),
  acceptNodeName: (task, { nodeName }, at) =>
    scheduled(task, nodeName, { reason: assignedByHand, message: `on ${nodeName}, as spec.nodeName asks` }, at),
  release: (task) => {
    const { nodeName: _left, ...spec } = task.spec;
    const { moves = 0 } = task.status ?? {};
    return { ...task, spec, status: { ...asAnotherPod(task.status ?? {}), moves: moves + 1 } };
  },
  unbind: (task, { reason, message, keepNodeName, because }, at) => {
    const left = pending(task, keepNodeName, reason, message, at);
    return because === 'other' ? left : { ...left, status: { ...left.status, drivenAway: true } };
  },
  explain: (task, { reason, message }, at) => ({
    ...task,
    status: { ...withUnscheduled(task, reason, message, at), state: 'Pending', reason, message },
  }),
  complete: (task) => ({
    ...task,
    status: { ...task.status, state: 'Completed', reason: 'Stopped', message: 'stopped by the user' },
  }),
  startAgain: (task, { nodeName }, at) => {
    const byHand = task.status?.conditions?.some(({ reason }) => reason === assignedByHand) ?? false;
    if (nodeName === undefined) return pending(task, byHand, 'StartedAgain', 'started again by the user', at);
    const reason = byHand ? assignedByHand : 'Placed';
    return scheduled(task, nodeName, { reason, message: `started again on ${nodeName}` }, at);
  },
  confirmFit: (task, _step, at) => ({
    ...task,
    status: {
      ...task.status,
      conditions: setCondition(
        task.status?.conditions,
        { type: 'Scheduled', status: 'True', reason: 'Placed', observedGeneration: task.metadata.generation },
        at,
      ),
    },
  }),
};

function scheduled(
  task: StoredTask,
  nodeName: string,
  { reason, message }: { reason: string; message: string },
  at: string,
): StoredTask {
  // Naming the node changes the spec, which raises the generation: the placement is about the one that results.
  const generation = task.metadata.generation + (task.spec.nodeName === nodeName ? 0 : 1);
  const conditions = setCondition(
    task.status?.conditions,
    { type: 'Scheduled', status: 'True', reason, observedGeneration: generation },
    at,
  );
  return {
    ...task,
    spec: { ...task.spec, nodeName },
    status: { ...task.status, state: 'Scheduled', reason, message, conditions },
  };
}

/** What the last container was stays (exit code, attempts); what the lost one is does not. */
function pending(task: StoredTask, keepNodeName: boolean, reason: string, message: string, at: string): StoredTask {
  const { nodeName, ...spec } = task.spec;
  const {
    nodeName: _reporter,
    containerID: _container,
    startTime: _started,
    nextStartTime: _next,
    ports: _ports,
    hostIP: _hostAddress,
    podIP: _address,
    usage: _usage,
    specHash: _hash,
    ...status
  } = asAnotherPod(withUnscheduled(task, reason, message, at));
  const stays = keepNodeName && nodeName !== undefined;
  return {
    ...task,
    spec: stays ? { ...spec, nodeName } : spec,
    status: {
      ...status,
      state: 'Pending',
      reason,
      message,
      ...(nodeName === undefined || stays ? {} : { moves: (status.moves ?? 0) + 1 }),
    },
  };
}

/** What others said of it, its eviction too, was about the Pod that it was there. */
function asAnotherPod(status: TaskStatus): TaskStatus {
  const conditions = status.conditions?.filter(({ type }) => type === 'Scheduled' || type === 'Ready');
  return conditions === undefined ? status : { ...status, conditions };
}

function withUnscheduled(task: StoredTask, reason: string, message: string, at: string): TaskStatus {
  const notReady = task.status?.conditions?.some(({ type }) => type === 'Ready');
  const conditions = setCondition(task.status?.conditions, { type: 'Scheduled', status: 'False', reason, message }, at);
  return {
    ...task.status,
    conditions: notReady ? setCondition(conditions, { type: 'Ready', status: 'False', reason }, at) : conditions,
  };
}
