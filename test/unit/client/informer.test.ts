import { describe, expect, it } from 'vitest';
import type { Client, ClientEvent, ClientListOptions } from '../../../src/client/client.js';
import type { InformerOptions, InformerSync } from '../../../src/client/informer.js';
import { createInformer } from '../../../src/client/informer.js';
import type { ApiObject, Stored } from '../../../src/model/api-object.js';
import { taskKind } from '../../../src/model/task.js';
import { sleep } from '../../../src/support/clock.js';
import { OrchError } from '../../../src/support/errors.js';
import { silentLogger } from '../../../src/support/logger.js';
import { ManualClock, settle } from '../../support/manual-clock.js';

const object = (name: string, resourceVersion: number, uid = `uid-${name}`): Stored => ({
  apiVersion: 'orch.dev/v1',
  kind: 'Task',
  metadata: {
    name,
    namespace: 'default',
    uid,
    resourceVersion: String(resourceVersion),
    creationTimestamp: '2026-01-01T00:00:00Z',
    generation: 1,
  },
});

/** A manager whose lists and watches the test plays. */
class ScriptedManager {
  lists: (() => { items: Stored[]; resourceVersion: string; clusterUid?: string; continueToken?: string })[] = [];
  listCalls: ClientListOptions[] = [];
  watchCalls: { resourceVersion?: string; at: number }[] = [];
  refusesWatches = false;
  private end: ((error?: Error) => void) | undefined;
  private queue: ClientEvent<Stored>[] = [];
  private wake: () => void = () => undefined;

  constructor(private readonly clock: ManualClock) {}

  /** Sends to the open watch. */
  async send(type: ClientEvent<Stored>['type'], sent: Stored): Promise<void> {
    this.queue.push({ type, object: sent });
    this.wake();
    await settle();
  }

  /** Ends the open watch: cleanly, or with an error. */
  async cut(error?: Error): Promise<void> {
    this.end?.(error);
    await settle();
  }

  get client(): Client {
    const fail = (): never => {
      throw new Error('not played here');
    };
    return {
      get: fail,
      create: fail,
      replace: fail,
      patch: fail,
      apply: fail,
      delete: fail,
      request: fail,
      openSocket: fail,
      close: async () => undefined,
      list: async <T extends ApiObject>(_kind: unknown, options: ClientListOptions = {}) => {
        this.listCalls.push(options);
        const next = this.lists.length > 1 ? this.lists.shift() : this.lists[0];
        if (!next) throw new OrchError('ServiceUnavailable', 'nobody there');
        return { clusterUid: 'store-1', ...next() } as unknown as {
          items: Stored<T>[];
          resourceVersion: string;
          clusterUid: string;
        };
      },
      watch: (_kind, options) => this.watch(options) as AsyncIterable<never>,
    };
  }

  private async *watch(options: {
    resourceVersion?: string;
    signal: AbortSignal;
  }): AsyncGenerator<ClientEvent<Stored>> {
    this.watchCalls.push({
      ...(options.resourceVersion === undefined ? {} : { resourceVersion: options.resourceVersion }),
      at: this.clock.monotonic(),
    });
    // As a connection that is refused: told some time after it was asked for.
    if (this.refusesWatches) {
      await sleep(this.clock, 1);
      throw new OrchError('ServiceUnavailable', 'nobody there');
    }
    let ended: { error?: Error } | undefined;
    this.end = (error) => {
      ended = error === undefined ? {} : { error };
      this.wake();
    };
    const onAbort = (): void => this.end?.();
    options.signal.addEventListener('abort', onAbort);
    try {
      yield* this.play(() => ended);
    } finally {
      options.signal.removeEventListener('abort', onAbort);
    }
  }

