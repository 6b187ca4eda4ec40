/**
 * kill -9 of manager and worker, as processes, on the real engine, at seeded moments while five tasks are created, edited,
 * stopped, started and deleted without a pause. In: how many kills, and a seed; out: what was done and every broken promise.
 * Judged all along: what the manager remembers (task-writer.ts) and what the engine runs (engine-timeline.ts). After every few
 * kills the writers rest, and then what runs must be exactly what was asked for: nothing doubled, nothing left over, and the
 * very same containers for tasks that nobody touched.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import { createClient, loadKubeconfig } from '../../src/client/connect.js';
import type { Client } from '../../src/client/client.js';
import { labels } from '../../src/runtime/docker/create-body.js';
import { createSystemClock } from '../../src/support/clock.js';
import { SeededRandom } from '../simulation/seeded-random.js';
import { openTestEngine } from '../support/docker-engine.js';
import { createTestCluster, type Daemon, type TestCluster } from '../support/orch-process.js';
import { waitFor } from '../support/wait-for.js';
import { EngineTimeline } from './engine-timeline.js';
import { type Counts, TaskWriter } from './task-writer.js';

export interface CrashReport {
  seed: number;
  kills: Record<'manager' | 'worker' | 'both', number>;
  counts: Counts;
  containers: { created: number; started: number };
  /** Times that everything was held against what was asked for. */
  convergences: number;
  violations: string[];
}

const taskNames = ['one', 'two', 'three', 'four', 'five'];
const killsPerRound = 5;
const nodeName = 'node-1';
const convergenceSeconds = 90;

export async function runCrashes(options: {
  kills: number;
  seed: number;
  say?: (line: string) => void;
}): Promise<CrashReport> {
  const cluster = await createTestCluster();
  const run = new CrashRun(cluster, await openTestEngine(), options.seed, options.say ?? (() => undefined));
  try {
    return await run.run(options.kills);
  } finally {
    await run.close();
    await cluster.removeAll();
  }
}

class CrashRun {
  private readonly random: SeededRandom;
  private readonly killed = { manager: 0, worker: 0, both: 0 };
  private readonly violations: string[] = [];
  private convergences = 0;
  private manager: Daemon | undefined;
  private worker: Daemon | undefined;
  private client: Client | undefined;
  private timeline: EngineTimeline | undefined;
  private clusterUid = '';

  constructor(
    private readonly cluster: TestCluster,
    private readonly engine: Docker,
    private readonly seed: number,
    private readonly say: (line: string) => void,
  ) {
    this.random = new SeededRandom(seed, 'crashes');
  }

  async run(kills: number): Promise<CrashReport> {
    this.manager = await this.cluster.startManager();
    this.worker = await this.cluster.startWorker(nodeName);
    this.clusterUid = (await this.cluster.clusterUid()) ?? '';
    const timeline = (this.timeline = await EngineTimeline.follow(this.engine, this.clusterUid));
    const config = await loadKubeconfig(this.cluster.kubeconfig);
    const client = (this.client = createClient({ ...config, clock: createSystemClock(), timeoutMilliseconds: 10_000 }));
    const writers = taskNames.map((name) => new TaskWriter(name, client, new SeededRandom(this.seed, name)));
    const violations = (): string[] => [
      ...this.violations,
      ...timeline.violations,
      ...writers.flatMap((writer) => writer.violations),
    ];
    let done = 0;
    while (done < kills && violations().length === 0) {
      const count = Math.min(killsPerRound, kills - done);
      await this.round(writers, count);
      done += count;
      this.say(`${done} kills, ${timeline.created} containers, ${violations().length} violations`);
    }
    if (violations().length === 0) await this.removeTasks(writers);
    const sum = (field: keyof Counts): number => writers.reduce((total, { counts }) => total + counts[field], 0);
    return {
      seed: this.seed,
      kills: this.killed,
      counts: {
        acknowledged: sum('acknowledged'),
        unknown: sum('unknown'),
        refused: sum('refused'),
        readings: sum('readings'),
      },
      containers: { created: timeline.created, started: timeline.started },
      convergences: this.convergences,
      violations: violations(),
    };
  }

  async close(): Promise<void> {
    this.timeline?.close();
    await this.client?.close();
  }

  /** A few kills while most tasks are written to; two are left alone and must keep their containers. */
  private async round(writers: readonly TaskWriter[], kills: number): Promise<void> {
    const untouched = new Set([this.random.pick(writers), this.random.pick(writers)]);
    for (const writer of untouched) await waitFor('the answer of a manager', () => this.runs(writer));
    await this.converge(writers);
    const before = await this.identities(untouched);
    const resting = new AbortController();
    const busy = writers
      .filter((writer) => !untouched.has(writer))
      .map((writer) => this.keepWriting(writer, resting.signal));
    for (let kill = 0; kill < kills; kill++) await this.killSomething();
    resting.abort();
    await Promise.all(busy);
    await this.converge(writers);
    const after = await this.identities(untouched);
    if (before.join() !== after.join()) {
      this.violations.push(`containers that nobody touched changed: ${before.join('; ')} -> ${after.join('; ')}`);
    }
  }

