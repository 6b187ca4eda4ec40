import type { ContainerRuntime } from '../../src/runtime/container-runtime.js';
import type { SimulatedContainer } from '../../src/runtime/simulated/simulated-engine.js';
import { SimulatedEngine } from '../../src/runtime/simulated/simulated-engine.js';
import { openSimulatedRuntime } from '../../src/runtime/simulated/simulated-runtime.js';
import type { Clock } from '../../src/support/clock.js';
import { sleep } from '../../src/support/clock.js';
import type { CheckpointData } from '../../src/worker/checkpoint-file.js';
import { CheckpointFile, emptyCheckpoint } from '../../src/worker/checkpoint-file.js';
import { Worker } from '../../src/worker/worker.js';
import { Lifeline } from './lifeline.js';
import type { Link } from './network.js';
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
  link: Link;
  /** A worker is about to ask the engine to stop a container. */
  onStop: (machine: Machine, containerId: string) => void;
}

/** One machine: an engine and a disk that outlive the workers, and the worker that runs now, if any. */
export class Machine {
  readonly name: string;
  readonly engine: SimulatedEngine;
  lifeline: Lifeline | undefined;
  worker: Worker | undefined;
  private disk = JSON.stringify(emptyCheckpoint());
  private starts = 0;
  /** What was asked of the engine does not outlive this. */
  private boot: Lifeline;

  constructor(private readonly options: MachineOptions) {
    const { name, clock, random } = options;
    this.name = name;
    this.boot = new Lifeline(clock);
    this.engine = new SimulatedEngine({ clock, random });
  }

  async startWorker(): Promise<void> {
    const { name, clock, random, trace, clusterUid, link } = this.options;
    if (this.lifeline?.isAlive) return;
    const lifeline = new Lifeline(clock);
    this.lifeline = lifeline;
    this.starts += 1;
    const worker = new Worker({
      name,
      sessionId: `session-of-${name}-${this.engine.bootId}`,
      client: link.connect(lifeline),
      runtime: this.openRuntime(lifeline),
      checkpoint: new CheckpointFile(JSON.parse(this.disk) as CheckpointData, async (text) => {
        // A rename that the process does not live to see does not happen.
        await sleep(lifeline.clock, 1 + random.next() * 4);
        this.disk = text;
      }),
      clusterUid,
      clock: lifeline.clock,
      random,
      logger: trace.logger(name),
      version: '0.0.0',
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    });
    this.worker = worker;
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
    this.boot = new Lifeline(this.options.clock);
    this.engine.reboot();
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

  /** Containers in a fixed order, so that a choice means the same in every run. */
  containers(): SimulatedContainer[] {
    return [...this.engine.containers.values()];
  }

  /** The engine as the worker with this lifeline reaches it. */
  private openRuntime(lifeline: Lifeline): ContainerRuntime {
    const { random, clusterUid, scenario, link } = this.options;
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
      readStats: (id) => lifeline.guard(runtime.readStats(id)),
      ensureImage: (...call) => lifeline.effect(() => runtime.ensureImage(...call)),
      createContainer: (...call) => lifeline.effect(() => runtime.createContainer(...call)),
      startContainer: (...call) => lifeline.effect(() => runtime.startContainer(...call)),
      stopContainer: (...call) =>
        lifeline.effect(() => {
          this.options.onStop(this, call[0]);
          return runtime.stopContainer(...call);
        }),
      removeContainer: (...call) => lifeline.effect(() => runtime.removeContainer(...call)),
      exec: (...call) => lifeline.effect(() => runtime.exec(...call)),
      openExec: (...call) => lifeline.effect(() => runtime.openExec(...call)),
      openLogs: (...call) => lifeline.guard(runtime.openLogs(...call)),
      watchHints: (onHint) => runtime.watchHints((hint) => void (lifeline.isAlive && !isLost() && onHint(hint))),
      close: () => runtime.close(),
    };
  }
}
