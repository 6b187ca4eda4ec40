import { sourceKind } from '../../src/model/source.js';
import { storePrefix } from '../../src/registry/store-keys.js';
import type { Clock } from '../../src/support/clock.js';
import { Machine } from './machine.js';
import type { MachineOptions } from './machine.js';
import type { ManagerObserver } from './manager-process.js';
import { ManagerProcess } from './manager-process.js';
import type { LinkObserver } from './network.js';
import { Link } from './network.js';
import type { Scenario } from './scenario.js';
import { SeededRandom } from './seeded-random.js';
import type { SimulatedDisk } from './simulated-disk.js';
import type { SimulatedFolder } from './simulated-folder.js';
import type { Trace } from './trace.js';
import type { VirtualClock } from './virtual-clock.js';

export interface ClusterOptions {
  clock: VirtualClock;
  trace: Trace;
  scenario: Scenario;
  disk: SimulatedDisk;
  folder: SimulatedFolder;
  managerObserver: Omit<ManagerObserver, 'listsNothing'>;
  machineObserver: (worker: string) => MachineOptions['observer'];
  linkObserver: (worker: string) => LinkObserver;
}

/** The machines of a run: the manager's with its disk, the workers', and the lines between them. */
export class Cluster {
  readonly machines = new Map<string, Machine>();
  readonly links = new Map<string, Link>();
  /** Workers that are told that there is nothing. */
  readonly wrongLists = new Set<string>();
  manager: ManagerProcess | undefined;
  /** The last fault is over. */
  isHealed = false;
  /** Of the manager's wall clock. */
  private wallOffset = 0;
  private managerLives = 0;

  constructor(private readonly options: ClusterOptions) {
    for (const name of options.scenario.workers) this.addMachine(name);
  }

  get hasSource(): boolean {
    return this.options.disk.list(storePrefix(sourceKind)).length > 0;
  }

  get folder(): SimulatedFolder {
    return this.options.folder;
  }

  machine(name: string): Machine {
    return this.machines.get(name) as Machine;
  }

  /** Randomness of its own for each purpose. */
  random(purpose: string): SeededRandom {
    return new SeededRandom(this.options.scenario.seed, purpose);
  }

  async startManager(): Promise<void> {
    if (this.manager?.lifeline.isAlive) return;
    const { clock: time, disk, trace, scenario, managerObserver } = this.options;
    const life = ++this.managerLives;
    const clock: Clock = {
      now: () => time.now() + this.wallOffset,
      monotonic: () => time.monotonic(),
      setTimer: (callback, delay) => time.setTimer(callback, delay),
    };
    const observer = { ...managerObserver, listsNothing: (worker: string) => this.wrongLists.has(worker) };
    const folder = scenario.hasFolder ? this.folder : undefined;
    const random = this.random(`manager ${life}`);
    const manager = new ManagerProcess(clock, disk, random, trace, scenario, observer, folder);
    this.manager = manager;
    trace.tell('manager', `manager starts${life > 1 ? ' again' : ''}`);
    await manager.start();
  }

  crashManager(manager: ManagerProcess): void {
    if (!manager.lifeline.isAlive) return;
    this.options.trace.tell('manager', 'manager crashed');
    manager.lifeline.kill();
  }

  jumpClock(who: string, seconds: number): void {
    if (who === 'manager') this.wallOffset += seconds * 1000;
    else this.machine(who).jumpClock(seconds);
  }

  /** Ends all faults, those too that would have gone on; what is down comes up. */
  heal(): void {
    this.isHealed = true;
    for (const link of this.links.values()) {
      link.isPerfect = true;
      link.setCut(false);
    }
    this.wrongLists.clear();
    this.folder.heal();
    this.manager?.lifeline.forgetCrash();
    for (const machine of this.machines.values()) {
      machine.lifeline?.forgetCrash();
      machine.isUnhealthy = false;
      machine.engine.faults.setHung(false);
      machine.engine.faults.setUnavailable(false);
    }
    void this.startManager();
    for (const machine of this.machines.values()) void machine.startWorker();
  }

  private addMachine(name: string): void {
    const { clock, trace, scenario, disk, machineObserver, linkObserver } = this.options;
    const served = ():
      { lifeline: ManagerProcess['lifeline']; api: NonNullable<ReturnType<ManagerProcess['apiFor']>> } | undefined => {
      const { manager } = this;
      const api = manager?.apiFor(name);
      return manager === undefined || api === undefined ? undefined : { lifeline: manager.lifeline, api };
    };
    const link = new Link(clock, this.random(`network of ${name}`), scenario.network, served, linkObserver(name));
    const random = this.random(`machine ${name}`);
    const { clusterUid } = disk;
    const observer = machineObserver(name);
    this.machines.set(name, new Machine({ name, clock, random, trace, scenario, clusterUid, link, observer }));
    this.links.set(name, link);
  }
}
