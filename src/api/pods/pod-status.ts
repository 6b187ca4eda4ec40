import { findCondition, type Condition } from '../../model/conditions.js';
import type { Container, ContainerState, ContainerStatus, PodStatus } from '../../model/pod.js';
import { limitsOf, requestsOf } from '../../model/resources.js';
import { disruptionTarget, type StoredTask, type Task, type TaskStatus } from '../../model/task.js';
import { readinessOfTask } from '../../model/readiness.js';
import { conditionsOfOthers } from './system-conditions.js';
import { own } from '../../support/own.js';

/** The status of the Pod that a Task is seen as. Pure. */
export function podStatusOf(task: StoredTask, container: Container): PodStatus {
  const { status = {}, spec } = task;
  const { hostIP, reason, message } = status;
  // On the host's network it has no address of its own.
  const podIP = status.podIP ?? (spec.hostNetwork ? hostIP : undefined);
  const phase = phaseOf(task);
  const placedAt = findCondition(status.conditions, 'Scheduled')?.lastTransitionTime;
  const isPlaced = Boolean(spec.nodeName);
  return {
    phase,
    conditions: conditionsOf(task, phase),
    ...(phase === 'Failed' && reason !== undefined ? { reason } : {}),
    ...(phase === 'Failed' && message ? { message } : {}),
    ...(hostIP === undefined ? {} : { hostIP, hostIPs: [{ ip: hostIP }] }),
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    ...(isPlaced && placedAt !== undefined ? { startTime: placedAt } : {}),
    ...(isPlaced || hasEnded(status) ? { containerStatuses: [containerStatusOf(task, container)] } : {}),
    qosClass: qosClassOf(task),
  };
}

/** A Task between two of its containers is Running, as a pod in CrashLoopBackOff is. */
function phaseOf({ spec, status = {} }: StoredTask): NonNullable<PodStatus['phase']> {
  switch (status.state ?? 'Pending') {
    case 'Running':
      return 'Running';
    case 'Completed':
      return 'Succeeded';
    case 'Failed':
      return spec.restartPolicy === 'Never' ? 'Failed' : 'Running';
    case 'Scheduled':
      return isBetween(status) ? 'Running' : 'Pending';
    case 'Pending':
      return 'Pending';
  }
}

/** Whether one of its containers has ended and the next one is waited for. */
function isBetween(status: TaskStatus): boolean {
  return status.reason === 'BackOff' || hasJustEnded(status);
}

/** The moment between running and waiting. */
function hasJustEnded({ reason, lastTermination }: TaskStatus): boolean {
  return reason === 'Restarting' || (reason !== undefined && reason === lastTermination?.reason);
}

function conditionsOf(task: StoredTask, phase: PodStatus['phase']): Condition[] {
  const { spec, status = {} } = task;
  const scheduled = findCondition(status.conditions, 'Scheduled');
  const ready = findCondition(status.conditions, 'Ready');
  const disrupted = findCondition(status.conditions, disruptionTarget);
  const isPlaced = Boolean(spec.nodeName);
  const readiness = {
    status: ready?.status ?? 'False',
    ...(ready?.status === 'True' ? {} : { reason: phase === 'Succeeded' ? 'PodCompleted' : 'ContainersNotReady' }),
    ...since(ready),
  };
  return [
    {
      type: 'PodScheduled',
      status: isPlaced ? 'True' : 'False',
      ...(isPlaced ? {} : { reason: 'Unschedulable', ...(status.message ? { message: status.message } : {}) }),
      ...since(scheduled),
    },
    { type: 'Initialized', status: isPlaced ? 'True' : 'False', ...since(scheduled) },
    { type: 'ContainersReady', ...readiness },
    { type: 'Ready', ...readiness, ...gatedReadiness(task) },
    ...(disrupted ? [disrupted] : []),
    ...conditionsOfOthers(status.conditions),
  ];
}

/** A ready container waits for its gates; open ones may have been the last thing that was waited for. */
function gatedReadiness(task: StoredTask): Partial<Condition> {
  if (!task.spec.readinessGates?.length) return {};
  const { isContainerReady, unmet, since: at } = readinessOfTask(task);
  if (!isContainerReady) return {};
  const when = at === undefined ? {} : { lastTransitionTime: at };
  if (unmet.length === 0) return when;
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: unmet.join('; '), ...when };
}

