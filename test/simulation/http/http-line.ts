import { createClient } from '../../../src/client/create-client.js';
import type { Client, ClientEvent } from '../../../src/client/client.js';
import type { ApiObject } from '../../../src/model/api-object.js';
import type { Clock } from '../../../src/support/clock.js';
import { sleep } from '../../../src/support/clock.js';
import type { Lifeline } from '../lifeline.js';
import type { Line, LinkObserver } from '../network.js';
import { observedClient } from '../observed-client.js';
import type { Scenario } from '../scenario.js';
import type { SeededRandom } from '../seeded-random.js';
import { Connection } from './connection.js';
import type { ManagerDoor } from './manager-door.js';
import { nodeTokenOf } from './manager-door.js';
import { WireEnd } from './wire-end.js';

/** Nothing looks the name up, and nobody asks for a certificate. */
const manager = { server: 'https://manager:7443', caPem: '' };

export interface HttpLineOptions {
  clock: Clock;
  random: SeededRandom;
  quality: Scenario['network'];
  /** Where the manager listens; undefined while none does. */
  door: () => ManagerDoor | undefined;
  /** A client sends a POST. */
  onPost?: () => void;
}

/**
 * The line between one machine and the manager, with HTTP on it: the real client, connections in memory, the real API. Bytes
 * take time, wait out a partition, also such as nobody waits for any more, and get lost with their connection.
 */
export class HttpLine {
  /** After the last fault it is perfect. */
  isPerfect = false;
  private isCut = false;
  private healed: (() => void)[] = [];
  private readonly connections = new Set<Connection>();

  constructor(private readonly options: HttpLineOptions) {}

  setCut(isCut: boolean): void {
    this.isCut = isCut;
    if (!isCut) for (const heal of this.healed.splice(0)) heal();
  }

  cutStreams(): void {
    for (const connection of [...this.connections]) if (connection.isStream) connection.reset();
  }

  /** A client of somebody who never dies. */
  clientFor(token: string): Client {
    return createClient({ ...manager, token, clock: this.options.clock, openConnection: () => this.open().client });
  }

  /** A client as the process with this lifeline has it: with its death all of its connections are gone. */
  protected clientOf(lifeline: Lifeline, token: string): Client {
    const ends = new Set<WireEnd>();
    lifeline.onDeath(() => ends.forEach((end) => end.destroy()));
    const openConnection = (): WireEnd => {
      if (!lifeline.isAlive) return new WireEnd({ clock: lifeline.clock, carry: () => undefined });
      const { client } = this.open();
      ends.add(client);
      client.once('close', () => ends.delete(client));
      return client;
    };
    return createClient({ ...manager, token, clock: lifeline.clock, openConnection });
  }

  private open(): Connection {
    const { clock, random, door, onPost } = this.options;
    const connection = new Connection({
      clock,
      door,
      onPost,
      passage: () => this.passage(),
      loses: (fault) => !this.isPerfect && random.chance(this.options.quality[fault]),
    });
    this.connections.add(connection);
    connection.client.once('close', () => this.connections.delete(connection));
    return connection;
  }

  private async passage(): Promise<void> {
    const { clock, random, quality } = this.options;
    do {
      if (this.isCut) await new Promise<void>((resolve) => this.healed.push(resolve));
      await sleep(clock, this.isPerfect ? 1 : random.next() * quality.maxDelayMilliseconds);
    } while (this.isCut);
  }
}

/** A worker's end of a line with HTTP on it. */
export class HttpLink extends HttpLine implements Line {
  constructor(
    options: HttpLineOptions,
    private readonly nodeName: string,
    private readonly observer: LinkObserver,
  ) {
    super({ ...options, onPost: () => observer.posts.onSent() });
  }

  /** The manager as the process with this lifeline reaches it. */
  connect(lifeline: Lifeline): Client {
    const { observer } = this;
    const client = this.clientOf(lifeline, nodeTokenOf(this.nodeName));
    const counted: Client = {
      ...client,
      create: (...call) => {
        observer.posts.onCall();
        return client.create(...call);
      },
      request: (request) => {
        if (request.method === 'POST') observer.posts.onCall();
        return client.request(request);
      },
    };
    return observedClient({
      lifeline,
      observer,
      call: (serve) => serve(counted),
      onPatched: observer.patched,
      watch: <T extends ApiObject>(...watch: Parameters<Client['watch']>) =>
        this.observeWatch<T>(lifeline, client, ...watch),
    });
  }

  private async *observeWatch<T extends ApiObject>(
    lifeline: Lifeline,
    client: Client,
    ...watch: Parameters<Client['watch']>
  ): AsyncIterable<ClientEvent<T>> {
    // A process that died as it was about to watch has no stream.
    if (!lifeline.isAlive) return new Promise<never>(() => undefined);
    const observer = this.observer.watching(...watch);
    const forgetDeath = lifeline.onDeath(() => observer.end());
    const events = client.watch<T>(...watch)[Symbol.asyncIterator]();
    try {
      await lifeline.effect(() => Promise.resolve());
      for (;;) {
        const next = await lifeline.guard(events.next());
        if (next.done) return;
        observer.take(next.value);
        yield next.value;
      }
    } finally {
      observer.end();
      forgetDeath();
      await events.return?.();
    }
  }
}
