import { ageOf } from '../model/age.js';
import type { ApiObject, Stored } from '../model/api-object.js';
import type { Condition } from '../model/conditions.js';
import type { StoredNode } from '../model/node.js';
import type { StoredTask } from '../model/task.js';
import { lastSeenOf, type TaskEvent } from '../model/task-event.js';
import { alignRows } from './columns.js';
import type { DescribedField } from './describe-lines.js';
import { describeLines, describeMembers, describeValue } from './describe-lines.js';
import { formatMessage, formatMove, sortEvents } from './events.js';
import { own } from '../support/own.js';

/** A task in full: how it is first, then what was asked for, then what happened. Pure. */
export function describeTask(task: StoredTask, events: readonly TaskEvent[], now: number): string[] {
  const { spec, status = {} } = task;
  const {
    state = 'Pending',
    reason,
    message,
    conditions,
    nodeName: _reportedBy,
    startTime,
    finishTime,
    exitCode,
    restartCount,
    containerID,
    ports,
    usage,
    nextStartTime,
    attempt,
    oomKilled,
    ...rest
  } = status;
  const { nodeName, ...wishes } = spec;
  return [
    ...describeLines([
      ...describeIdentity(task, now),
      ['State', task.metadata.deletionTimestamp ? `${state} (being deleted)` : state],
      ['Reason', reason],
      ['Message', message],
      ['Node', nodeName ?? '<none>'],
      ['Container', containerID],
      ['Attempt', attempt],
      ['Restarts', restartCount ?? 0],
      ['Started', startTime && `${startTime} (${ageOf(startTime, now)} ago)`],
      ['Finished', finishTime && `${finishTime} (${ageOf(finishTime, now)} ago)`],
      ['Exit Code', exitCode === undefined ? undefined : `${exitCode}${oomKilled ? ' (out of memory)' : ''}`],
      ['Next Start', nextStartTime],
      [
        'Ports',
        ports?.map(
          (port) => `${port.hostIP ?? '*'}:${port.hostPort} -> ${port.containerPort}/${port.protocol ?? 'TCP'}`,
        ),
      ],
      ['Usage', usage && formatUsage(usage)],
    ]),
    ...describeLines(describeMembers(rest)),
    ...section('Spec', describeLines(describeMembers(wishes), 2)),
    ...describeConditions(conditions, now),
    ...describeEvents(events, now),
  ];
}

