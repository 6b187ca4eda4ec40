import { nodeKind, type StoredNode } from '../../../src/model/node.js';
import { taskKind, type StoredTask } from '../../../src/model/task.js';
import { storePrefix } from '../../../src/registry/store-keys.js';
import type { Registry } from '../../../src/registry/registry.js';
import { toTimestamp } from '../../../src/support/clock.js';
import { errorMessage } from '../../../src/support/errors.js';
import type { Violated } from '../checkers/checker.js';
import { inject, injectUnread, type InjectedAnswer } from '../http/inject.js';
import { adminToken } from '../http/manager-door.js';
import type { SeededRandom } from '../seeded-random.js';
import type { SimulatedDisk } from '../simulated-disk.js';
import type { Trace } from '../trace.js';
import type { VirtualClock } from '../virtual-clock.js';
import { memberToken, type HostileDoor } from './hostile-door.js';
import { honestNodeStatus, workerAttack, type HostileRequest, type Known } from './worker-requests.js';

/** A manager that serves, as who is hostile reaches it. */
export interface HostileServed {
  /** The application, with what each of them gets done told of it. */
  doorFor(who: 'worker' | 'client'): HostileDoor;
  registry: Registry;
  isAlive(): boolean;
  beat(nodeName: string, sessionId: string): 'ok' | 'conflict';
}

/** Of its Node. */
export const hostileWorkerName = 'mallory';

export interface HostileWorkerOptions {
  name: string;
  clock: VirtualClock;
  random: SeededRandom;
  disk: SimulatedDisk;
  trace: Trace;
  served: () => HostileServed | undefined;
  /** Until when it is at work. */
  endSeconds: number;
  beatSeconds: number;
  violated: Violated;
}

/** How many times it does something in all, whatever the length of the run: that bounds what it costs. */
const attacks = 60;
/** What is answered later than this is not answered. */
const answerSeconds = 10;

/**
 * A worker that is somebody else's. It joined as any worker does, beats, and says of its machine and its tasks what a worker says; but
 * mostly one thing in it is wrong, or it is not its own. It knows all that is stored.
 */
export class HostileWorker {
  private uid: string | undefined;
  private silentUntil = 0;
  private readonly streams = new Set<() => void>();

  constructor(private readonly options: HostileWorkerOptions) {}

  start(): void {
    void this.join();
    this.beat();
    this.attackLater();
  }

  /** An admin deletes its Node: it is out for good. It goes on asking. */
  async putOut(): Promise<void> {
    for (const hangUp of this.streams) hangUp();
    await this.options.served()?.registry.delete(nodeKind, { name: this.options.name });
  }

  get isMember(): boolean {
    return this.known().nodes.some(({ metadata }) => metadata.name === this.options.name);
  }

  /** As `orch join` with a token that lets in one: the keys are not what is simulated. */
  private async join(): Promise<void> {
    const { name, clock, served, trace } = this.options;
    try {
      const node = { apiVersion: 'v1', kind: 'Node', metadata: { name } };
      const created = await served()?.registry.create<StoredNode>(nodeKind, node);
      this.uid = created?.object.metadata.uid;
      if (created !== undefined) trace.tell(name, 'a hostile worker joined');
    } catch (error) {
      trace.tell(name, `not joined: ${errorMessage(error)}`);
      this.uid = this.known().nodes.find(({ metadata }) => metadata.name === name)?.metadata.uid;
    }
    if (this.uid === undefined) clock.setTimer(() => void this.join(), 1_000);
    else await this.sayReady();
  }

  private async sayReady(): Promise<void> {
    const { name } = this.options;
    const body = JSON.stringify({ status: honestNodeStatus(this.known()) });
    const path = `/api/v1/nodes/${name}/status`;
    await this.ask({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body });
  }

  /** Straight at the manager: through the application each of these would cost as much as an attack. */
  private beat(): void {
    const { name, clock, served, beatSeconds } = this.options;
    const isSilent = clock.monotonic() < this.silentUntil;
    if (this.isMember && this.uid !== undefined && !isSilent) served()?.beat(name, 'session-0');
    clock.setTimer(() => this.beat(), beatSeconds * 1000);
  }

