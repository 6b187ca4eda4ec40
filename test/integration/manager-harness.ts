import { nodeKind, type StoredNode } from '../../src/model/node.js';
import { type StoredTask, taskKind } from '../../src/model/task.js';
import { Manager, type ManagerSettings } from '../../src/controllers/manager.js';
import { openRegistry } from '../../src/registry/open-registry.js';
import type { Registry } from '../../src/registry/registry.js';
import { openMemoryStore } from '../../src/store/memory/open-memory-store.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';
import { aNode, aTask } from '../support/cluster-builders.js';
import { ManualClock } from '../support/manual-clock.js';

/** A manager over a store in memory, with time in the test's hand; workers are played by the test. */
export async function startCluster(settings: ManagerSettings = {}): Promise<Cluster> {
  const clock = new ManualClock();
  const random = createSystemRandom();
  const store = await openMemoryStore({ random });
  const registry = await openRegistry({ store, clock, random, logger: silentLogger });
  const cluster = new Cluster(clock, registry, async () => {
    await registry.close();
    await store.close();
  });
  await cluster.startManager(settings);
  return cluster;
}

export class Cluster {
  private current: Manager | undefined;
  /** Workers that send heartbeats while time goes on. */
  readonly beating = new Set<string>();

  constructor(
    readonly clock: ManualClock,
    readonly registry: Registry,
    private readonly closeStore: () => Promise<void>,
  ) {}

  get manager(): Manager {
    if (this.current === undefined) throw new Error('no manager runs');
    return this.current;
  }

  async startManager(settings: ManagerSettings = {}): Promise<void> {
    const { clock, registry } = this;
    await this.use(new Manager({ registry, clock, random: createSystemRandom(), logger: silentLogger, settings }));
  }

  /** Starts this manager as the cluster's. */
  async use(manager: Manager): Promise<void> {
    this.current = manager;
    await manager.start();
    await this.clock.advance(0);
  }

  async stopManager(): Promise<void> {
    await this.current?.stop();
    this.current = undefined;
  }

  async close(): Promise<void> {
    await this.stopManager();
    await this.closeStore();
  }

  /** Time passes in steps of a second, with heartbeats of the workers that live. */
  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      for (const name of this.beating) this.current?.beat(name, `session-of-${name}`);
      await this.clock.advance(1000);
    }
  }

  /** A worker joins: its Node with what it has, and heartbeats from now on. */
  async join(name: string, overrides: Parameters<typeof aNode>[1] = {}): Promise<void> {
    const node = aNode(name, overrides);
    await this.registry.create(nodeKind, node);
    await this.registry.patch(
      nodeKind,
      { name },
      { type: 'merge', body: { status: JSON.parse(JSON.stringify(node.status)) } },
      { subresource: 'status' },
    );
    this.beating.add(name);
    await this.pass(1);
  }

  async run(name: string, spec: Parameters<typeof aTask>[1] = {}): Promise<StoredTask> {
    await this.registry.create(taskKind, aTask(name, spec));
    await this.clock.advance(0);
    return this.task(name);
  }

  task(name: string): Promise<StoredTask> {
    return this.registry.get<StoredTask>(taskKind, { namespace: 'default', name });
  }

  node(name: string): Promise<StoredNode> {
    return this.registry.get<StoredNode>(nodeKind, { name });
  }

  async patchTask(name: string, spec: object): Promise<void> {
    const body = { spec: JSON.parse(JSON.stringify(spec)) };
    await this.registry.patch(taskKind, { namespace: 'default', name }, { type: 'merge', body });
    await this.clock.advance(0);
  }

  async patchNode(name: string, spec: object): Promise<void> {
    const body = { spec: JSON.parse(JSON.stringify(spec)) };
    await this.registry.patch(nodeKind, { name }, { type: 'merge', body });
    await this.clock.advance(0);
  }

  /** What a worker would report. */
  async report(name: string, status: object): Promise<void> {
    const { metadata } = await this.task(name);
    const reported = { observedGeneration: metadata.generation, ...status };
    await this.registry.patch(
      taskKind,
      { namespace: 'default', name },
      { type: 'merge', body: { status: JSON.parse(JSON.stringify(reported)) } },
      { subresource: 'status' },
    );
    await this.clock.advance(0);
  }

  async remove(name: string, options: { gracePeriodSeconds?: number } = {}): Promise<void> {
    await this.registry.delete(taskKind, { namespace: 'default', name }, options);
    await this.clock.advance(0);
  }
}
