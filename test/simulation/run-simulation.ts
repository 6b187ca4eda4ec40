/**
 * One run: a seed makes a scenario, a world and its faults; what comes out is whether a rule was broken, and the story.
 * Always holds: the same scenario gives the same story, line by line and in every detail that is hashed.
 */
import type { JsonObject } from '../../src/model/json.js';
import type { StoredNode } from '../../src/model/node.js';
import { nodeKind } from '../../src/model/node.js';
import type { StoredTask } from '../../src/model/task.js';
import { taskKind } from '../../src/model/task.js';
import { storePrefix } from '../../src/registry/store-keys.js';
import { RuntimeError } from '../../src/runtime/container-runtime.js';
import type { SimulatedContainer } from '../../src/runtime/simulated/simulated-engine.js';
import { emptyContents } from '../../src/store/durable-state.js';
import { JournaledStore } from '../../src/store/journaled-store.js';
import type { StoreEvent } from '../../src/store/store.js';
import { sleep } from '../../src/support/clock.js';
import { errorMessage } from '../../src/support/errors.js';
import { allocations } from './checkers/allocations.js';
import type { Checker, World } from './checkers/checker.js';
import { notConverged } from './checkers/converged.js';
import { deletions } from './checkers/deletions.js';
import { oneLiveContainer } from './checkers/one-live-container.js';
import { stateMoves } from './checkers/state-moves.js';
import { isTaskEvent, TaskHistory, taskOf } from './checkers/task-history.js';
import { unaskedStops } from './checkers/unasked-stops.js';
import { Machine } from './machine.js';
import { ManagerProcess } from './manager-process.js';
import { Link } from './network.js';
import type { Action, Scenario } from './scenario.js';
import { describeAction, makeScenario } from './scenario.js';
import { SeededRandom } from './seeded-random.js';
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
}

/** The longest backoff of a restart, the longest toleration and some time to move. */
const convergeSeconds = 900;
/** Ten times the manager's resync. */
const quietSeconds = 600;
const millicoresEach = 4000;

