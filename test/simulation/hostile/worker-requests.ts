import { canMove, taskStates } from '../../../src/model/task-state.js';
import type { JsonObject, JsonValue } from '../../../src/model/json.js';
import type { StoredNode } from '../../../src/model/node.js';
import { specHash } from '../../../src/model/spec-hash.js';
import type { StoredTask } from '../../../src/model/task.js';
import type { InjectedRequest } from '../http/inject.js';
import type { SeededRandom } from '../seeded-random.js';
import { anything, oneWrong } from './anything.js';

/** Everything that there is: whoever is hostile knows more than it could find out. */
export interface Known {
  /** Its own name. */
  me: string;
  tasks: readonly StoredTask[];
  nodes: readonly StoredNode[];
  timestamp: string;
}

export type HostileRequest = Omit<InjectedRequest, 'token'>;

/** The request, and how it is meant: a stream is opened and never read. */
export type Attack = { request: HostileRequest; times: number; isUnread: boolean };

const names: readonly string[] = [
  ...[
    'metadata',
    'spec',
    'status',
    'state',
    'reason',
    'message',
    'nodeName',
    'attempt',
    'restartCount',
    'moves',
    'uid',
  ],
  ...['conditions', 'type', 'ports', 'hostPort', 'usage', 'labels', 'annotations', 'finalizers', 'ownerReferences'],
  ...[
    'taints',
    'unschedulable',
    'capacity',
    'allocatable',
    'allocated',
    'cpu',
    'memory',
    'tasks',
    'nodeInfo',
    'forbids',
  ],
  ...['deletionTimestamp', 'resourceVersion', 'generation', 'managedFields', 'desiredState', 'task', 'count', 'source'],
];
const patchTypes = ['merge-patch+json', 'strategic-merge-patch+json', 'json-patch+json', 'apply-patch+yaml'] as const;
const mergePatch = 'application/merge-patch+json';
const tasksPath = '/apis/orch.dev/v1/namespaces/default/tasks';

/** What a worker sends that is somebody else's: mostly as a worker should, with one thing wrong. Pure but for the randomness. */
export function workerAttack(random: SeededRandom, known: Known): Attack {
  const once = (request: HostileRequest): Attack => ({ request, times: 1, isUnread: false });
  switch (random.between(0, 15)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      return once(taskStatus(random, known));
    case 6:
      return once(wholeObject(random, known));
    case 7:
    case 8:
      return once(nodeStatus(random, known));
    case 9:
      return once(nodePatch(random, known));
    case 10:
      return once(taskEvent(random, known));
    case 11:
      return { request: heartbeat(random, known), times: random.pick([1, 12, 90]), isUnread: false };
    case 12:
      return once(deletion(random, known));
    case 13:
      return { request: watch(random, known), times: random.pick([1, 5]), isUnread: true };
    case 14:
      return once(creation(random, known));
    default:
      return { request: read(random, known), times: random.pick([1, 80]), isUnread: false };
  }
}

/** What an honest worker would say of its machine. */
export function honestNodeStatus({ me, timestamp }: Known): JsonObject {
  const amounts = { cpu: '4', memory: '8Gi', disk: '100Gi', tasks: '110', 'ephemeral-storage': '100Gi', pods: '110' };
  return {
    addresses: [{ type: 'InternalIP', address: '10.6.6.6' }],
    capacity: amounts,
    allocatable: amounts,
    nodeInfo: { bootID: 'boot', operatingSystem: 'linux', architecture: 'amd64', sessionID: me, forbids: '' },
    conditions: [
      { type: 'EngineReady', status: 'True', reason: 'EngineReady', message: '', lastTransitionTime: timestamp },
      { type: 'Ready', status: 'True', reason: 'WorkerReady', message: '', lastTransitionTime: timestamp },
    ],
  };
}

function taskStatus(random: SeededRandom, known: Known): HostileRequest {
  const task = anyTask(random, known);
  const status = reportOf(random, task, known);
  const { uid, resourceVersion } = task.metadata;
  const body = { metadata: { uid, resourceVersion }, status };
  return {
    method: 'PATCH',
    path: `${pathOf(random, task)}/status`,
    contentType: random.chance(0.85) ? mergePatch : `application/${random.pick(patchTypes)}`,
    body: JSON.stringify(random.chance(0.2) ? body : oneWrong(random, body, names)),
  };
}