  private async *play(ended: () => { error?: Error } | undefined): AsyncGenerator<ClientEvent<Stored>> {
    for (;;) {
      for (const event of this.queue.splice(0)) yield event;
      const end = ended();
      if (end?.error) throw end.error;
      if (end) return;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

function setUp(options: Partial<InformerOptions<Stored>> = {}): {
  clock: ManualClock;
  manager: ScriptedManager;
  events: string[];
  syncs: InformerSync[];
  informer: ReturnType<typeof createInformer<Stored>>;
} {
  const clock = new ManualClock();
  const manager = new ScriptedManager(clock);
  const events: string[] = [];
  const syncs: InformerSync[] = [];
  const informer = createInformer<Stored>({
    client: manager.client,
    kind: taskKind,
    clock,
    random: { next: () => 0.5, uuid: () => 'u', bytes: () => new Uint8Array() },
    logger: silentLogger,
    onEvent: ({ type, object: { metadata } }) =>
      void events.push(`${type} ${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`),
    onSync: (sync) => void syncs.push(sync),
    ...options,
  });
  return { clock, manager, events, syncs, informer };
}

const listing =
  (resourceVersion: number, ...items: Stored[]) =>
  (): { items: Stored[]; resourceVersion: string } => ({ items, resourceVersion: String(resourceVersion) });

describe('an informer', () => {
  it('hands out the list, says that it is synced, and then what changes', async () => {
    const { manager, events, syncs, informer } = setUp();
    manager.lists = [listing(5, object('a', 3), object('b', 4))];
    informer.start();
    await informer.synced;
    await settle();
    expect(events).toEqual(['ADDED a uid-a 3', 'ADDED b uid-b 4']);
    expect(syncs).toEqual([{ resourceVersion: '5', clusterUid: 'store-1', first: true }]);
    expect(manager.watchCalls[0]?.resourceVersion).toBe('5');

    await manager.send('MODIFIED', object('a', 6));
    await manager.send('DELETED', object('b', 7));
    await manager.send('ADDED', object('c', 8));
    expect(events.slice(2)).toEqual(['MODIFIED a uid-a 6', 'DELETED b uid-b 7', 'ADDED c uid-c 8']);
    expect(informer.list().map(({ metadata }) => metadata.name)).toEqual(['a', 'c']);
    expect(informer.get({ namespace: 'default', name: 'a' })?.metadata.resourceVersion).toBe('6');
    await informer.stop();
  });

  it('goes on after a cut where the last event or bookmark was', async () => {
    const { clock, manager, events, informer } = setUp();
    manager.lists = [listing(5, object('a', 3))];
    informer.start();
    await informer.synced;
    await settle();
    await manager.send('MODIFIED', object('a', 6));
    await manager.send('BOOKMARK', object('', 9));
    await manager.cut(new OrchError('ServiceUnavailable', 'gone'));
    expect(informer.connected).toBe(false);
    expect(events).toHaveLength(2);
    await clock.advance(1_000);
    expect(manager.watchCalls.map(({ resourceVersion }) => resourceVersion)).toEqual(['5', '9']);
    expect(manager.listCalls).toHaveLength(1);
    await informer.stop();
  });

  it('AP-02: lists again when its place in the history is forgotten, and tells exactly the difference', async () => {
    const { clock, manager, events, syncs, informer } = setUp();
    manager.lists = [
      listing(5, object('a', 1), object('b', 2), object('c', 3)),
      listing(50, object('a', 1), object('c', 30), object('d', 40)),
    ];
    informer.start();
    await informer.synced;
    await settle();
    events.length = 0;
    await manager.cut(new OrchError('Expired', 'too old'));
    await clock.advance(1_000);
    expect(events).toEqual(['DELETED b uid-b 2', 'MODIFIED c uid-c 30', 'ADDED d uid-d 40']);
    expect(syncs.at(-1)).toEqual({ resourceVersion: '50', clusterUid: 'store-1', first: false });
    await informer.stop();
  });

  it('tells an object that was deleted and made again as two', async () => {
    const { manager, events, informer } = setUp();
    manager.lists = [listing(5, object('a', 3, 'old'))];
    informer.start();
    await informer.synced;
    await settle();
    await manager.send('MODIFIED', object('a', 9, 'new'));
    await manager.send('DELETED', object('a', 8, 'old'));
    expect(events).toEqual(['ADDED a old 3', 'DELETED a old 3', 'ADDED a new 9']);
    await informer.stop();
  });

  it('drops what it knows already or better', async () => {
    const { manager, events, informer } = setUp();
    manager.lists = [listing(5, object('a', 7))];
    informer.start();
    await informer.synced;
    await settle();
    await manager.send('MODIFIED', object('a', 6));
    await manager.send('MODIFIED', object('a', 7));
    expect(events).toEqual(['ADDED a uid-a 7']);
    await informer.stop();
  });

  it('ND-10: reports nothing as deleted while the manager is away, and asks less and less often, up to every 8 s', async () => {
    const { clock, manager, events, informer } = setUp();
    manager.lists = [listing(5, object('a', 3))];
    informer.start();
    await informer.synced;
    await settle();
    for (let turn = 0; turn < 15; turn++) {
      await manager.cut(new OrchError('ServiceUnavailable', 'away'));
      await clock.advance(8_000);
    }
    expect(events).toEqual(['ADDED a uid-a 3']);
    const times = manager.watchCalls.map(({ at }) => at);
    expect((times[2] ?? 0) - (times[1] ?? 0)).toBeLessThanOrEqual(8_000);
    expect(manager.watchCalls.length).toBe(16);
    await informer.stop();
  });

  it('does not hammer a server that closes every watch at once', async () => {
    const { clock, manager, informer } = setUp();
    manager.lists = [listing(5)];
    informer.start();
    await informer.synced;
    await settle();
    const stopAt = clock.monotonic() + 10_000;
    while (clock.monotonic() < stopAt) {
      await manager.cut();
      await clock.advance(50);
    }
    expect(manager.watchCalls.length).toBeLessThan(10);
    await informer.stop();
  });

  it('takes in all pages of a list and watches from the first', async () => {
    const { manager, informer } = setUp({ options: { limit: 2 } });
    manager.lists = [
      () => ({ items: [object('a', 1), object('b', 2)], resourceVersion: '5', continueToken: 'more' }),
      () => ({ items: [object('c', 6)], resourceVersion: '7' }),
      listing(0),
    ];
    informer.start();
    await informer.synced;
    await settle();
    expect(manager.listCalls.map(({ continueToken }) => continueToken)).toEqual([undefined, 'more']);
    expect(informer.list()).toHaveLength(3);
    expect(manager.watchCalls[0]?.resourceVersion).toBe('5');
    await informer.stop();
  });

  it('changes nothing when a list is not believed, and asks again', async () => {
    const { clock, manager, events, informer } = setUp({
      acceptList: ({ clusterUid }) => clusterUid === 'store-1',
    });
    manager.lists = [
      listing(5, object('a', 3)),
      () => ({ items: [], resourceVersion: '1', clusterUid: 'store-2' }),
      listing(8, object('a', 3)),
    ];
    informer.start();
    await informer.synced;
    await settle();
    await manager.cut(new OrchError('Expired', 'too old'));
    await clock.advance(30_000);
    expect(events).toEqual(['ADDED a uid-a 3']);
    expect(manager.listCalls).toHaveLength(3);
    await informer.stop();
  });

  it('lists again from time to time, so that a list that was wrong does not stay', async () => {
    const { clock, manager, events, syncs, informer } = setUp({ relistMilliseconds: 60_000 });
    manager.lists = [listing(5), listing(5, object('a', 3))];
    informer.start();
    await informer.synced;
    await clock.advance(40_000);
    expect(events).toEqual([]);
    await clock.advance(40_000);
    expect(events).toEqual(['ADDED a uid-a 3']);
    expect(syncs.at(-1)).toEqual({ resourceVersion: '5', clusterUid: 'store-1', first: false, isRegular: true });
    await manager.send('MODIFIED', object('a', 6));
    expect(events.at(-1)).toBe('MODIFIED a uid-a 6');
    await informer.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells the end of an object that a wrong list had hidden', async () => {
    const { manager, events, informer } = setUp();
    manager.lists = [listing(5)];
    informer.start();
    await informer.synced;
    await manager.send('DELETED', object('a', 6));
    expect(events).toEqual(['DELETED a uid-a 6']);
    await informer.stop();
  });

  it('loses no event when it is time to list again while the manager is away', async () => {
    const { clock, manager, events, informer } = setUp({ relistMilliseconds: 60_000 });
    manager.lists = [listing(5, object('a', 3))];
    informer.start();
    await informer.synced;
    await settle();
    manager.lists = [];
    await clock.advance(300_000);
    expect(events).toEqual(['ADDED a uid-a 3']);
    manager.lists = [listing(9, object('a', 8))];
    await clock.advance(10_000);
    expect(events.at(-1)).toBe('MODIFIED a uid-a 8');
    await informer.stop();
  });

  it('does not hammer a manager that is away when it is time to list again', async () => {
    const { clock, manager, informer } = setUp({ relistMilliseconds: 60_000 });
    manager.lists = [listing(5)];
    informer.start();
    await informer.synced;
    await clock.advance(1_000);
    manager.refusesWatches = true;
    await manager.cut(new OrchError('ServiceUnavailable', 'away'));
    await clock.advance(300_000);
    expect(manager.watchCalls.length).toBeLessThan(100);
    await informer.stop();
  });

  it('lists again soon when it is told that its list was wrong, and not more often than every 10 s', async () => {
    const { clock, manager, events, informer } = setUp();
    manager.lists = [listing(5), listing(5), listing(5, object('a', 3))];
    informer.start();
    await informer.synced;
    await settle();
    for (let turn = 0; turn < 5; turn++) informer.relistSoon();
    await clock.advance(12_000);
    expect(manager.listCalls).toHaveLength(2);
    informer.relistSoon();
    await clock.advance(12_000);
    expect(events).toEqual(['ADDED a uid-a 3']);
    await clock.advance(600_000);
    expect(manager.listCalls).toHaveLength(3);
    await informer.stop();
  });

  it('leaves no timer behind when it is stopped, and hands out nothing more', async () => {
    const { clock, manager, events, informer } = setUp();
    informer.start();
    await settle();
    expect(clock.pendingTimers).toBe(1);
    await informer.stop();
    expect(clock.pendingTimers).toBe(0);
    manager.lists = [listing(5, object('a', 3))];
    await clock.advance(60_000);
    expect(events).toEqual([]);
  });
});
