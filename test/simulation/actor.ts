import { sourceKind } from '../../src/model/source.js';
import { RuntimeError } from '../../src/runtime/container-runtime.js';
import type { SimulatedContainer } from '../../src/runtime/simulated/simulated-engine.js';
import { errorMessage } from '../../src/support/errors.js';
import type { Cluster } from './cluster.js';
import type { CrashPoint } from './lifeline.js';
import type { Machine } from './machine.js';
import type { Action } from './scenario.js';
import { describeAction } from './scenario.js';
import type { SeededRandom } from './seeded-random.js';
import type { Trace } from './trace.js';
import type { UserAction } from './user-request.js';
import { request } from './user-request.js';
import type { VirtualClock } from './virtual-clock.js';

type ActionOf<Verb extends Action['do']> = Extract<Action, { do: Verb }>;

export interface ActorOptions {
  cluster: Cluster;
  clock: VirtualClock;
  trace: Trace;
  /** How likely it is that a user's request arrives twice. */
  duplicated: number;
  onForeignRemoval: (worker: string, container: SimulatedContainer) => void;
}

/** Does what a scenario says: as users, as fate, and as hands on a machine. */
export class Actor {
  private readonly random: SeededRandom;

  constructor(private readonly options: ActorOptions) {
    this.random = options.cluster.random('users');
  }

  act(action: Action): void {
    const { trace } = this.options;
    trace.tell('>>>', describeAction(action));
    const failed = (error: unknown): void => trace.tell('>>>', `${action.do} failed: ${errorMessage(error)}`);
    void this.perform(action).catch(failed);
  }

  private async perform(action: Action): Promise<void> {
    const { cluster } = this.options;
    switch (action.do) {
      case 'apply':
      case 'edit':
      case 'delete':
      case 'deleteNode':
      case 'applyDeployment':
      case 'editDeployment':
      case 'deleteDeployment':
        return this.asUser(action);
      case 'crashManager':
      case 'stopManager':
        return this.endManager(action);
      case 'followFolder':
        return this.followFolder(action.intervalSeconds);
      case 'writeFile':
        return cluster.folder.write(action, action.pauseSeconds, action.cut);
      case 'removeFile':
        return cluster.folder.remove(action.file);
      case 'revertFolder':
        return cluster.folder.revert(action.steps);
      case 'failFolder':
        cluster.folder.setFault(action.fault, true);
        return this.after(action.seconds, () => cluster.folder.setFault(action.fault, false));
      case 'jumpClock':
        return cluster.jumpClock(action.who, action.seconds);
      case 'partition': {
        const links = action.workers.flatMap((name) => cluster.links.get(name) ?? []);
        for (const link of links) link.setCut(true);
        return this.after(action.seconds, () => links.forEach((link) => link.setCut(false)));
      }
      case 'emptyLists':
        cluster.wrongLists.add(action.worker);
        return this.after(action.seconds, () => void cluster.wrongLists.delete(action.worker));
      case 'cutWatches':
        return cluster.links.get(action.worker)?.cutStreams();
      default:
        return this.onMachine(cluster.machine(action.worker), action);
    }
  }

  private async asUser(action: UserAction): Promise<void> {
    const api = this.options.cluster.users;
    if (api === undefined) throw new Error('the manager does not answer');
    const times = this.random.chance(this.options.duplicated) ? 2 : 1;
    await Promise.all(Array.from({ length: times }, () => request(api, action)));
  }

  /** A person tries until it is there. */
  private async followFolder(intervalSeconds: number): Promise<void> {
    const { cluster } = this.options;
    const folder = { path: cluster.folder.path };
    const source = {
      apiVersion: 'orch.dev/v1',
      kind: 'Source',
      metadata: { name: 'folder' },
      spec: { folder, intervalSeconds, maxPrune: 100, maxPrunePercent: 100 },
    };
    const asked = cluster.users?.apply(sourceKind, { name: 'folder' }, source, { fieldManager: 'user' });
    this.after(5, () => void (cluster.hasSource || this.followFolder(intervalSeconds)));
    await asked;
  }

  private async endManager(action: ActionOf<'crashManager' | 'stopManager'>): Promise<void> {
    const { cluster, trace } = this.options;
    const { manager } = cluster;
    if (!manager?.lifeline.isAlive) return;
    const startAgain = (): void => this.afterOutage(action.seconds, () => void cluster.startManager());
    if (action.do === 'stopManager') {
      await manager.stop();
      trace.tell('manager', 'manager stopped');
      return startAgain();
    }
    const crash = (): void => {
      cluster.crashManager(manager);
      startAgain();
    };
    if (action.at === undefined) crash();
    else manager.lifeline.crashAt(action.at, crash);
  }

  private async onMachine(machine: Machine, action: Action): Promise<void> {
    const { engine, lifeline } = machine;
    const startAgain = (seconds: number): void => this.afterOutage(seconds, () => void machine.startWorker());
    switch (action.do) {
      case 'crashWorker': {
        const crash = (): void => {
          machine.crashWorker();
          startAgain(action.seconds);
        };
        const { at, again } = action;
        const first = again === undefined ? crash : (): void => this.crashTwice(machine, action.seconds, again);
        if (at === undefined) first();
        else lifeline?.crashAt(at, first);
        return;
      }
      case 'stopWorker':
        await machine.stopWorker();
        return startAgain(action.seconds);
      case 'rebootMachine':
        machine.reboot();
        return startAgain(action.seconds);
      case 'loseCheckpoint':
        machine.loseCheckpoint(action.age);
        return startAgain(action.seconds);
      case 'failProbes':
        machine.isUnhealthy = true;
        return this.after(action.seconds, () => void (machine.isUnhealthy = false));
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
        if (action.do === 'removeContainer') this.options.onForeignRemoval(machine.name, container);
        return engine[action.do](container.id);
      }
      default:
        throw new Error(`nobody does ${action.do} to a machine`);
    }
  }

  private crashTwice(machine: Machine, seconds: number, again: CrashPoint): void {
    machine.crashWorker();
    this.afterOutage(seconds, () => {
      void machine.startWorker();
      machine.lifeline?.crashAt(again, () => {
        machine.crashWorker();
        this.afterOutage(seconds, () => void machine.startWorker());
      });
    });
  }

  /** What took its time to stop may be down only when the last fault is over: then it comes up at once. */
  private afterOutage(seconds: number, what: () => void): void {
    this.after(this.options.cluster.isHealed ? 0 : seconds, what);
  }

  private after(seconds: number, what: () => void): void {
    this.options.clock.setTimer(what, seconds * 1000);
  }
}