/** A status as it could be true, mostly of a container that runs. */
function reportOf(random: SeededRandom, task: StoredTask, { me, timestamp }: Known): JsonObject {
  const from = task.status?.state ?? 'Pending';
  const state = random.chance(0.5) ? 'Running' : random.pick(taskStates.filter((to) => canMove(from, to)));
  const attempt = (task.status?.attempt ?? 0) + random.between(0, 1);
  return {
    state,
    reason: random.pick(['', 'Stopped', 'BackOff', 'Error', 'Placed']),
    message: 'as it is',
    nodeName: me,
    hostIP: '10.6.6.6',
    podIP: '10.6.6.7',
    containerID: 'c'.repeat(64),
    attempt,
    restartCount: attempt,
    moves: task.status?.moves ?? 0,
    startTime: timestamp,
    finishTime: timestamp,
    exitCode: 0,
    oomKilled: false,
    started: true,
    observedGeneration: task.metadata.generation,
    specHash: specHash(task.spec),
    ports: [{ containerPort: 80, hostPort: 8080, hostIP: '0.0.0.0', protocol: 'TCP' }],
    usage: { cpuMillicores: 1, memoryBytes: 1, time: timestamp },
    lastTermination: { exitCode: 0, reason: 'Completed', startTime: timestamp, finishTime: timestamp },
    conditions: [
      {
        type: random.pick(['Ready', 'Ready', 'Scheduled', 'DisruptionTarget', 'Anything']),
        status: random.pick(['True', 'True', 'False', 'Unknown']),
        reason: random.pick(['Ready', 'AssignedByHand', 'Placed', 'EvictionByEvictionAPI']),
        message: '',
        observedGeneration: task.metadata.generation,
        lastTransitionTime: timestamp,
      },
    ],
  };
}

/** A PUT of a task or a node as it is, with one thing wrong, or a patch of what is not its status. */
function wholeObject(random: SeededRandom, known: Known): HostileRequest {
  const object = random.chance(0.6) ? anyTask(random, known) : anyNode(random, known);
  const body = oneWrong(random, object as unknown as JsonObject, names);
  const path = 'image' in (object.spec ?? {}) ? pathOf(random, object as StoredTask) : nodePath(object.metadata.name);
  const isPut = random.chance(0.6);
  return {
    method: isPut ? 'PUT' : 'PATCH',
    path: `${path}${random.chance(0.5) ? '/status' : ''}`,
    contentType: isPut ? 'application/json' : mergePatch,
    body: JSON.stringify(body),
  };
}

function nodeStatus(random: SeededRandom, known: Known): HostileRequest {
  const { name } = anyNode(random, known).metadata;
  const status = { ...honestNodeStatus(known), allocated: { cpu: '0' }, taskCount: 0 };
  return {
    method: 'PATCH',
    path: `${nodePath(name)}/status`,
    contentType: mergePatch,
    body: JSON.stringify({ status: oneWrong(random, status, names) }),
  };
}

/** What a worker may say of its Node beside its status is a few labels. */
function nodePatch(random: SeededRandom, known: Known): HostileRequest {
  const node = anyNode(random, known);
  const owner = { apiVersion: 'orch.dev/v1', kind: 'Task', name: 't1', uid: known.tasks[0]?.metadata.uid ?? 'none' };
  const choices: JsonObject[] = [
    { metadata: { labels: { 'kubernetes.io/hostname': random.pick(['w1', known.me]), zone: 'mine' } } },
    { metadata: { labels: { 'kubernetes.io/os': random.pick(['linux', 'plan9']) } } },
    { metadata: { annotations: { 'orch.dev/worker-key-sha256': 'a'.repeat(64), 'orch.dev/accept-restore': 'x' } } },
    { metadata: { finalizers: ['example.com/stays'] } },
    { metadata: { ownerReferences: [owner] } },
    { metadata: { deletionTimestamp: null, uid: node.metadata.uid, name: 'w1' } },
    { spec: { taints: [], unschedulable: false } },
    { spec: { taints: [{ key: 'mine', effect: 'NoExecute' }] } },
  ];
  const body = random.pick(choices);
  return {
    method: 'PATCH',
    path: nodePath(node.metadata.name),
    contentType: random.chance(0.8) ? mergePatch : `application/${random.pick(patchTypes)}`,
    body: JSON.stringify(random.chance(0.6) ? body : oneWrong(random, body, names)),
  };
}

function taskEvent(random: SeededRandom, known: Known): HostileRequest {
  const { metadata, status } = anyTask(random, known);
  const body = {
    task: { name: metadata.name, namespace: 'default', uid: metadata.uid },
    state: status?.state ?? 'Pending',
    type: 'Warning',
    reason: random.pick(['BackOff', 'Pulled', 'Killing']),
    message: `seen ${random.between(0, 1_000)} times`,
    source: random.pick(['manager', 'worker/w1']),
    nodeName: random.pick(['w1', known.me]),
    attempt: 1,
  };
  return {
    method: 'POST',
    path: '/apis/orch.dev/v1/namespaces/default/taskevents',
    contentType: 'application/json',
    body: JSON.stringify(random.chance(0.5) ? body : oneWrong(random, body, names)),
  };
}

