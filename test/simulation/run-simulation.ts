/**
 * One run: a seed makes a scenario, a world and its faults; what comes out is whether a rule was broken, and the story.
 * Always holds: the same scenario gives the same story, line by line and in every detail that is hashed.
 */
import type { StoredDeployment } from '../../src/model/deployment.js';
import { deploymentKind } from '../../src/model/deployment.js';
import type { StoredNode } from '../../src/model/node.js';
import { nodeKind } from '../../src/model/node.js';
import type { StoredTask } from '../../src/model/task.js';
import { taskKind } from '../../src/model/task.js';
import { storePrefix } from '../../src/registry/store-keys.js';
import type { SimulatedContainer } from '../../src/runtime/simulated/simulated-engine.js';
import type { Transaction } from '../../src/store/journal.js';
import { Actor } from './actor.js';
import type { Checker, World } from './checkers/checker.js';
import type { Patched } from './checkers/client-writes.js';
import { checkOwn, checkPatch } from './checkers/client-writes.js';
import { notConverged } from './checkers/converged.js';
import { deploymentsNotConverged } from './checkers/deployments-converged.js';
import { foreignContainers } from './checkers/foreign-containers.js';
import { hostileClientWrites } from './checkers/hostile-client-writes.js';
import { hostileWrites } from './checkers/hostile-writes.js';
import { isNews } from './checkers/is-news.js';
import { makeCheckers } from './checkers/make-checkers.js';
import { Posts } from './checkers/posts.js';
import { Prunes } from './checkers/prunes.js';
import { StoreCalls } from './checkers/store-calls.js';
import { StoreLog } from './checkers/store-log.js';
import { TaskHistory } from './checkers/task-history.js';
import { Watches } from './checkers/watches.js';
import { Cluster } from './cluster.js';
import { clientPrefix } from './hostile/client-requests.js';
import { hostileWorkerName } from './hostile/hostile-worker.js';
import type { Scenario, ScenarioChoice } from './scenario.js';
import { makeScenario } from './scenario.js';
import { SeededRandom } from './seeded-random.js';
import { SimulatedDisk } from './simulated-disk.js';
import { SimulatedFolder } from './simulated-folder.js';
import { tellContainer, tellTransaction } from './teller.js';
import { Trace } from './trace.js';
import { VirtualClock } from './virtual-clock.js';

export interface Violation {
  rule: string;
  what: string;
  atSeconds: number;
}

export interface SimulationResult {
  scenario: Scenario;
  violations: Violation[];
  trace: string[];
  /** Of everything that happened. */
  digest: string;
  virtualSeconds: number;
  /** What the API was asked over HTTP. */
  httpRequests: number;
}

/** The longest backoff of a restart, the longest toleration and some time to move. */
const convergeSeconds = 900;
/** Ten times the manager's resync. */
const quietSeconds = 600;
const tickSeconds = 5;
/** An event of a watch that is told later than this after the last fault is not told at all. */
const watchLagSeconds = 60;
const capacityEach = { cpuMillicores: 4000, memoryBytes: 8 * 1024 ** 3, diskBytes: 100 * 1024 ** 3 };

/** `choice`: where the seed is not to say it itself. */
export function runSeed(seed: number, choice?: ScenarioChoice): Promise<SimulationResult> {
  return runScenario(makeScenario(seed, choice));
}

export async function runScenario(scenario: Scenario): Promise<SimulationResult> {
  const simulation = new Simulation(scenario);
  return simulation.run();
}

class Simulation {
  private readonly clock = new VirtualClock();
  private readonly trace = new Trace(this.clock);
  private readonly violations: Violation[] = [];
  private readonly history = new TaskHistory();
  private readonly log = new StoreLog();
  private readonly violated = (rule: string, what: string): void => this.note(rule, what);
  private readonly storeCalls = new StoreCalls(this.log, this.violated);
  private readonly watches = new Watches(this.log, this.violated);
  private readonly disk: SimulatedDisk;
  private readonly folder: SimulatedFolder;
  private readonly prunes: Prunes;
  private readonly cluster: Cluster;
  private readonly actor: Actor;
  private readonly checkers: readonly Checker[];
  private readonly foreign: Checker;
  /** Transactions that tell more than what containers use. */
  private lastNewsSeconds = 0;
  private httpRequests = 0;

