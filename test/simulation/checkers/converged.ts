import { specHash } from '../../../src/model/spec-hash.js';
import type { Amounts } from '../../../src/model/resources.js';
import { addAmounts, noAmounts, requestsOf } from '../../../src/model/resources.js';
import type { StoredNode } from '../../../src/model/node.js';
import type { StoredTask } from '../../../src/model/task.js';
import type { SimulatedContainer } from '../../../src/runtime/simulated/simulated-engine.js';
import { isRunning } from '../../../src/runtime/simulated/simulated-engine.js';
import { occupiesNode } from '../../../src/scheduler/demand.js';

export interface EndState {
  tasks: readonly StoredTask[];
  nodes: readonly StoredNode[];
  /** By worker. */
  containers: ReadonlyMap<string, readonly SimulatedContainer[]>;
  /** What one worker has. */
  capacityEach: Amounts;
}

/** Everything that is not as the tasks say, once nothing goes wrong any more. Empty: converged. */
export function notConverged({ tasks, nodes, containers, capacityEach }: EndState): string[] {
  const all = [...containers].flatMap(([worker, own]) => own.map((container) => ({ worker, container })));
  const wrong: string[] = [];
  const uids = new Set(tasks.map(({ metadata }) => metadata.uid));
  for (const { worker, container } of all) {
    const { taskUid, taskKey, attempt } = container.spec.identity;
    if (!uids.has(taskUid)) wrong.push(`${worker} still has attempt ${attempt} of ${taskKey}, which was deleted`);
  }
  for (const worker of containers.keys()) {
    const node = nodes.find(({ metadata }) => metadata.name === worker);
    const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    if (ready !== 'True') wrong.push(`${worker} is not ready: ${ready ?? 'no node'}`);
    if (node?.spec?.taints?.length) wrong.push(`${worker} is tainted`);
  }
  // Edits were looked at by now: what is placed fits as it is written.
  for (const worker of containers.keys()) {
    const there = tasks.filter((task) => task.spec.nodeName === worker && occupiesNode(task));
    if (!isWithin(needOf(there), capacityEach)) wrong.push(`${worker} has more tasks than it has room for`);
  }
  for (const task of tasks) {
    const live = all.filter(
      ({ container }) => container.spec.identity.taskUid === task.metadata.uid && isRunning(container),
    );
    const problem = problemOf(task, live, () => hasRoom(task, tasks, [...containers.keys()], capacityEach));
    if (problem !== undefined) wrong.push(`${task.metadata.name} (${task.metadata.uid.slice(0, 4)}): ${problem}`);
  }
  return wrong;
}

function problemOf(
  task: StoredTask,
  live: readonly { worker: string; container: SimulatedContainer }[],
  mayRun: () => boolean,
): string | undefined {
  const { spec, status, metadata } = task;
  const state = status?.state ?? 'Pending';
  const where =
    live.map(({ worker, container }) => `${worker}#${container.spec.identity.attempt}`).join(', ') || 'nowhere';
  if (metadata.deletionTimestamp !== undefined) return `its deletion does not end; it runs ${where}`;
  if (spec.desiredState === 'Completed') {
    return state === 'Completed' && live.length === 0 ? undefined : `stopped, yet ${state} and it runs ${where}`;
  }
  const isOver = state === 'Completed' || state === 'Failed';
  if (isOver && (spec.restartPolicy ?? 'Always') !== 'Always') {
    return live.length === 0 ? undefined : `${state}, yet it runs ${where}`;
  }
  if (state === 'Pending' && live.length === 0) {
    return mayRun() ? `waits although there is room: ${status?.message ?? status?.reason ?? ''}` : undefined;
  }
  const [only, ...more] = live;
  if (state !== 'Running' || only === undefined || more.length > 0) {
    return `${state} (${status?.reason ?? ''}) on ${spec.nodeName ?? 'no node'}, and it runs ${where}`;
  }
  if (only.worker !== spec.nodeName) return `runs ${where}, but is placed on ${spec.nodeName ?? 'no node'}`;
  // Whoever paused it has to let it go on, and is told so.
  if (only.container.phase === 'paused') return `is paused, and says ${status?.reason ?? 'nothing'}`;
  if (only.container.spec.identity.specHash !== specHash(spec)) return 'runs an older spec';
  if (status?.containerID !== only.container.id) return 'its status names another container';
  if (status.attempt !== only.container.spec.identity.attempt) return 'its status tells another attempt';
  return undefined;
}

/** Whether some worker has what a waiting task asks for, its port too. */
function hasRoom(task: StoredTask, tasks: readonly StoredTask[], workers: readonly string[], each: Amounts): boolean {
  const port = task.spec.ports?.[0]?.hostPort;
  return workers.some((worker) => {
    const there = tasks.filter((other) => other.spec.nodeName === worker && occupiesNode(other));
    const isPortTaken = port !== undefined && there.some((other) => other.spec.ports?.[0]?.hostPort === port);
    return isWithin(addAmounts(needOf(there), requestsOf(task.spec)), each) && !isPortTaken;
  });
}

function needOf(tasks: readonly StoredTask[]): Amounts {
  return tasks.reduce((sum, { spec }) => addAmounts(sum, requestsOf(spec)), noAmounts);
}

function isWithin(need: Amounts, each: Amounts): boolean {
  return (
    need.cpuMillicores <= each.cpuMillicores && need.memoryBytes <= each.memoryBytes && need.diskBytes <= each.diskBytes
  );
}
