import type { ContainerIdentity, ContainerRuntime } from '../../src/runtime/container-runtime.js';
import { RuntimeError } from '../../src/runtime/container-runtime.js';
import type { SimulatedContainer } from '../../src/runtime/simulated/simulated-engine.js';
import { SimulatedEngine } from '../../src/runtime/simulated/simulated-engine.js';
import { openSimulatedRuntime } from '../../src/runtime/simulated/simulated-runtime.js';
import type { Clock } from '../../src/support/clock.js';
import { sleep } from '../../src/support/clock.js';
import type { CheckpointData } from '../../src/worker/checkpoint-file.js';
import { CheckpointFile, emptyCheckpoint } from '../../src/worker/checkpoint-file.js';
import { containerName } from '../../src/worker/container-name.js';
import { Worker } from '../../src/worker/worker.js';
import { joinThrough } from '../support/join-through.js';
import { Lifeline } from './lifeline.js';
import type { Line } from './network.js';
import type { Scenario } from './scenario.js';
import type { SeededRandom } from './seeded-random.js';
import type { Trace } from './trace.js';

export interface MachineOptions {
  name: string;
  clock: Clock;
  random: SeededRandom;
  trace: Trace;
  scenario: Scenario;
  clusterUid: string;
  link: Line;
  observer: MachineObserver;
}

/** What is looked at on a machine. */
interface MachineObserver {
  /** A worker is about to ask the engine to stop a container. */
  onStop(containerId: string): void;
  /** A worker is about to ask the engine to make or start a container. */
  onStart(what: 'create' | 'start', identity: ContainerIdentity): void;
  onProbe(containerId: string, isHealthy: boolean): void;
  onWorker(): void;
  onCheckpointLost(): void;
}

/** Checkpoints that a machine may go back to. */
const keptCheckpoints = 40;

/** One machine: an engine and a disk that outlive the workers, and the worker that runs now, if any. */
export class Machine {
  readonly name: string;
  readonly engine: SimulatedEngine;
  lifeline: Lifeline | undefined;
  worker: Worker | undefined;
  /** Containers of others. */
  readonly foreign = new Set<string>();
  /** Every probe fails. */
  isUnhealthy = false;
  private readonly checkpoints = [JSON.stringify(emptyCheckpoint())];
  private wallOffset = 0;
  private readonly clock: Clock;
  private starts = 0;
  /** What was asked of the engine does not outlive this. */
  private boot: Lifeline;

  constructor(private readonly options: MachineOptions) {
    const { name, clock, random } = options;
    this.name = name;
    this.clock = {
      now: () => clock.now() + this.wallOffset,
      monotonic: () => clock.monotonic(),
      setTimer: (callback, delay) => clock.setTimer(callback, delay),
    };
    this.boot = new Lifeline(this.clock);
    this.engine = new SimulatedEngine({ clock: this.clock, random });
    if (options.scenario.hasForeigners) this.addForeigners();
  }

  async startWorker(): Promise<void> {
    const { name, random, trace, clusterUid, link, observer } = this.options;
    if (this.lifeline?.isAlive) return;
    const lifeline = new Lifeline(this.clock);
    this.lifeline = lifeline;
    this.starts += 1;
    const client = link.connect(lifeline);
    const worker = new Worker({
      name,
      sessionId: `session-of-${name}-${this.engine.bootId}`,
      client,
      join: joinThrough(client, name),
      runtime: this.openRuntime(lifeline),
      checkpoint: new CheckpointFile(JSON.parse(this.disk) as CheckpointData, async (text) => {
        // A rename that the process does not live to see does not happen.
        await sleep(lifeline.clock, 1 + random.next() * 4);
        this.checkpoints.push(text);
        if (this.checkpoints.length > keptCheckpoints) this.checkpoints.shift();
      }),
      clusterUid,
      clock: lifeline.clock,
      random,
      logger: trace.logger(name),
      version: '0.0.0',
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    });
    this.worker = worker;
    observer.onWorker();
    trace.tell(name, `worker starts${this.starts > 1 ? ' again' : ''}`);
    await worker.start();
  }

  crashWorker(): void {
    if (!this.lifeline?.isAlive) return;
    this.options.trace.tell(this.name, 'worker crashed');
    this.lifeline.kill();
    this.worker = undefined;
  }

  reboot(): void {
    this.crashWorker();
    this.boot.kill();
    this.boot = new Lifeline(this.clock);
    this.engine.reboot();
  }

  /** Somebody sets the wall clock. */
  jumpClock(seconds: number): void {
    this.wallOffset += seconds * 1000;
  }

  /** The worker's disk is empty (`age` 0), or holds what it held before: the higher, the older, in (0, 1]. */
  loseCheckpoint(age: number): void {
    this.crashWorker();
    const kept =
      age === 0 ? JSON.stringify(emptyCheckpoint()) : this.checkpoints[Math.floor((1 - age) * this.checkpoints.length)];
    this.checkpoints.splice(0, Infinity, kept ?? this.disk);
    this.options.observer.onCheckpointLost();
  }