  private attackLater(): void {
    const { clock, random, endSeconds } = this.options;
    const milliseconds = (random.next() * 2 * endSeconds * 1000) / attacks;
    clock.setTimer(() => {
      void this.attack();
      this.attackLater();
    }, milliseconds);
  }

  private async attack(): Promise<void> {
    const { clock, random, endSeconds } = this.options;
    // Whoever was put out has not understood it at once.
    if (clock.monotonic() > (endSeconds + 30) * 1000) return;
    if (random.chance(0.04)) this.silentUntil = clock.monotonic() + random.pick([3, 20, 90]) * 1000;
    if (random.chance(0.05)) return this.sayReady();
    const { request, times, isUnread } = workerAttack(random, this.known());
    if (isUnread) return this.openUnread(request, times);
    await Promise.all([
      ...Array.from({ length: times }, () => this.ask(request)),
      ...(times > 1 || random.chance(0.1) ? [this.askAsAdmin()] : []),
    ]);
  }

  private openUnread(request: HostileRequest, times: number): void {
    const { served, random } = this.options;
    const door = served()?.doorFor('worker');
    if (door === undefined) return;
    for (let count = 0; count < times; count++) {
      this.streams.add(injectUnread(door.app, { ...request, token: this.token }));
    }
    for (const hangUp of this.streams) {
      if (!random.chance(0.3)) continue;
      this.streams.delete(hangUp);
      hangUp();
    }
  }

  private get token(): string {
    return memberToken(this.options.name, this.uid ?? 'none');
  }

  private async ask(request: HostileRequest): Promise<void> {
    const { served, violated, trace, name } = this.options;
    const door = served()?.doorFor('worker');
    if (door === undefined) return;
    const answer = await inject(door.app, { ...request, token: this.token });
    const said = `${request.method} ${request.path} ${request.body ?? ''}`.slice(0, 600);
    trace.note(`${name}: ${answer?.status} ${said}`);
    if (answer === undefined) return;
    if (answer.status < 300 && request.method !== 'GET') trace.tell(name, `${answer.status} ${said}`);
    if (answer.status === 500) violated('who is hostile is refused', `${said}: ${answer.text.slice(0, 300)}`);
    if (request.method === 'GET' && answer.status === 200) this.checkRead(request, answer);
  }

  /** It is shown its own tasks and no others. */
  private checkRead(request: HostileRequest, { text }: InjectedAnswer): void {
    const { name, violated } = this.options;
    const body = JSON.parse(text) as { kind?: string; items?: StoredTask[] };
    const tasks = body.kind === 'TaskList' ? (body.items ?? []) : body.kind === 'Task' ? [body as StoredTask] : [];
    const others = tasks.filter(({ spec }) => spec.nodeName !== name);
    if (others.length > 0 || body.kind === 'SecretList') violated('who is hostile sees what is its own', request.path);
  }

  /** Whatever a worker floods, the admin is answered. */
  private async askAsAdmin(): Promise<void> {
    const { clock, served, violated } = this.options;
    const manager = served();
    if (manager === undefined) return;
    const askedAt = clock.monotonic();
    const answer = await inject(manager.doorFor('worker').app, {
      method: 'GET',
      path: '/api/v1/nodes',
      token: adminToken,
    });
    const seconds = (clock.monotonic() - askedAt) / 1000;
    if (!manager.isAlive() || (answer?.status === 200 && seconds <= answerSeconds)) return;
    violated('who is honest is answered', `a list of nodes: ${answer?.status}, after ${seconds} s`);
  }

  private known(): Known {
    const { name, disk, clock } = this.options;
    const all = <T>(prefix: string): T[] => disk.list(prefix).map(({ value }) => value as T);
    return {
      me: name,
      tasks: all<StoredTask>(storePrefix(taskKind)),
      nodes: all<StoredNode>(storePrefix(nodeKind)),
      timestamp: toTimestamp(clock.now()),
    };
  }
}