export function runSeed(seed: number): Promise<SimulationResult> {
  return runScenario(makeScenario(seed));
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
  private readonly store: JournaledStore;
  private readonly machines = new Map<string, Machine>();
  private readonly links = new Map<string, Link>();
  private readonly checkers: Checker[];
  private manager: ManagerProcess | undefined;
  private managerLives = 0;
  /** Workers that are told that there is nothing. */
  private readonly wrongLists = new Set<string>();
  /** Transactions that tell more than what containers use. */
  private lastNewsSeconds = 0;

  constructor(private readonly scenario: Scenario) {
    const { clock } = this;
    const storeRandom = this.random('store');
    this.store = new JournaledStore({
      clusterUid: storeRandom.uuid(),
      contents: emptyContents(),
      historyLimit: scenario.historyLimit,
      journal: {
        prepare: () => 0,
        append: () => sleep(clock, 1 + storeRandom.next() * 4),
        recover: () => Promise.reject(new Error('this disk does not fail')),
        close: () => Promise.resolve(),
      },
    });
    const world: World = {
      history: this.history,
      containersOn: (worker) => this.machine(worker).containers(),
      knownRevision: (worker, uid) => {
        const version = this.machine(worker).worker?.db.task(uid)?.metadata.resourceVersion;
        return version === undefined ? undefined : Number(version);
      },
      knownAttempt: (worker, uid) => this.machine(worker).knownAttempt(uid),
      currentRevision: () => this.store.currentRevision(),
      violated: (rule, what) => this.violated(rule, what),
    };
    this.checkers = [
      oneLiveContainer(world),
      stateMoves(world),
      allocations(world),
      unaskedStops(world),
      deletions(world, scenario),
    ];
    this.store.watch('', this.store.currentRevision(), (events) => this.onTransaction(events));
    for (const name of scenario.workers) this.addMachine(name);
  }

  async run(): Promise<SimulationResult> {
    const { clock, scenario } = this;
    void this.startManager();
    for (const machine of this.machines.values()) void machine.startWorker();
    for (const action of scenario.actions) {
      clock.setTimer(() => this.act(action), action.atSeconds * 1000);
    }
    await this.until(scenario.faultsEndSeconds);
    this.heal();
    await this.settle();
    return {
      scenario,
      violations: this.violations,
      trace: this.trace.lines,
      digest: this.trace.digest(),
      virtualSeconds: this.seconds,
    };
  }

  private get seconds(): number {
    return this.clock.monotonic() / 1000;
  }

  private random(purpose: string): SeededRandom {
    return new SeededRandom(this.scenario.seed, purpose);
  }

  private machine(name: string): Machine {
    return this.machines.get(name) as Machine;
  }

  private async until(seconds: number): Promise<void> {
    await this.clock.runUntil(seconds * 1000, () => this.violations.length > 0);
  }

  private violated(rule: string, what: string): void {
    this.violations.push({ rule, what, atSeconds: this.seconds });
    this.trace.tell('CHECKER', `VIOLATED ${rule}: ${what}`);
  }

  private addMachine(name: string): void {
    const { clock, trace, scenario } = this;
    const link = new Link(clock, this.random(`network of ${name}`), scenario.network, () => {
      const { manager } = this;
      const api = manager?.apiFor(name);
      return manager === undefined || api === undefined ? undefined : { lifeline: manager.lifeline, api };
    });
    const machine = new Machine({
      name,
      clock,
      random: this.random(`machine ${name}`),
      trace,
      scenario,
      clusterUid: this.store.clusterUid,
      link,
      onStop: (_machine, id) => this.checkers.forEach((checker) => checker.onStop?.(name, id)),
    });
    machine.engine.onChange((container) => this.onContainer(name, container));
    this.machines.set(name, machine);
    this.links.set(name, link);
  }

  private async startManager(): Promise<void> {
    if (this.manager?.lifeline.isAlive) return;
    const life = ++this.managerLives;
    const manager = new ManagerProcess(
      this.clock,
      this.store,
      this.random(`manager ${life}`),
      this.trace,
      this.scenario,
      (worker) => this.wrongLists.has(worker),
    );
    this.manager = manager;
    this.trace.tell('manager', `manager starts${life > 1 ? ' again' : ''}`);
    await manager.start();
  }

  private onTransaction(events: StoreEvent[]): void {
    this.history.take(events);
    for (const event of events) {
      this.trace.note(`${event.type} ${event.key} ${event.revision} ${JSON.stringify(event.value)}`);
      if (isTaskEvent(event)) this.tellTask(event);
    }
    if (events.some((event) => isNews(event))) this.lastNewsSeconds = this.seconds;
    for (const checker of this.checkers) checker.onTransaction?.(events);
  }

  private tellTask({ type, value, previous, revision }: StoreEvent): void {
    const task = taskOf(value);
    const old = previous && taskOf(previous);
    const { name, uid, deletionTimestamp, generation } = task.metadata;
    const words = [
      ...(type === 'delete' ? ['gone'] : []),
      ...(type === 'put' && old?.status?.state !== task.status?.state
        ? [`${old?.status?.state ?? '(new)'} -> ${task.status?.state ?? 'Pending'}`]
        : []),
      ...(old?.spec.nodeName === task.spec.nodeName ? [] : [`on ${task.spec.nodeName ?? 'no node'}`]),
      ...(old?.metadata.deletionTimestamp === deletionTimestamp ? [] : ['deletion asked']),
      ...(old?.metadata.generation === generation ? [] : [`generation ${generation}`]),
      ...(old?.status?.attempt === task.status?.attempt ? [] : [`attempt ${task.status?.attempt ?? 0}`]),
    ];
    if (words.length === 0) return;
    const { reason } = task.status ?? {};
    this.trace.tell(
      'store',
      `${name} (${uid.slice(0, 4)}) @${revision}: ${words.join(', ')}${reason ? ` [${reason}]` : ''}`,
    );
  }

  private onContainer(worker: string, container: SimulatedContainer): void {
    const { taskKey, taskUid, attempt } = container.spec.identity;
    const isGone = !this.machine(worker).engine.containers.has(container.id);
    const phase = isGone ? 'removed' : container.phase;
    const exit = container.phase === 'exited' && !isGone ? ` (${container.exitCode})` : '';
    this.trace.tell(worker, `container ${taskKey} (${taskUid.slice(0, 4)}) #${attempt} ${phase}${exit}`);
    for (const checker of this.checkers) checker.onContainer?.(worker, container, isGone);
  }

  private act(action: Action): void {
    this.trace.tell('>>>', describeAction(action));
    const failed = (error: unknown): void => this.trace.tell('>>>', `${action.do} failed: ${errorMessage(error)}`);
    void this.perform(action).catch(failed);
  }

  private async perform(action: Action): Promise<void> {
    switch (action.do) {
      case 'apply':
      case 'edit':
      case 'delete':
      case 'deleteNode':
        return this.asUser(action);
      case 'crashManager':
      case 'stopManager':
        return this.endManager(action);
      case 'partition': {
        const links = action.workers.map((name) => this.links.get(name) as Link);
        for (const link of links) link.setCut(true);
        this.after(action.seconds, () => links.forEach((link) => link.setCut(false)));
        return;
      }
      case 'emptyLists':
        this.wrongLists.add(action.worker);
        return this.after(action.seconds, () => void this.wrongLists.delete(action.worker));
      case 'cutWatches':
        return this.links.get(action.worker)?.cutStreams();
      default:
        return this.onMachine(this.machine(action.worker), action);
    }
  }

  private async asUser(action: Extract<Action, { do: 'apply' | 'edit' | 'delete' | 'deleteNode' }>): Promise<void> {
    const registry = this.manager?.serving;
    if (registry === undefined) throw new Error('the manager does not answer');
    if (action.do === 'deleteNode') return void (await registry.delete(nodeKind, { name: action.worker }));
    const key = { namespace: 'default', name: action.task };
    const metadata = { ...key };
    switch (action.do) {
      case 'apply': {
        const task = { apiVersion: 'orch.dev/v1', kind: 'Task', metadata, spec: action.spec };
        await registry.apply(taskKind, key, task, { fieldManager: 'user', force: true });
        return;
      }
      case 'edit':
        await registry.patch(taskKind, key, { type: 'merge', body: { spec: action.spec } });
        return;
      case 'delete': {
        const { gracePeriodSeconds } = action;
        await registry.delete(taskKind, key, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });
        return;
      }
    }
  }

  private async endManager(action: Extract<Action, { do: 'crashManager' | 'stopManager' }>): Promise<void> {
    const { manager } = this;
    if (!manager?.lifeline.isAlive) return;
    const startAgain = (): void => this.after(action.seconds, () => void this.startManager());
    if (action.do === 'stopManager') {
      await manager.stop();
      this.trace.tell('manager', 'manager stopped');
      return startAgain();
    }
    const crash = (): void => {
      if (!manager.lifeline.isAlive) return;
      this.trace.tell('manager', 'manager crashed');
      manager.lifeline.kill();
      startAgain();
    };
    if (action.at === undefined) crash();
    else manager.lifeline.crashAt(action.at, crash);
  }

  private async onMachine(machine: Machine, action: Action): Promise<void> {
    const { engine, lifeline } = machine;
    const startAgain = (seconds: number): void => this.after(seconds, () => void machine.startWorker());
    switch (action.do) {
      case 'crashWorker': {
        const crash = (): void => {
          machine.crashWorker();
          startAgain(action.seconds);
        };
        if (action.at === undefined) crash();
        else lifeline?.crashAt(action.at, crash);
        return;
      }
      case 'stopWorker':
        await machine.stopWorker();
        return startAgain(action.seconds);
      case 'rebootMachine':
        machine.reboot();
        return startAgain(action.seconds);
      case 'failCall':
        return engine.faults.failNext(action.call, new RuntimeError(action.code, 'the injected fault'));
      case 'loseReply':
        return engine.faults.loseReplyNext(action.call);
      case 'hangEngine':
        engine.faults.setHung(true);
        return this.after(action.seconds, () => engine.faults.setHung(false));
      case 'silenceEngine':
        engine.faults.setUnavailable(true);
        return this.after(action.seconds, () => engine.faults.setUnavailable(false));
      case 'killContainer':
      case 'removeContainer':
      case 'pauseContainer': {
        const containers = machine.containers();
        const container = containers[Math.floor(action.choice * containers.length)];
        if (container === undefined) return;
        if (action.do === 'removeContainer') {
          this.checkers.forEach((checker) => checker.onForeignRemoval?.(machine.name, container));
        }
        return engine[action.do](container.id);
      }
      default:
        throw new Error(`nobody does ${action.do} to a machine`);
    }
  }

  private after(seconds: number, what: () => void): void {
    this.clock.setTimer(what, seconds * 1000);
  }

  /** Ends all faults, those too that would have gone on; what is down comes up. */
  private heal(): void {
    if (this.violations.length > 0) return;
    this.trace.tell('>>>', 'the last fault is over');
    for (const link of this.links.values()) {
      link.isPerfect = true;
      link.setCut(false);
    }
    this.wrongLists.clear();
    this.manager?.lifeline.forgetCrash();
    for (const { engine, lifeline } of this.machines.values()) {
      lifeline?.forgetCrash();
      engine.faults.setHung(false);
      engine.faults.setUnavailable(false);
    }
    if (!this.manager?.lifeline.isAlive) void this.startManager();
    for (const machine of this.machines.values()) void machine.startWorker();
  }

  /** Waits until all is as it should be, and then that nothing more is written. */
  private async settle(): Promise<void> {
    const end = this.seconds + convergeSeconds;
    let wrong = ['nothing was looked at'];
    while (wrong.length > 0 && this.seconds < end && this.violations.length === 0) {
      await this.until(this.seconds + 10);
      wrong = await this.wrong();
    }
    for (const what of wrong) if (this.violations.length === 0 || this.seconds >= end) this.violated('converges', what);
    // What was counted in memory only is written within 10 s, what is used within a minute.
    await this.until(this.seconds + 120);
    const quietFrom = this.seconds;
    await this.until(quietFrom + quietSeconds);
    if (this.violations.length > 0) return;
    if (this.lastNewsSeconds > quietFrom) this.violated('becomes quiet', `written at ${this.lastNewsSeconds} s`);
    for (const what of await this.wrong()) this.violated('stays converged', what);
  }

  private async wrong(): Promise<string[]> {
    const [tasks, nodes] = await Promise.all([
      this.store.list(storePrefix(taskKind)),
      this.store.list(storePrefix(nodeKind)),
    ]);
    const objects = <T>(entries: readonly { value: JsonObject }[]): T[] => entries.map(({ value }) => value as T);
    return notConverged({
      tasks: objects<StoredTask>(tasks.entries),
      nodes: objects<StoredNode>(nodes.entries),
      containers: new Map([...this.machines].map(([name, machine]) => [name, machine.containers()])),
      millicoresEach,
    });
  }
}

/** Whether more than the use of CPU and memory was written. */
function isNews({ value, previous }: StoreEvent): boolean {
  return previous === undefined || JSON.stringify(withoutUsage(value)) !== JSON.stringify(withoutUsage(previous));
}

function withoutUsage(value: JsonObject): JsonObject {
  const { metadata: _metadata, status, ...rest } = value;
  const { usage: _usage, ...others } = (status ?? {}) as JsonObject;
  return { ...rest, status: others };
}