  private get disk(): string {
    return this.checkpoints.at(-1) as string;
  }

  knownAttempt(taskUid: string): number {
    const onDisk = (JSON.parse(this.disk) as CheckpointData).records[taskUid];
    return (this.worker === undefined ? onDisk : this.worker.db.record(taskUid))?.attempt ?? 0;
  }

  async stopWorker(): Promise<void> {
    const { lifeline, worker } = this;
    if (!lifeline?.isAlive || worker === undefined) return;
    await worker.stop();
    lifeline.kill();
    if (this.worker === worker) this.worker = undefined;
    this.options.trace.tell(this.name, 'worker stopped');
  }

  /** This cluster's containers of this worker, in a fixed order, so that a choice means the same in every run. */
  containers(): SimulatedContainer[] {
    return [...this.engine.containers.values()].filter(({ id }) => !this.foreign.has(id));
  }

  /** A container of another cluster, and one of another worker of this cluster that shares the engine. */
  private addForeigners(): void {
    const { clusterUid, name } = this.options;
    for (const [owner, nodeName] of [
      ['another-cluster', name],
      [clusterUid, 'another-worker'],
    ] as const) {
      const identity = { taskUid: `foreign-to-${name}`, attempt: 1, specHash: 'hash', taskKey: 'default/foreign' };
      const container = this.engine.create(owner, {
        name: containerName({ ...identity, nodeName }),
        identity,
        image: 'busybox',
        command: ['sleep', 'infinity'],
        env: [],
        ports: [],
        hostNetwork: false,
        limits: { cpuMillicores: 0, memoryBytes: 0, diskBytes: 0 },
      });
      this.foreign.add(container.id);
      this.engine.start(container);
    }
  }

  /** The engine as the worker with this lifeline reaches it. */
  private openRuntime(lifeline: Lifeline): ContainerRuntime {
    const { random, clusterUid, scenario, link, observer } = this.options;
    const runtime = openSimulatedRuntime({
      clusterUid,
      clock: this.boot.clock,
      random,
      engine: this.engine,
      latencyMilliseconds: scenario.engineLatencyMilliseconds,
    });
    const isLost = (): boolean => !link.isPerfect && random.chance(scenario.network.hintLost);
    return {
      info: () => lifeline.guard(runtime.info()),
      ping: () => lifeline.guard(runtime.ping()),
      listContainers: () => lifeline.guard(runtime.listContainers()),
      inspectContainer: (id) => lifeline.guard(runtime.inspectContainer(id)),
      readTerminationMessage: (id) => lifeline.guard(runtime.readTerminationMessage(id)),
      readStats: (id) => lifeline.guard(runtime.readStats(id)),
      ensureImage: (...call) => lifeline.effect(() => runtime.ensureImage(...call)),
      createContainer: (...call) =>
        lifeline.effect(() => {
          observer.onStart('create', call[0].identity);
          return runtime.createContainer(...call);
        }, 'createContainer'),
      updateFiles: (...call) => lifeline.effect(() => runtime.updateFiles(...call)),
      listVolumes: () => lifeline.guard(runtime.listVolumes()),
      removeVolume: (...call) => lifeline.effect(() => runtime.removeVolume(...call)),
      startContainer: (...call) =>
        lifeline.effect(() => {
          const container = this.engine.containers.get(call[0]);
          if (container) observer.onStart('start', container.spec.identity);
          return runtime.startContainer(...call);
        }),
      stopContainer: (...call) =>
        lifeline.effect(() => {
          observer.onStop(call[0]);
          return runtime.stopContainer(...call);
        }),
      removeContainer: (...call) => lifeline.effect(() => runtime.removeContainer(...call), 'removeContainer'),
      exec: async (...call) => {
        // What timed out may be the command's fault.
        const late = (error: unknown): never => {
          if (error instanceof RuntimeError && error.code === 'Timeout') observer.onProbe(call[0], false);
          throw error;
        };
        const result = await lifeline.effect(() => runtime.exec(...call)).catch(late);
        observer.onProbe(call[0], !this.isUnhealthy);
        return this.isUnhealthy ? { exitCode: 1, output: 'not well' } : result;
      },
      openExec: (...call) => lifeline.effect(() => runtime.openExec(...call)),
      openAttach: (...call) => lifeline.effect(() => runtime.openAttach(...call)),
      connectPort: (...call) => lifeline.effect(() => runtime.connectPort(...call)),
      openLogs: (...call) => lifeline.guard(runtime.openLogs(...call)),
      watchHints: (onHint) => runtime.watchHints((hint) => void (lifeline.isAlive && !isLost() && onHint(hint))),
      close: () => runtime.close(),
    };
  }
}