  constructor(private readonly scenario: Scenario) {
    const { clock, trace } = this;
    clock.hasStreams = scenario.hasHttp;
    this.disk = new SimulatedDisk({
      random: new SeededRandom(scenario.seed, 'store'),
      historyLimit: scenario.historyLimit,
      onDurable: (transaction) => this.onTransaction(transaction),
    });
    this.folder = new SimulatedFolder('/manifests', {
      clock,
      random: new SeededRandom(scenario.seed, 'folder hints'),
      onChange: () => this.prunes.onFolder(),
    });
    this.prunes = new Prunes(this.folder, () => this.seconds, this.violated);
    const world = this.world();
    this.foreign = foreignContainers(world);
    this.checkers = [...makeCheckers(world, scenario), this.foreign];
    const all = (look: (checker: Checker) => void): void => this.checkers.forEach(look);
    const cluster = new Cluster({
      clock,
      trace,
      scenario,
      disk: this.disk,
      folder: this.folder,
      managerObserver: {
        checkStore: (store) => {
          this.storeCalls.forget();
          return this.watches.check(this.storeCalls.check(store));
        },
        onServing: (isServing) => all((checker) => checker.onManager?.(isServing)),
        onBeat: (name) => all((checker) => checker.onBeat?.(name)),
        onApplied: (uid) => this.prunes.onApplied(uid),
        onPruned: (name, uid) => this.prunes.onDeleted(name, uid),
        onPatched: (...patched) => this.onPatched(...patched),
        onRequest: () => void (this.httpRequests += 1),
        onHostile: {
          worker: hostileWrites(hostileWorkerName, { log: this.log, history: this.history, violated: this.violated }),
          client: hostileClientWrites(clientPrefix, this.violated),
        },
      },
      machineObserver: (name) => ({
        onStop: (id) => all((checker) => checker.onStop?.(name, id)),
        onStart: (what, identity) => all((checker) => checker.onStart?.(name, what, identity)),
        onProbe: (id, isHealthy) => all((checker) => checker.onProbe?.(name, id, isHealthy)),
        onWorker: () => all((checker) => checker.onWorker?.(name)),
        onCheckpointLost: () => all((checker) => checker.onCheckpointLost?.(name)),
      }),
      violated: this.violated,
      linkObserver: (name) => ({
        watching: (kind, options) =>
          this.watches.ofWorker(name, kind, options, (event) => all((checker) => checker.onDelivered?.(name, event))),
        listed: (kind, items) => {
          if (kind === taskKind) all((checker) => checker.onListed?.(name, items as StoredTask[]));
        },
        patched: (...patched) => this.onPatched(name, ...patched),
        posts: new Posts(name, this.violated),
      }),
    });
    this.cluster = cluster;
    for (const [name, { engine }] of cluster.machines) {
      engine.onChange((container) => this.onContainer(name, container));
    }
    this.actor = new Actor({
      cluster,
      clock,
      trace,
      duplicated: 5 * scenario.network.duplicated,
      onForeignRemoval: (name, container) => all((checker) => checker.onForeignRemoval?.(name, container)),
    });
  }

  async run(): Promise<SimulationResult> {
    const { clock, scenario, cluster } = this;
    void cluster.startManager();
    for (const machine of cluster.machines.values()) void machine.startWorker();
    cluster.hostileWorker?.start();
    cluster.hostileClient?.start();
    for (const action of scenario.actions) {
      clock.setTimer(() => this.actor.act(action), action.atSeconds * 1000);
    }
    this.tick();
    await this.until(scenario.faultsEndSeconds);
    if (this.violations.length === 0) {
      this.trace.tell('>>>', 'the last fault is over');
      cluster.heal();
      await this.settle();
    }
    return {
      scenario,
      violations: this.violations,
      trace: this.trace.lines,
      digest: this.trace.digest(),
      virtualSeconds: this.seconds,
      httpRequests: this.httpRequests,
    };
  }

  private get seconds(): number {
    return this.clock.monotonic() / 1000;
  }

  private world(): World {
    return {
      history: this.history,
      seconds: () => this.seconds,
      containersOn: (worker) => this.cluster.machine(worker).containers(),
      isForeign: (worker, id) => this.cluster.machine(worker).foreign.has(id),
      knownTask: (worker, uid) => this.cluster.machine(worker).worker?.db.task(uid),
      knownAttempt: (worker, uid) => this.cluster.machine(worker).knownAttempt(uid),
      currentRevision: () => this.disk.revision,
      violated: this.violated,
    };
  }

