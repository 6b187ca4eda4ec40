import { taskKind, type StoredTask } from '../../../src/model/task.js';
import { storePrefix } from '../../../src/registry/store-keys.js';
import type { Violated } from '../checkers/checker.js';
import { inject } from '../http/inject.js';
import { adminToken } from '../http/manager-door.js';
import type { SeededRandom } from '../seeded-random.js';
import type { SimulatedDisk } from '../simulated-disk.js';
import type { Trace } from '../trace.js';
import type { VirtualClock } from '../virtual-clock.js';
import { clientCleanup, clientPrefix, clientRequest } from './client-requests.js';
import type { HostileServed } from './hostile-worker.js';
import type { HostileRequest } from './worker-requests.js';

export interface HostileClientOptions {
  clock: VirtualClock;
  random: SeededRandom;
  disk: SimulatedDisk;
  trace: Trace;
  served: () => HostileServed | undefined;
  /** Until when it is at work. */
  endSeconds: number;
  violated: Violated;
}

/** In all, whatever the length of the run: that bounds what it costs. */
const requests = 60;

/** Somebody who may write, and sends anything about objects of its own. Afterwards an admin removes them. */
export class HostileClient {
  constructor(private readonly options: HostileClientOptions) {}

  start(): void {
    const { clock, random, endSeconds } = this.options;
    const milliseconds = (random.next() * 2 * endSeconds * 1000) / requests;
    clock.setTimer(() => {
      if (clock.monotonic() > endSeconds * 1000) return;
      void this.ask(clientRequest(random, this.uids()));
      this.start();
    }, milliseconds);
  }

  /** Removes what there is of it, until nothing is left. */
  async cleanUp(): Promise<void> {
    for (const request of clientCleanup()) await this.ask(request);
    const keys = this.options.disk.list('/').map(({ key }) => key.split('/').slice(2));
    const isLeft = keys.some(([plural, , name]) => plural !== 'taskevents' && name?.startsWith(clientPrefix));
    if (isLeft) this.options.clock.setTimer(() => void this.cleanUp(), 20_000);
  }

  private async ask(request: HostileRequest): Promise<void> {
    const { served, violated, trace } = this.options;
    const door = served()?.doorFor('client');
    if (door === undefined) return;
    const answer = await inject(door.app, { ...request, token: adminToken });
    const said = `${request.method} ${request.path} ${request.body ?? ''}`.slice(0, 800);
    trace.note(`client: ${answer?.status} ${said}`);
    if (answer === undefined) return;
    if (answer.status < 300 && request.method !== 'GET') trace.tell('client', `${answer.status} ${said}`);
    if (answer.status === 500) violated('who is hostile is refused', `${said}: ${answer.text.slice(0, 300)}`);
  }

  /** Of tasks that are not its own. */
  private uids(): string[] {
    return this.options.disk
      .list(storePrefix(taskKind))
      .map(({ value }) => (value as unknown as StoredTask).metadata.uid);
  }
}
