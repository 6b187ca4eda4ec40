import type { Client, ClientEvent } from '../../src/client/client.js';
import type { ApiObject, Stored } from '../../src/model/api-object.js';
import type { Kind } from '../../src/model/kind.js';
import type { Clock } from '../../src/support/clock.js';
import { sleep, withDeadline } from '../../src/support/clock.js';
import { OrchError } from '../../src/support/errors.js';
import type { Patched } from './checkers/client-writes.js';
import type { Posts } from './checkers/posts.js';
import type { Lifeline } from './lifeline.js';
import { observedClient } from './observed-client.js';
import type { SeededRandom } from './seeded-random.js';
import type { Scenario } from './scenario.js';

/** A manager that serves: its life, and what it is to this worker. */
export interface Served {
  lifeline: Lifeline;
  api: Client;
}

/** What is looked at on the way. */
export interface LinkObserver {
  /** A watch is opened; called back with each event as the worker is about to get it. */
  watching(
    kind: Kind,
    options: Parameters<Client['watch']>[1],
  ): { take(event: ClientEvent<ApiObject>): void; end(): void };
  /** A list, or the answer to a question for one object, as the worker is about to get it. */
  listed(kind: Kind, items: readonly Stored[]): void;
  /** An answer to a patch, as the worker is about to get it. */
  patched(...patched: Patched): void;
  posts: Posts;
}

/** A line between one worker's machine and the manager, with its faults. */
export interface Line {
  /** After the last fault it is perfect. */
  isPerfect: boolean;
  /** In a partition nothing passes. */
  setCut(isCut: boolean): void;
  cutStreams(): void;
  /** The manager as the process with this lifeline reaches it. */
  connect(lifeline: Lifeline): Client;
}

const requestTimeoutMilliseconds = 30_000;
const silentWatchMilliseconds = 40_000;

/**
 * The line without HTTP on it: calls of a fake of the API. Requests and answers take time, get lost (an answer also after
 * its effect), run into silence during a partition, or break when either end dies. What arrives is a copy.
 */
export class Link implements Line {
  isPerfect = false;
  private isCut = false;
  private healed: (() => void)[] = [];
  private readonly streams = new Set<() => void>();

  constructor(
    private readonly clock: Clock,
    private readonly random: SeededRandom,
    private readonly quality: Scenario['network'],
    private readonly manager: () => Served | undefined,
    private readonly observer: LinkObserver,
  ) {}

  setCut(isCut: boolean): void {
    this.isCut = isCut;
    if (!isCut) for (const heal of this.healed.splice(0)) heal();
  }

  cutStreams(): void {
    for (const cut of [...this.streams]) cut();
  }

  /** The manager as the process with this lifeline reaches it. */
  connect(lifeline: Lifeline): Client {
    const { observer } = this;
    return observedClient({
      lifeline,
      observer,
      call: (serve, timeout) => this.call(serve, timeout),
      watch: <T extends ApiObject>(...[kind, options]: Parameters<Client['watch']>) =>
        this.watch<T>(
          lifeline,
          (api, signal) => api.watch<T>(kind, { ...options, signal }),
          options.signal,
          () => observer.watching(kind, options),
        ),
    });
  }

  private call<T>(serve: (api: Client) => Promise<T>, timeout = requestTimeoutMilliseconds): Promise<T> {
    return withDeadline(
      this.clock,
      timeout,
      this.attempt(serve),
      () => new OrchError('Timeout', 'the manager did not answer in time'),
    );
  }

  private async attempt<T>(serve: (api: Client) => Promise<T>): Promise<T> {
    await this.travel();
    if (this.isCut) return never();
    if (this.loses(this.quality.dropped)) throw gone('the connection was reset');
    const manager = this.manager();
    if (manager === undefined) throw gone('nothing listens there');
    const served = outcome(untilDeath(manager.lifeline, serve(manager.api)));
    // A request that comes twice: what the second one is answered, nobody hears.
    if (this.loses(this.quality.duplicated)) void this.travel().then(() => outcome(serve(manager.api)));
    const answer = await served;
    await this.travel();
    if (this.isCut) return never();
    if (this.loses(this.quality.replyLost)) throw gone('the connection was reset before the answer');
    if ('error' in answer) throw answer.error;
    return copy(answer.value);
  }

  private async *watch<T extends ApiObject>(
    lifeline: Lifeline,
    open: (api: Client, signal: AbortSignal) => AsyncIterable<ClientEvent<T>>,
    signal: AbortSignal,
    observe: () => ReturnType<LinkObserver['watching']>,
  ): AsyncIterable<ClientEvent<T>> {
    // A process that died as it was about to watch has no stream.
    if (!lifeline.isAlive) return never();
    const observer = observe();
    const ending = new AbortController();
    let fail: (error: Error) => void = () => undefined;
    const broken = new Promise<never>((_resolve, reject) => (fail = reject));
    broken.catch(() => undefined);
    const cut = (): void => fail(gone('the stream was cut'));
    const abort = (): void => ending.abort();
    const forgetDeath = lifeline.onDeath(() => {
      abort();
      observer.end();
    });
    let forgetManager = (): void => undefined;
    this.streams.add(cut);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await lifeline.effect(() => this.call(() => Promise.resolve()));
      const manager = this.manager();
      if (manager === undefined) throw gone('nothing listens there');
      forgetManager = manager.lifeline.onDeath(cut);
      const iterator = open(manager.api, ending.signal)[Symbol.asyncIterator]();
      for (;;) {
        const next = await lifeline.guard(Promise.race([iterator.next(), broken]));
        if (next.done) return;
        const isThrough = (): Promise<void> => Promise.race([this.passage(), broken]);
        await lifeline.guard(isThrough());
        observer.take(next.value);
        yield copy(next.value);
      }
    } finally {
      ending.abort();
      signal.removeEventListener('abort', abort);
      this.streams.delete(cut);
      observer.end();
      forgetDeath();
      forgetManager();
    }
  }

  /** An event's way: it waits out a partition, unless that takes so long that the client takes the stream for dead. */
  private async passage(): Promise<void> {
    await this.travel();
    if (!this.isCut) return;
    const healed = new Promise<void>((resolve) => this.healed.push(resolve));
    await withDeadline(this.clock, silentWatchMilliseconds, healed, () => gone('the stream was silent for too long'));
  }

  private travel(): Promise<void> {
    return sleep(this.clock, this.isPerfect ? 1 : this.random.next() * this.quality.maxDelayMilliseconds);
  }

  private loses(probability: number): boolean {
    return !this.isPerfect && this.random.chance(probability);
  }
}

function untilDeath<T>(lifeline: Lifeline, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = lifeline.onDeath(() => reject(gone('the manager went away')));
    if (!lifeline.isAlive) reject(gone('the manager went away'));
    work.then(resolve, reject).finally(forget);
  });
}

async function outcome<T>(work: Promise<T>): Promise<{ value: T } | { error: unknown }> {
  return work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

function copy<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

function gone(message: string): OrchError {
  return new OrchError('ServiceUnavailable', message);
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