/** A node in full, with the tasks that are placed on it. Pure. */
export function describeNode(node: StoredNode, tasks: readonly StoredTask[], now: number): string[] {
  const { spec = {}, status = {} } = node;
  const { conditions, capacity = {}, allocatable = {}, allocated = {}, taskCount, addresses, ...rest } = status;
  const { unschedulable, taints, ...otherSpec } = spec;
  const resources = [...new Set([...Object.keys(capacity), ...Object.keys(allocatable), ...Object.keys(allocated)])];
  const amount = (list: Readonly<Record<string, unknown>>, name: string): string => {
    const value = own(list, name);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '-';
  };
  const table = alignRows([
    ['', 'CAPACITY', 'ALLOCATABLE', 'ALLOCATED'],
    ...resources.map((name) => [name, amount(capacity, name), amount(allocatable, name), amount(allocated, name)]),
  ]);
  const placed = alignRows([
    ['NAMESPACE', 'NAME', 'STATE', 'CPU', 'MEMORY'],
    ...tasks.map((task) => [
      task.metadata.namespace ?? '',
      task.metadata.name,
      task.status?.state ?? 'Pending',
      String(task.spec.resources?.cpu ?? task.spec.resources?.requests?.cpu ?? '-'),
      String(task.spec.resources?.memory ?? task.spec.resources?.requests?.memory ?? '-'),
    ]),
  ]);
  return [
    ...describeLines([
      ...describeIdentity(node, now),
      ['Addresses', addresses?.map(({ type, address }) => `${type} ${address}`).join(', ')],
      ['Unschedulable', String(unschedulable ?? false)],
      ['Taints', taints?.map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`) ?? '<none>'],
      ['Tasks', taskCount ?? tasks.length],
    ]),
    ...describeLines([...describeMembers(otherSpec), ...describeMembers(rest)]),
    ...section(
      'Resources',
      table.lines.map((line) => `  ${line}`),
    ),
    ...describeConditions(conditions, now),
    ...(tasks.length === 0
      ? ['Placed Tasks:  <none>']
      : section(
          'Placed Tasks',
          placed.lines.map((line) => `  ${line}`),
        )),
  ];
}

/** Any other object: all of its fields, and what happened. Pure. */
export function describeAny(object: Stored, events: readonly TaskEvent[], now: number): string[] {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = object;
  const { status, ...others } = rest as { status?: { conditions?: Condition[] } };
  const { conditions, ...otherStatus } = status ?? {};
  return [
    ...describeLines(describeIdentity(object, now)),
    ...describeLines(describeMembers(others)),
    ...(Object.keys(otherStatus).length === 0 ? [] : section('Status', describeLines(describeMembers(otherStatus), 2))),
    ...describeConditions(conditions, now),
    ...describeEvents(events, now),
  ];
}

function describeIdentity(object: Stored, now: number): DescribedField[] {
  const { metadata } = object;
  return [
    ['Name', metadata.name],
    ['Namespace', metadata.namespace],
    ['Kind', `${object.kind} (${object.apiVersion})`],
    ['Labels', formatMap(metadata.labels)],
    ['Annotations', formatMap(withoutLongOnes(metadata.annotations))],
    ['UID', metadata.uid],
    ['Created', `${metadata.creationTimestamp} (${ageOf(metadata.creationTimestamp, now)} ago)`],
    ['Deleting Since', metadata.deletionTimestamp],
    ['Finalizers', metadata.finalizers?.join(', ')],
    ...(metadata.ownerReferences ?? []).map((owner): DescribedField => [
      'Controlled By',
      `${owner.kind}/${owner.name}`,
    ]),
    describeValue('generation', metadata.generation),
  ];
}

function formatMap(map: Readonly<Record<string, string>> | undefined): string[] | string {
  const entries = Object.entries(map ?? {});
  return entries.length === 0 ? '<none>' : entries.map(([name, value]) => `${name}=${value}`);
}

/** kubectl keeps a copy of the whole manifest in an annotation: of no use to a reader. */
function withoutLongOnes(annotations: ApiObject['metadata']['annotations']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations ?? {}).filter(([name]) => name !== 'kubectl.kubernetes.io/last-applied-configuration'),
  );
}

function formatUsage(usage: NonNullable<NonNullable<StoredTask['status']>['usage']>): string {
  const cpu = usage.cpuMillicores === undefined ? '?' : `${Math.round(usage.cpuMillicores)}m`;
  const memory = usage.memoryBytes === undefined ? '?' : `${(usage.memoryBytes / 2 ** 20).toFixed(1)}Mi`;
  return `cpu ${cpu}, memory ${memory}`;
}

function describeConditions(conditions: readonly Condition[] | undefined, now: number): string[] {
  if (!conditions || conditions.length === 0) return ['Conditions:  <none>'];
  const { lines } = alignRows([
    ['TYPE', 'STATUS', 'AGE', 'REASON', 'MESSAGE'],
    ...conditions.map(({ type, status, lastTransitionTime, reason, message }) => [
      type,
      status,
      ageOf(lastTransitionTime, now),
      reason ?? '',
      message ?? '',
    ]),
  ]);
  return section(
    'Conditions',
    lines.map((line) => `  ${line}`),
  );
}

function describeEvents(events: readonly TaskEvent[], now: number): string[] {
  if (events.length === 0) return ['Events:  <none>'];
  // Only tasks have states.
  const hasStates = events.some((event) => formatMove(event) !== '');
  const { lines } = alignRows([
    ['TYPE', ...(hasStates ? ['STATE'] : []), 'REASON', 'AGE', 'FROM', 'MESSAGE'],
    ...sortEvents(events).map((event) => [
      event.type ?? 'Normal',
      ...(hasStates ? [formatMove(event)] : []),
      event.reason,
      ageOf(lastSeenOf(event), now),
      event.source ?? '',
      formatMessage(event),
    ]),
  ]);
  return section(
    'Events',
    lines.map((line) => `  ${line}`),
  );
}

function section(title: string, lines: readonly string[]): string[] {
  return [`${title}:`, ...lines];
}