function heartbeat(random: SeededRandom, known: Known): HostileRequest {
  const { name } = anyNode(random, known).metadata;
  const sessionId: JsonValue = random.chance(0.7) ? `session-${random.between(0, 9)}` : anything(random, names);
  return {
    method: 'POST',
    path: `/apis/orch.dev/v1/workers/${name}/${random.chance(0.9) ? 'heartbeat' : 'join'}`,
    contentType: 'application/json',
    body: JSON.stringify(random.chance(0.9) ? { sessionId } : anything(random, ['sessionId', 'csr', 'labels'])),
  };
}

function deletion(random: SeededRandom, known: Known): HostileRequest {
  const task = anyTask(random, known);
  const path = random.pick([
    pathOf(random, task),
    pathOf(random, task),
    nodePath(anyNode(random, known).metadata.name),
    tasksPath,
  ]);
  const uid = random.chance(0.8) ? task.metadata.uid : anything(random, names);
  const options = { gracePeriodSeconds: random.pick([0, 0, 30, -1, 2 ** 53]), preconditions: { uid } };
  const body = JSON.stringify(random.chance(0.7) ? options : oneWrong(random, options, names));
  return { method: 'DELETE', path, contentType: 'application/json', body };
}

function creation(random: SeededRandom, known: Known): HostileRequest {
  const object = random.chance(0.5) ? anyTask(random, known) : anyNode(random, known);
  const body = { ...object, metadata: { ...object.metadata, name: `made-by-${known.me}` } };
  const path = random.pick([
    tasksPath,
    '/api/v1/nodes',
    '/api/v1/namespaces/default/pods',
    '/api/v1/namespaces/default/secrets',
    '/apis/apps/v1/namespaces/default/deployments',
    `${pathOf(random, anyTask(random, known)).replace(tasksPath, '/api/v1/namespaces/default/pods')}/eviction`,
  ]);
  return { method: 'POST', path, contentType: 'application/json', body: JSON.stringify(body) };
}

function watch(random: SeededRandom, known: Known): HostileRequest {
  const from = random.pick(['', '0', '1', '-1', '9999999999', anyTask(random, known).metadata.resourceVersion]);
  const path = random.pick([tasksPath, '/api/v1/nodes', '/apis/orch.dev/v1/tasks', '/api/v1/secrets']);
  return { method: 'GET', path: `${path}?watch=true&resourceVersion=${from}${selector(random)}` };
}

function read(random: SeededRandom, known: Known): HostileRequest {
  const path = random.pick([
    `${tasksPath}?x=1${selector(random)}`,
    `${tasksPath}?limit=1&continue=${random.pick(['x', 'eyJhIjoxfQ', '%00'])}`,
    `${pathOf(random, anyTask(random, known))}?x=1`,
    '/api/v1/nodes?x=1',
    `/api/v1/namespaces/default/secrets/any?forTask=${anyTask(random, known).metadata.name}`,
    '/apis/orch.dev/v1/backup',
    '/api/v1/namespaces/default/pods?limit=0',
  ]);
  return { method: 'GET', path };
}

function selector(random: SeededRandom): string {
  return random.chance(0.5)
    ? ''
    : `&fieldSelector=${random.pick(['spec.nodeName=w1', 'spec.nodeName!=', 'a.b=c', '='])}`;
}

/** Mostly one of its own. */
function anyTask(random: SeededRandom, { tasks, me }: Known): StoredTask {
  const own = tasks.filter(({ spec }) => spec.nodeName === me);
  const known = own.length > 0 && random.chance(0.7) ? own : tasks;
  return known.length > 0 && random.chance(0.95) ? random.pick(known) : nobodysTask;
}

function anyNode(random: SeededRandom, { nodes, me }: Known): StoredNode {
  const own = nodes.find(({ metadata }) => metadata.name === me);
  return own !== undefined && random.chance(0.6) ? own : nodes.length > 0 ? random.pick(nodes) : nobodysNode;
}

function pathOf(random: SeededRandom, { metadata }: StoredTask): string {
  return `${tasksPath}/${random.chance(0.98) ? metadata.name : random.pick(['..%2f..', '%00', 'a%2fb', '.'])}`;
}

function nodePath(name: string): string {
  return `/api/v1/nodes/${name}`;
}

const nobodys = { uid: 'nobody', resourceVersion: '1', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' };
const nobodysTask: StoredTask = {
  apiVersion: 'orch.dev/v1',
  kind: 'Task',
  metadata: { ...nobodys, name: 'nobodys', namespace: 'default' },
  spec: { image: 'busybox' },
};
const nobodysNode: StoredNode = { apiVersion: 'v1', kind: 'Node', metadata: { ...nobodys, name: 'nobodys' } };
