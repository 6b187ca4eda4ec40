import { sourceKind } from '../../src/model/source.js';
import { storePrefix } from '../../src/registry/store-keys.js';
import type { Clock } from '../../src/support/clock.js';
import type { Violated } from './checkers/checker.js';
import { HostileClient, type HostileClientOptions } from './hostile/hostile-client.js';
import { HostileWorker, hostileWorkerName, type HostileServed } from './hostile/hostile-worker.js';
import { HttpLine, HttpLink } from './http/http-line.js';
import { adminToken } from './http/manager-door.js';
import { Machine } from './machine.js';
import type { MachineOptions } from './machine.js';
import type { ManagerObserver } from './manager-process.js';
import { ManagerProcess } from './manager-process.js';
import type { Line, LinkObserver } from './network.js';
import { Link } from './network.js';
import type { Scenario } from './scenario.js';
import { SeededRandom } from './seeded-random.js';
import type { SimulatedDisk } from './simulated-disk.js';
import type { SimulatedFolder } from './simulated-folder.js';
import type { Trace } from './trace.js';
import type { UserApi } from './user-api.js';
import { registryForUsers } from './user-api.js';
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
  violated: Violated;
}

/** The machines of a run: the manager's with its disk, the workers', and the lines between them. */
export class Cluster {
  readonly machines = new Map<string, Machine>();
  readonly links = new Map<string, Line>();
  /** Workers that are told that there is nothing. */
  readonly wrongLists = new Set<string>();
  manager: ManagerProcess | undefined;
  readonly hostileWorker: HostileWorker | undefined;
  readonly hostileClient: HostileClient | undefined;
  /** The last fault is over. */
  isHealed = false;
  /** Of the manager's wall clock. */
  private wallOffset = 0;
  private managerLives = 0;
  private readonly httpUsers: UserApi | undefined;

  constructor(private readonly options: ClusterOptions) {
    for (const name of options.scenario.workers) this.addMachine(name);
    if (options.scenario.hasHttp) this.httpUsers = this.connectUsers();
    if (options.scenario.hostile.worker) this.hostileWorker = this.makeHostileWorker();
    if (options.scenario.hostile.client) {
      this.hostileClient = new HostileClient({ ...this.hostileOptions(), random: this.random('hostile client') });
    }
  }

  get hasSource(): boolean {
    return this.options.disk.list(storePrefix(sourceKind)).length > 0;
  }

  /** The manager as users reach it; undefined while it does not serve. */
  get users(): UserApi | undefined {
    const registry = this.manager?.serving;
    return registry && (this.httpUsers ?? registryForUsers(registry));
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
      for (const { id } of machine.containers()) machine.engine.unpauseContainer(id);
    }
    void this.startManager();
    for (const machine of this.machines.values()) void machine.startWorker();
    this.putOutHostile();
    void this.hostileClient?.cleanUp();
  }

  /** An admin who has understood who it is deletes its Node, until it is gone. */
  private putOutHostile(): void {
    const { hostileWorker } = this;
    if (hostileWorker === undefined) return;
    hostileWorker.putOut().catch(() => undefined);
    this.options.clock.setTimer(() => void (hostileWorker.isMember && this.putOutHostile()), 5_000);
  }

  private makeHostileWorker(): HostileWorker {
    const { nodeGraceSeconds } = this.options.scenario;
    return new HostileWorker({
      ...this.hostileOptions(),
      name: hostileWorkerName,
      random: this.random('hostile worker'),
      beatSeconds: nodeGraceSeconds / 4,
    });
  }

  private hostileOptions(): Omit<HostileClientOptions, 'random'> {
    const { clock, disk, trace, scenario, violated } = this.options;
    const served = (): HostileServed | undefined => this.manager?.hostile;
    return { clock, disk, trace, violated, served, endSeconds: scenario.faultsEndSeconds };
  }

  /** Users sit near the manager. */
  private connectUsers(): UserApi {
    const { clock, scenario } = this.options;
    const random = this.random('network of users');
    const line = new HttpLine({ clock, random, quality: scenario.network, door: () => this.manager?.door });
    line.isPerfect = true;
    return line.clientFor(adminToken);
  }

  private addMachine(name: string): void {
    const { clock, trace, scenario, disk, machineObserver, linkObserver } = this.options;
    const served = ():
      { lifeline: ManagerProcess['lifeline']; api: NonNullable<ReturnType<ManagerProcess['apiFor']>> } | undefined => {
      const { manager } = this;
      const api = manager?.apiFor(name);
      return manager === undefined || api === undefined ? undefined : { lifeline: manager.lifeline, api };
    };
    const [networkRandom, observer] = [this.random(`network of ${name}`), linkObserver(name)];
    const { network: quality, hasHttp } = scenario;
    const link: Line = hasHttp
      ? new HttpLink({ clock, random: networkRandom, quality, door: () => this.manager?.door }, name, observer)
      : new Link(clock, networkRandom, quality, served, observer);
    const random = this.random(`machine ${name}`);
    const { clusterUid } = disk;
    const machine = { name, clock, random, trace, scenario, clusterUid, link, observer: machineObserver(name) };
    this.machines.set(name, new Machine(machine));
    this.links.set(name, link);
  }
}
