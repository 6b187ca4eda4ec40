import type { JsonObject } from '../../src/model/json.js';
import type { RuntimeErrorCode } from '../../src/runtime/container-runtime.js';
import type { CrashPoint } from './lifeline.js';
import { SeededRandom } from './seeded-random.js';

/** What happens in a run, and when. Plain data: a failing run is made shorter by leaving actions out. */
export interface Scenario {
  seed: number;
  workers: string[];
  nodeGraceSeconds: number;
  notReadyTolerationSeconds: number;
  /** Revisions of history that the store keeps: few of them make resumed watches expire. */
  historyLimit: number;
  engineLatencyMilliseconds: number;
  network: { maxDelayMilliseconds: number; dropped: number; replyLost: number; duplicated: number; hintLost: number };
  /** Other clusters' and other workers' containers are on the machines. */
  hasForeigners: boolean;
  actions: TimedAction[];
  /** Afterwards everything is whole again. */
  faultsEndSeconds: number;
}

export type TimedAction = Action & { atSeconds: number };

type EngineCall =
  'listContainers' | 'inspectContainer' | 'createContainer' | 'startContainer' | 'stopContainer' | 'removeContainer';

export type Action =
  | { do: 'apply'; task: string; spec: JsonObject }
  | { do: 'edit'; task: string; spec: JsonObject }
  | { do: 'delete'; task: string; gracePeriodSeconds?: number }
  | { do: 'deleteNode'; worker: string }
  | { do: 'crashWorker'; worker: string; seconds: number; at?: CrashPoint }
  | { do: 'stopWorker'; worker: string; seconds: number }
  | { do: 'rebootMachine'; worker: string; seconds: number }
  | { do: 'crashManager'; seconds: number; at?: CrashPoint }
  | { do: 'stopManager'; seconds: number }
  | { do: 'partition'; workers: string[]; seconds: number }
  | { do: 'cutWatches'; worker: string }
  /** The manager is wrong: lists that this worker asks for are empty. */
  | { do: 'emptyLists'; worker: string; seconds: number }
  /** Somebody sets a wall clock, the manager's or a worker's machine's. */
  | { do: 'jumpClock'; who: string; seconds: number }
  /** The worker's disk is empty (age 0) or an older one (up to 1, the oldest) when it starts again. */
  | { do: 'loseCheckpoint'; worker: string; seconds: number; age: number }
  | { do: 'failProbes'; worker: string; seconds: number }
  | { do: 'failCall'; worker: string; call: EngineCall; code: RuntimeErrorCode }
  | { do: 'loseReply'; worker: string; call: EngineCall }
  | { do: 'hangEngine'; worker: string; seconds: number }
  | { do: 'silenceEngine'; worker: string; seconds: number }
  /** `choice` in [0, 1) says which of the containers that are there then. */
  | { do: 'killContainer' | 'removeContainer' | 'pauseContainer'; worker: string; choice: number };

const engineCalls: readonly EngineCall[] = [
  'listContainers',
  'inspectContainer',
  'createContainer',
  'startContainer',
  'stopContainer',
  'removeContainer',
];

export function makeScenario(seed: number): Scenario {
  const random = new SeededRandom(seed, 'scenario');
  const workers = Array.from({ length: random.between(1, 4) }, (_, index) => `w${index + 1}`);
  const faultsEndSeconds = random.pick([60, 200, 600]);
  const tasks = Array.from({ length: random.between(1, 6) }, (_, index) => `t${index + 1}`);
  const isRough = random.chance(0.7);
  const actions: TimedAction[] = [];
  const add = (atSeconds: number, action: Action): void => void actions.push({ atSeconds, ...action });
  for (const task of tasks) add(random.next() * 20, { do: 'apply', task, spec: makeSpec(random) });
  for (let count = random.between(0, 20); count > 0; count--) {
    add(10 + random.next() * (faultsEndSeconds - 10), userAction(random, tasks));
  }
  for (let count = random.between(1, 20); count > 0; count--) {
    add(random.next() * faultsEndSeconds, fault(random, workers));
  }
  addBurst(new SeededRandom(seed, 'burst'), tasks, faultsEndSeconds, add);
  addEmptyLists(new SeededRandom(seed, 'empty lists'), workers, faultsEndSeconds, add);
  addMachineFaults(new SeededRandom(seed, 'machine faults'), workers, faultsEndSeconds, add);
  addSizesAndProbes(new SeededRandom(seed, 'sizes and probes'), actions);
  const extras = new SeededRandom(seed, 'extras');
  actions.sort((a, b) => a.atSeconds - b.atSeconds);
  return {
    seed,
    workers,
    nodeGraceSeconds: random.pick([4, 12, 40]),
    notReadyTolerationSeconds: random.pick([1, 20, 300]),
    historyLimit: random.pick([5, 40, 10_000]),
    engineLatencyMilliseconds: random.pick([1, 7, 40]),
    network: isRough
      ? {
          maxDelayMilliseconds: random.pick([5, 50, 800]),
          dropped: 0.02,
          replyLost: 0.02,
          duplicated: extras.pick([0, 0.02]),
          hintLost: 0.1,
        }
      : { maxDelayMilliseconds: 3, dropped: 0, replyLost: 0, duplicated: 0, hintLost: 0 },
    hasForeigners: extras.chance(0.3),
    actions,
    faultsEndSeconds,
  };
}

