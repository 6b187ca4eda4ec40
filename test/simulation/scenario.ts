import type { JsonObject } from '../../src/model/json.js';
import type { RuntimeErrorCode } from '../../src/runtime/container-runtime.js';
import { addDeployments } from './deployment-scenario.js';
import type { CrashPoint } from './lifeline.js';
import {
  addBurst,
  addEmptyLists,
  addFolder,
  addMachineFaults,
  addSizesAndProbes,
  addTornRemoval,
} from './scenario-extras.js';
import { addHostile, type Hostile } from './hostile/add-hostile.js';
import { SeededRandom } from './seeded-random.js';
import type { FolderFault } from './simulated-folder.js';
import { makeSpec, userAction } from './user-actions.js';

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
  /** Workers and users speak to the manager over HTTP: the real client and the real API. */
  hasHttp: boolean;
  /** A Source keeps a folder applied. */
  hasFolder: boolean;
  /** Users have Deployments. */
  hasDeployments: boolean;
  /** Who answers and asks for anything. */
  hostile: Hostile;
  actions: TimedAction[];
  /** Afterwards everything is whole again. */
  faultsEndSeconds: number;
}

/** A file of the folder. */
export interface FolderFile {
  file: string;
  tasks: readonly { name: string; spec: JsonObject }[];
}

export type TimedAction = Action & { atSeconds: number };

type EngineCall =
  'listContainers' | 'inspectContainer' | 'createContainer' | 'startContainer' | 'stopContainer' | 'removeContainer';

export type Action =
  | { do: 'apply'; task: string; spec: JsonObject }
  | { do: 'edit'; task: string; spec: JsonObject }
  | { do: 'delete'; task: string; gracePeriodSeconds?: number }
  | { do: 'deleteNode'; worker: string }
  | { do: 'applyDeployment' | 'editDeployment'; deployment: string; spec: JsonObject }
  | { do: 'deleteDeployment'; deployment: string }
  /** A Source is made for the folder. */
  | { do: 'followFolder'; intervalSeconds: number }
  /** With `pauseSeconds` half of it is there first: up to `cut` (0 to 1). */
  | ({ do: 'writeFile'; pauseSeconds: number; cut: number } & FolderFile)
  | { do: 'removeFile'; file: string }
  /** The folder is as it was so many changes ago. */
  | { do: 'revertFolder'; steps: number }
  | { do: 'failFolder'; fault: FolderFault; seconds: number }
  /** `again`: where its next life ends. */
  | { do: 'crashWorker'; worker: string; seconds: number; at?: CrashPoint; again?: CrashPoint }
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

/** Every tenth is over HTTP, which costs several times as much. */
const seedsPerHttp = 10;

export interface ScenarioChoice {
  /** Over HTTP; when absent the seed says it, as it does below. */
  hasHttp?: boolean | undefined;
  hostile?: Hostile | undefined;
}

export function makeScenario(seed: number, choice: ScenarioChoice = {}): Scenario {
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
  const hasFolder = addFolder(new SeededRandom(seed, 'folder'), faultsEndSeconds, add);
  const hasDeployments = addDeployments(new SeededRandom(seed, 'rolling updates'), faultsEndSeconds, add);
  addTornRemoval(new SeededRandom(seed, 'torn removal'), workers, faultsEndSeconds, add);
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
    hasHttp: choice.hasHttp ?? seed % seedsPerHttp === 0,
    hasFolder,
    hasDeployments,
    hostile: choice.hostile ?? addHostile(seed),
    actions,
    faultsEndSeconds,
  };
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
