import type { State } from '../../../src/model/task-state.js';
import type { StoredTask, Task, TaskSpec } from '../../../src/model/task.js';
import { taskKind } from '../../../src/model/task.js';
import type { TaskEvent } from '../../../src/model/task-event.js';
import { taskEventKind } from '../../../src/model/task-event.js';
import type { Node, StoredNode } from '../../../src/model/node.js';
import { nodeKind } from '../../../src/model/node.js';
import type { OpenedRegistry } from '../../../src/registry/open-registry.js';
import { openRegistry } from '../../../src/registry/open-registry.js';
import type { SimulatedContainer } from '../../../src/runtime/simulated/simulated-engine.js';
import { SimulatedEngine } from '../../../src/runtime/simulated/simulated-engine.js';
import { openSimulatedRuntime } from '../../../src/runtime/simulated/simulated-runtime.js';
import { openMemoryStore } from '../../../src/store/memory/open-memory-store.js';
import { silentLogger } from '../../../src/support/logger.js';
import type { Random } from '../../../src/support/random.js';
import { createSystemRandom } from '../../../src/support/random.js';
import { CheckpointFile, emptyCheckpoint } from '../../../src/worker/checkpoint-file.js';
import type { CheckpointData } from '../../../src/worker/checkpoint-file.js';
import { Worker } from '../../../src/worker/worker.js';
import type { WorkerSettings } from '../../../src/worker/worker-settings.js';
import { joinThrough } from '../../support/join-through.js';
import { ManualClock } from '../../support/manual-clock.js';
import type { RegistryClient } from '../../support/registry-client.js';
import { createRegistryClient } from '../../support/registry-client.js';

/** A manager (its registry), a machine (a simulated engine) and a worker between them, in time that the test owns. */
export class WorkerFixture {
  readonly clock = new ManualClock();
  readonly engine: SimulatedEngine;
  readonly client: RegistryClient;
  worker!: Worker;
  /** What is on the worker's disk. */
  disk = JSON.stringify(emptyCheckpoint());
  /** What every call of the engine takes, for workers that start from now on. */
  engineLatencyMilliseconds = 0;
  /** While it is set, what is written waits for it before it is on the disk. */
  diskIsSlow: Promise<void> | undefined;

  private constructor(
    public registry: OpenedRegistry,
    readonly random: Random,
    readonly name: string,
    clock: ManualClock,
    readonly settings: Partial<WorkerSettings>,
  ) {
    this.clock = clock;
    this.engine = new SimulatedEngine({ clock, random });
    this.client = createRegistryClient({ registry, nodeName: name });
  }

  static async open(settings: Partial<WorkerSettings> = {}): Promise<WorkerFixture> {
    const random = createSystemRandom();
    const clock = new ManualClock();
    const fixture = new WorkerFixture(await newRegistry(clock, random), random, 'w1', clock, settings);
    await fixture.startWorker();
    return fixture;
  }

  /** Starts a worker on the machine, from what is on its disk. */
  async startWorker(overrides: { sessionId?: string } = {}): Promise<void> {
    const { registry, clock, random, engine, client, name, settings } = this;
    this.worker = new Worker({
      name,
      sessionId: overrides.sessionId ?? 'session-1',
      client,
      join: joinThrough(client, name),
      runtime: openSimulatedRuntime({
        clusterUid: registry.clusterUid,
        clock,
        random,
        engine,
        latencyMilliseconds: this.engineLatencyMilliseconds,
      }),
      checkpoint: new CheckpointFile(JSON.parse(this.disk) as CheckpointData, async (text) => {
        await this.diskIsSlow;
        this.disk = text;
      }),
      clusterUid: registry.clusterUid,
      clock,
      random,
      logger: silentLogger,
      version: '0.0.0',
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      settings,
    });
    await Promise.all([this.worker.start(), this.settle()]);
  }

  /** Lets everything that takes no time happen. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn++) await this.clock.advance(100);
  }

  async seconds(count: number): Promise<void> {
    await this.clock.advance(count * 1000);
  }

  /** Makes a task and places it on the worker, as the manager does. */
  async assign(name: string, spec: Partial<TaskSpec> = {}): Promise<StoredTask> {
    await this.registry.create<Task>(taskKind, {
      apiVersion: 'orch.dev/v1',
      kind: 'Task',
      metadata: { name, namespace: 'default' },
      spec: { image: 'busybox:latest', ...spec },
    });
    return this.bind(name, this.name);
  }

  /** Sets where a task is to run; undefined: nowhere, it was moved away. */
  async bind(name: string, nodeName: string | undefined): Promise<StoredTask> {
    const { object } = await this.registry.mutate<Task>(taskKind, { namespace: 'default', name }, (task) => {
      const { nodeName: _old, ...spec } = task.spec;
      const state: State = nodeName === undefined ? 'Pending' : 'Scheduled';
      return {
        ...task,
        spec: nodeName === undefined ? spec : { ...spec, nodeName },
        status: { ...task.status, state },
      };
    });
    return object;
  }

  async edit(name: string, spec: Partial<TaskSpec>): Promise<void> {
    await this.registry.patch(taskKind, { namespace: 'default', name }, { type: 'merge', body: { spec } as never });
  }

  task(name: string): Promise<StoredTask> {
    return this.registry.get<Task>(taskKind, { namespace: 'default', name });
  }

  async exists(name: string): Promise<boolean> {
    const { items } = await this.registry.list<Task>(taskKind, { namespace: 'default' });
    return items.some((task) => task.metadata.name === name);
  }

  async delete(name: string, gracePeriodSeconds?: number): Promise<void> {
    await this.registry.delete(
      taskKind,
      { namespace: 'default', name },
      {
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      },
    );
  }

  node(): Promise<StoredNode> {
    return this.registry.get<Node>(nodeKind, { name: this.name });
  }

  async events(name: string): Promise<TaskEvent[]> {
    const { items } = await this.registry.list<TaskEvent>(taskEventKind, { namespace: 'default' });
    return items.filter((event) => event.task?.name === name);
  }

  async reasons(name: string): Promise<string[]> {
    return (await this.events(name)).map((event) => event.reason);
  }

  containers(name?: string): SimulatedContainer[] {
    const all = [...this.engine.containers.values()];
    return name === undefined ? all : all.filter(({ spec }) => spec.identity.taskKey === `default/${name}`);
  }

  running(name?: string): SimulatedContainer[] {
    return this.containers(name).filter(({ phase }) => phase === 'running');
  }

  /** The one container of the task that runs. */
  theContainer(name: string): SimulatedContainer {
    const [container, ...more] = this.running(name);
    if (!container || more.length > 0)
      throw new Error(`${name} has ${more.length + (container ? 1 : 0)} running containers`);
    return container;
  }
}

export function newRegistry(clock: ManualClock, random: Random): Promise<OpenedRegistry> {
  return openMemoryStore({ random }).then((store) => openRegistry({ store, clock, random, logger: silentLogger }));
}