/** Users stop everything, and start everything again: many changes in one instant. */
function addBurst(
  random: SeededRandom,
  tasks: readonly string[],
  faultsEndSeconds: number,
  add: (atSeconds: number, action: Action) => void,
): void {
  if (random.chance(0.6)) return;
  const stopAt = 20 + random.next() * (faultsEndSeconds - 30);
  const startAt = Math.min(faultsEndSeconds - 1, stopAt + random.pick([0.05, 2, 40]));
  for (const task of tasks) {
    add(stopAt, { do: 'edit', task, spec: { desiredState: 'Completed' } });
    add(startAt, { do: 'edit', task, spec: { desiredState: 'Running' } });
  }
}

/** A worker starts again while the manager's lists are empty: it must not take that for an order. */
function addEmptyLists(
  random: SeededRandom,
  workers: readonly string[],
  faultsEndSeconds: number,
  add: (atSeconds: number, action: Action) => void,
): void {
  if (random.chance(0.75)) return;
  const worker = random.pick(workers);
  const at = 20 + random.next() * (faultsEndSeconds - 30);
  add(at, { do: 'emptyLists', worker, seconds: 8 });
  add(at + 0.5, { do: 'crashWorker', worker, seconds: 0.2 });
}

/** Wall clocks that are set, checkpoints that are lost or put back, probes that fail for a while. */
function addMachineFaults(
  random: SeededRandom,
  workers: readonly string[],
  faultsEndSeconds: number,
  add: (atSeconds: number, action: Action) => void,
): void {
  const at = (): number => 10 + random.next() * (faultsEndSeconds - 10);
  if (random.chance(0.3)) {
    for (let count = random.between(1, 3); count > 0; count--) {
      const seconds = random.pick([30, 3_600, 86_400]) * random.pick([-1, 1]);
      add(at(), { do: 'jumpClock', who: random.chance(0.4) ? 'manager' : random.pick(workers), seconds });
    }
  }
  if (random.chance(0.25)) {
    const age = random.chance(0.5) ? 0 : random.next();
    add(at(), { do: 'loseCheckpoint', worker: random.pick(workers), seconds: random.pick([0.2, 3, 60]), age });
  }
  if (random.chance(0.3)) {
    add(at(), { do: 'failProbes', worker: random.pick(workers), seconds: random.pick([3, 15, 60]) });
  }
}

/** Some tasks ask for memory and disk, some services are probed. */
function addSizesAndProbes(random: SeededRandom, actions: readonly TimedAction[]): void {
  const [hasSizes, hasProbes] = [random.chance(0.4), random.chance(0.4)];
  for (const action of actions) {
    if (action.do !== 'apply') continue;
    const { spec } = action;
    if (hasSizes && random.chance(0.5)) {
      const sizes = { memory: random.pick(['1Gi', '3Gi', '5Gi']), disk: random.pick(['10Gi', '40Gi', '70Gi']) };
      spec['resources'] = { ...(spec['resources'] as JsonObject | undefined), ...sizes };
    }
    if (hasProbes && spec['restartPolicy'] === 'Always' && random.chance(0.6)) {
      const periodSeconds = random.pick([2, 10]);
      const failureThreshold = random.between(1, 3);
      spec['livenessProbe'] = { exec: { command: ['true'] }, periodSeconds, failureThreshold };
    }
  }
}