function since(condition: Condition | undefined): { lastTransitionTime?: string } {
  return condition?.lastTransitionTime === undefined ? {} : { lastTransitionTime: condition.lastTransitionTime };
}

function containerStatusOf(task: StoredTask, container: Container): ContainerStatus {
  const { status = {}, spec } = task;
  const state = status.state ?? 'Pending';
  const isOver = state === 'Completed' || (state === 'Failed' && spec.restartPolicy === 'Never');
  const ended = hasEnded(status) ? { terminated: terminatedOf(status) } : {};
  const now: ContainerState =
    state === 'Running'
      ? { running: status.startTime === undefined ? {} : { startedAt: status.startTime } }
      : isOver || (state === 'Scheduled' && hasJustEnded(status))
        ? { terminated: terminatedOf(status) }
        : { waiting: waitingOf(status) };
  return {
    name: container.name,
    image: spec.image,
    imageID: '',
    ...(status.containerID === undefined ? {} : { containerID: `docker://${status.containerID}` }),
    ready: findCondition(status.conditions, 'Ready')?.status === 'True',
    // A worker of an older version does not tell.
    started: state === 'Running' && (status.started ?? true),
    restartCount: status.restartCount ?? 0,
    state: now,
    lastState: 'terminated' in now ? {} : ended,
  };
}

function hasEnded({ finishTime, exitCode }: TaskStatus): boolean {
  return finishTime !== undefined || exitCode !== undefined;
}

/** Of the container that ended last. An exit code that nobody saw counts as killed, as the kubelet has it. */
function terminatedOf(status: TaskStatus): NonNullable<ContainerState['terminated']> {
  const { exitCode, finishTime, oomKilled, lastTermination, message: sentence } = status;
  const isOver = status.state === 'Completed' || status.state === 'Failed';
  const message = lastTermination?.message ?? (isOver ? sentence : undefined);
  const startedAt = lastTermination?.startTime ?? (isOver ? status.startTime : undefined);
  // While another one runs, the task's own id is of that one.
  const containerID = lastTermination?.containerID ?? (status.state === 'Running' ? undefined : status.containerID);
  const byExitCode = exitCode === 0 || status.state === 'Completed' ? 'Completed' : oomKilled ? 'OOMKilled' : 'Error';
  return {
    exitCode: exitCode ?? (status.state === 'Completed' ? 0 : 137),
    reason: exitCode === undefined && status.state === 'Failed' ? 'ContainerStatusUnknown' : byExitCode,
    ...(message ? { message } : {}),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(finishTime === undefined ? {} : { finishedAt: finishTime }),
    ...(containerID === undefined ? {} : { containerID: `docker://${containerID}` }),
  };
}

/** Kubernetes' words where it has one for the same thing, because tools know them. */
const kubernetesReasons: Readonly<Record<string, string>> = {
  BackOff: 'CrashLoopBackOff',
  Restarting: 'CrashLoopBackOff',
  ImageNotFound: 'ImagePullBackOff',
  PullFailed: 'ImagePullBackOff',
  ImagePullFailed: 'ImagePullBackOff',
  InvalidSpec: 'CreateContainerConfigError',
  CreateError: 'CreateContainerError',
  StartError: 'RunContainerError',
};

function waitingOf({ reason, message }: TaskStatus): NonNullable<ContainerState['waiting']> {
  const isHeldUp = reason !== undefined && !['Placed', 'AssignedByHand', 'StartedAgain'].includes(reason);
  return {
    reason: isHeldUp ? (own(kubernetesReasons, reason) ?? reason) : 'ContainerCreating',
    ...(isHeldUp && message ? { message } : {}),
  };
}

/** As Kubernetes classes it: by whether requests and limits of CPU and memory are there and equal. */
function qosClassOf(task: Task): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const [requests, limits] = [requestsOf(task.spec), limitsOf(task.spec)];
  const names = ['cpuMillicores', 'memoryBytes'] as const;
  if (names.every((name) => requests[name] === 0 && limits[name] === 0)) return 'BestEffort';
  return names.every((name) => limits[name] > 0 && limits[name] === requests[name]) ? 'Guaranteed' : 'Burstable';
}