  private async until(seconds: number): Promise<void> {
    await this.clock.runUntil(seconds * 1000, () => this.violations.length > 0);
  }

  private tick(): void {
    for (const checker of this.checkers) checker.onTick?.();
    this.clock.setTimer(() => this.tick(), tickSeconds * 1000);
  }

  private onPatched(worker: string, ...patched: Patched): void {
    const [kind, , , { object }] = patched;
    checkOwn(this.violated, worker, kind, object);
    checkPatch({ log: this.log, violated: this.violated }, ...patched);
  }

  private note(rule: string, what: string): void {
    this.violations.push({ rule, what, atSeconds: this.seconds });
    this.trace.tell('CHECKER', `VIOLATED ${rule}: ${what}`);
  }

  private onTransaction(transaction: Transaction): void {
    const { events } = transaction;
    this.storeCalls.onTransaction(transaction);
    this.log.add(transaction, this.seconds);
    this.history.take(events);
    tellTransaction(this.trace, events);
    if (events.some((event) => isNews(event))) this.lastNewsSeconds = this.seconds;
    for (const checker of this.checkers) checker.onTransaction?.(events);
  }

  private onContainer(worker: string, container: SimulatedContainer): void {
    const { engine, foreign } = this.cluster.machine(worker);
    const isGone = !engine.containers.has(container.id);
    tellContainer(this.trace, worker, container, isGone);
    if (foreign.has(container.id)) return this.foreign.onContainer?.(worker, container, isGone);
    for (const checker of this.checkers) checker.onContainer?.(worker, container, isGone);
  }

  /** Waits until all is as it should be, and then that nothing more is written. */
  private async settle(): Promise<void> {
    const end = this.seconds + convergeSeconds;
    let wrong = ['nothing was looked at'];
    while (wrong.length > 0 && this.seconds < end && this.violations.length === 0) {
      await this.until(this.seconds + 10);
      wrong = this.wrong();
    }
    for (const what of wrong) if (this.violations.length === 0 || this.seconds >= end) this.violated('converges', what);
    // What was counted in memory only is written within 10 s, what is used within a minute. Tasks that end by themselves may
    // have waited for each other's place: each is written about when its turn comes, until the last one has ended.
    do await this.until(this.seconds + 120);
    while (this.violations.length === 0 && this.seconds < end && this.willEnd());
    const quietFrom = this.seconds;
    await this.until(quietFrom + quietSeconds);
    if (this.violations.length > 0) return;
    if (this.lastNewsSeconds > quietFrom) this.violated('becomes quiet', `written at ${this.lastNewsSeconds} s`);
    for (const what of this.wrong()) this.violated('stays converged', what);
    this.watches.checkComplete(this.seconds - watchLagSeconds);
  }

  /** Whether a task has a container that is to end by itself. */
  private willEnd(): boolean {
    return this.objects<StoredTask>(storePrefix(taskKind)).some(({ spec, status }) => {
      const isOnNode = status?.state === 'Running' || status?.state === 'Scheduled';
      return isOnNode && !spec.command?.join(' ').includes('infinity');
    });
  }

  private objects<T>(prefix: string): T[] {
    return this.disk.list(prefix).map(({ value }) => value as T);
  }

  private wrong(): string[] {
    const objects = <T>(prefix: string): T[] => this.objects(prefix);
    const isFollowed = this.scenario.actions.some(({ do: what }) => what === 'followFolder');
    const notSynced = isFollowed ? this.prunes.notSynced(this.disk.list('/orch.dev/')) : [];
    const unlike = notConverged({
      tasks: objects<StoredTask>(storePrefix(taskKind)),
      nodes: objects<StoredNode>(storePrefix(nodeKind)),
      containers: new Map([...this.cluster.machines].map(([name, machine]) => [name, machine.containers()])),
      capacityEach,
    });
    const deployments = objects<StoredDeployment>(storePrefix(deploymentKind));
    const notRolledOut = deploymentsNotConverged(deployments, objects<StoredTask>(storePrefix(taskKind)));
    return [...notSynced, ...unlike, ...notRolledOut];
  }
}