function makeSpec(random: SeededRandom): JsonObject {
  const kind = random.pick(['service', 'service', 'service', 'job', 'failingJob', 'retriedJob'] as const);
  const runs = random.between(1, 60);
  const script = {
    service: random.pick(['trap "exit 0" TERM; sleep infinity', 'sleep infinity']),
    job: `sleep ${runs}`,
    failingJob: `sleep ${runs}; exit 3`,
    retriedJob: `sleep ${runs}`,
  }[kind];
  return {
    image: 'busybox',
    command: ['sh', '-c', script],
    restartPolicy: { service: 'Always', job: 'Never', failingJob: 'Never', retriedJob: 'OnFailure' }[kind],
    terminationGracePeriodSeconds: random.pick([0, 1, 5, 30]),
    env: [{ name: 'VERSION', value: String(random.between(1, 3)) }],
    ...(random.chance(0.6) ? { resources: { cpu: random.pick(['500m', '1500m', '2500m']) } } : {}),
    ...(random.chance(0.2) ? { ports: [{ containerPort: 80, hostPort: 8080 }] } : {}),
  };
}

function userAction(random: SeededRandom, tasks: readonly string[]): Action {
  const task = random.pick(tasks);
  switch (random.between(0, 9)) {
    case 0:
    case 1:
      return { do: 'apply', task, spec: makeSpec(random) };
    case 2:
    case 3:
      return { do: 'edit', task, spec: { env: [{ name: 'VERSION', value: String(random.between(1, 3)) }] } };
    case 4:
      return { do: 'edit', task, spec: { resources: { cpu: random.pick(['500m', '1500m', '2500m']) } } };
    case 5:
      return { do: 'edit', task, spec: { desiredState: 'Completed' } };
    case 6:
    case 7:
      return { do: 'edit', task, spec: { desiredState: 'Running' } };
    case 8:
      return { do: 'delete', task };
    default:
      return random.chance(0.5) ? { do: 'delete', task, gracePeriodSeconds: 0 } : { do: 'delete', task };
  }
}

function fault(random: SeededRandom, workers: readonly string[]): Action {
  const worker = random.pick(workers);
  const seconds = random.pick([0.2, 3, 15, 60, 150]);
  const moments = ['before', 'during', 'after'] as const;
  const at = (): CrashPoint => ({ effects: random.between(1, 6), moment: random.pick(moments) });
  switch (random.between(0, 17)) {
    case 0:
      return { do: 'crashWorker', worker, seconds };
    case 1:
    case 2:
      return { do: 'crashWorker', worker, seconds, at: at() };
    case 3:
      return { do: 'stopWorker', worker, seconds };
    case 4:
      return { do: 'rebootMachine', worker, seconds };
    case 5:
      return { do: 'crashManager', seconds };
    case 6:
    case 7:
      return { do: 'crashManager', seconds, at: at() };
    case 8:
      return { do: 'stopManager', seconds };
    case 9:
      return { do: 'partition', workers: [worker], seconds };
    case 10:
      return { do: 'partition', workers: random.chance(0.5) ? [...workers] : [worker], seconds };
    case 11:
      return { do: 'cutWatches', worker };
    case 12:
      return { do: 'failCall', worker, call: random.pick(engineCalls), code: random.pick(['Unavailable', 'Timeout']) };
    case 13:
      return { do: 'loseReply', worker, call: random.pick(engineCalls) };
    case 14:
      return { do: random.chance(0.5) ? 'hangEngine' : 'silenceEngine', worker, seconds };
    case 15:
      return { do: 'killContainer', worker, choice: random.next() };
    case 16:
      return { do: random.chance(0.7) ? 'removeContainer' : 'pauseContainer', worker, choice: random.next() };
    default:
      return random.chance(0.3) ? { do: 'deleteNode', worker } : { do: 'killContainer', worker, choice: random.next() };
  }
}

/** For people. */
export function describeAction(action: Action): string {
  const { do: verb, ...rest } = action;
  const { atSeconds: _at, ...details } = rest as Partial<TimedAction>;
  return `${verb} ${JSON.stringify(details)}`;
}