  private async runs(writer: TaskWriter): Promise<boolean> {
    await writer.makeRun();
    return writer.expected?.desiredState === 'Running';
  }

  private async keepWriting(writer: TaskWriter, resting: AbortSignal): Promise<void> {
    const random = new SeededRandom(this.random.between(0, 2 ** 30), writer.name);
    while (!resting.aborted) {
      await writer.step();
      await pause(random.between(0, 400));
    }
  }

  private async killSomething(): Promise<void> {
    const { random } = this;
    await pause(random.between(0, 2_000));
    const target = random.pick(['manager', 'worker', 'both'] as const);
    const away = random.between(0, 600);
    this.killed[target] += 1;
    const { manager, worker } = this;
    for (const [daemon, name] of [[manager, 'manager'] as const, [worker, 'worker'] as const]) {
      if (daemon?.hasEnded()) this.violations.push(`the ${name} ended by itself: ${daemon.log().slice(-2000)}`);
    }
    await Promise.all([
      target !== 'worker' && manager?.kill('SIGKILL'),
      target !== 'manager' && worker?.kill('SIGKILL'),
    ]);
    await pause(away);
    if (target !== 'worker') this.manager = this.cluster.launchManager();
    if (target !== 'manager') this.worker = this.cluster.launchWorker(nodeName);
    // Now and then the next kill comes before the manager serves again.
    if (!random.chance(0.2)) await waitFor('the manager to be ready', () => this.isReady());
  }

  private async isReady(): Promise<boolean> {
    // What it said would be lost with the folder: the violation carries it.
    if (this.manager?.hasEnded()) {
      this.violations.push(`the manager did not start again: ${this.manager.log().slice(-2000)}`);
      return true;
    }
    const answer = await this.client?.request({ method: 'GET', path: '/readyz', timeoutMilliseconds: 2_000 });
    await answer?.text();
    return answer?.status === 200;
  }

  /** Waits until exactly what was asked for runs, and says what does not when the time is up. */
  private async converge(writers: readonly TaskWriter[]): Promise<void> {
    let difference: string[] = [];
    try {
      await waitFor(
        'convergence',
        async () => {
          for (const writer of writers) if ((await writer.read()) === 'unanswered') throw new Error('no answer');
          difference = await this.differences(writers);
          return difference.length === 0;
        },
        convergenceSeconds,
      );
      this.convergences += 1;
    } catch (error) {
      this.violations.push(`not converged within ${convergenceSeconds} s: ${difference.join('; ') || String(error)}`);
    }
  }

  private async differences(writers: readonly TaskWriter[]): Promise<string[]> {
    const found: string[] = [];
    const filters = { label: [`${labels.clusterUid}=${this.clusterUid}`] };
    const containers = await this.engine.listContainers({ all: true, filters });
    const states = new Map((await this.cluster.tasks()).map((task) => [task.metadata.uid, task.status?.state]));
    const wanted = new Map(writers.flatMap(({ expected }) => (expected ? [[expected.uid, expected]] : [])));
    for (const uid of states.keys()) if (!wanted.has(uid)) found.push(`the task ${uid} is there`);
    for (const [uid, wish] of wanted) {
      if (states.get(uid) !== wish.desiredState) {
        found.push(`the task ${uid} is ${states.get(uid)}, not ${wish.desiredState}`);
      }
      const own = containers.filter(({ Labels }) => Labels[labels.taskUid] === uid);
      const live = own.filter(({ State }) => State === 'running');
      if (live.length !== (wish.desiredState === 'Running' ? 1 : 0)) {
        found.push(`${live.length} containers of ${uid} run, it is to be ${wish.desiredState}`);
      }
      if (own.length - live.length > 1) found.push(`${own.length - live.length} dead containers of ${uid}`);
      for (const { Id } of live) {
        const { Config } = await this.engine.getContainer(Id).inspect();
        if (!Config.Env.includes(`VERSION=${wish.version}`))
          found.push(`${uid} runs ${Config.Env.join()}, not ${wish.version}`);
      }
    }
    for (const { Id, Labels } of containers) {
      if (!wanted.has(Labels[labels.taskUid] ?? '')) found.push(`the container ${Id} of no task`);
    }
    return found;
  }

  private async identities(writers: Iterable<TaskWriter>): Promise<string[]> {
    const uids = new Set([...writers].map(({ expected }) => expected?.uid));
    const filters = { label: [`${labels.clusterUid}=${this.clusterUid}`] };
    const running = await this.engine.listContainers({ filters });
    const own = running.filter(({ Labels }) => uids.has(Labels[labels.taskUid]));
    const inspected = await Promise.all(own.map(({ Id }) => this.engine.getContainer(Id).inspect()));
    return inspected.map(({ Id, State }) => `${Id} ${State.StartedAt} ${State.Pid}`).sort();
  }

  private async removeTasks(writers: readonly TaskWriter[]): Promise<void> {
    for (const writer of writers) await writer.remove();
    await this.converge(writers);
    const filters = { label: [`${labels.clusterUid}=${this.clusterUid}`] };
    const left = await this.engine.listContainers({ all: true, filters });
    if (left.length > 0) this.violations.push(`${left.length} containers are left after all tasks were deleted`);
  }
}
