import type { ApiObject, ObjectKey, Stored } from '../model/api-object.js';
import { formatKey, keyOf } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import { resourceName } from '../model/kind.js';
import type { BackoffPolicy } from '../support/backoff.js';
import { backoffDelay } from '../support/backoff.js';
import type { Clock, Timer } from '../support/clock.js';
import { sleep } from '../support/clock.js';
import { errorMessage, isOrchError, OrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import type { Client, ClientListOptions } from './client.js';

/**
 * A local copy of a collection that follows the manager: list, watch from there, resume after a cut, list again when the
 * history is gone. In: what the manager sends; out: one event per change, in order. Always holds: what `get` and `list`
 * answer is what the events said so far; an object that was deleted and made again is DELETED and then ADDED; nothing
 * is reported as deleted because the manager is away.
 */
export interface Informer<T extends ApiObject> {
  start(): void;
  /** Resolves when nothing more will be handed out. */
  stop(): Promise<void>;
  /** Resolves with the first complete list; never when stopped before. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  /** Whether the manager answers at the moment. */
  readonly connected: boolean;
  /** Its list turned out to be wrong: lists again, soon. However often that is said, lists are 10 s apart. */
  relistSoon(): void;
  get(key: ObjectKey): Stored<T> | undefined;
  list(): Stored<T>[];
}

export interface InformerEvent<T extends ApiObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** For DELETED the last state that is known. */
  object: Stored<T>;
  previous?: Stored<T>;
}

/** About a complete list that was taken in. */
export interface InformerSync {
  resourceVersion: string;
  clusterUid: string;
  /** Of the restore that made the store; absent when none did. */
  restoreUid?: string;
  first: boolean;
  /** It was only time to list again; the watch had held until then. */
  isRegular?: true;
}

export interface InformerOptions<T extends ApiObject> {
  client: Client;
  kind: Kind;
  /** Which part of the collection. `limit` is the page size, 500 when absent. */
  options?: ClientListOptions;
  clock: Clock;
  random: Random;
  logger: Logger;
  /**
   * List again about so often although the watch holds: a list that was wrong once, and what it hid, does not stay for
   * ever. Absent: only when history is gone.
   */
  relistMilliseconds?: number;
  /** Called in order, never twice at once; must not throw. */
  onEvent?: (event: InformerEvent<T>) => void;
  /** After each complete list, when its events have been handed out. */
  onSync?: (sync: InformerSync) => void;
  /** A list is about to be asked for. */
  onListing?: () => void;
  /**
   * Asked before a list is taken in. False: the list is not believed (another store, one that is older than what was
   * seen), nothing changes, and it is asked for again later.
   */
  acceptList?: (sync: InformerSync, items: readonly Stored<T>[]) => boolean;
}

const retryPolicy: BackoffPolicy = { initialMilliseconds: 100, maxMilliseconds: 8_000, jitterFraction: 0.5 };
const pageSize = 500;
/** A watch that held on for so long was a good one: the next try is not delayed more than the first. */
const goodWatchMilliseconds = 5_000;
/** Between two lists when the first one turned out to be wrong. */
const soonMilliseconds = 10_000;

export function createInformer<T extends ApiObject>(setup: InformerOptions<T>): Informer<T> {
  const { client, kind, clock, random } = setup;
  const logger = setup.logger.with({ component: 'informer', kind: resourceName(kind) });
  const { limit = pageSize, ...selection } = setup.options ?? {};
  const objects = new Map<string, Stored<T>>();
  const stopping = new AbortController();
  let position: { resourceVersion: string; clusterUid: string } | undefined;
  let failures = 0;
  let connected = false;
  let hasSynced = false;
  let listedAt = -Infinity;
  /** When it is time to list again (monotonic), and how to end the watch for it. */
  let relistAt = Infinity;
  let isRelistDue = false;
  let onRelistMoved = (): void => undefined;
  let running: Promise<void> | undefined;
  let resolveSynced: () => void;
  const synced = new Promise<void>((resolve) => {
    resolveSynced = resolve;
  });

  function hand(type: InformerEvent<T>['type'], object: Stored<T>, previous?: Stored<T>): void {
    if (stopping.signal.aborted) return;
    setup.onEvent?.({ type, object, ...(previous === undefined ? {} : { previous }) });
  }

  /** Takes in one object as it is now, if `isNews` says that it differs from what is known of it. */
  function put(object: Stored<T>, isNews: (object: Stored, known: Stored) => boolean): void {
    const key = formatKey(keyOf(object));
    const previous = objects.get(key);
    if (previous?.metadata.uid === object.metadata.uid) {
      if (!isNews(object, previous)) return;
      objects.set(key, object);
      hand('MODIFIED', object, previous);
      return;
    }
    if (previous) {
      objects.delete(key);
      hand('DELETED', previous, previous);
    }
    objects.set(key, object);
    hand('ADDED', object);
  }

  function remove(object: Stored<T>): void {
    const key = formatKey(keyOf(object));
    const previous = objects.get(key);
    // Of one that no list had it is told too: the list may have been wrong, and who asked for that one alone knows of it.
    if (previous !== undefined && previous.metadata.uid !== object.metadata.uid) return;
    objects.delete(key);
    hand('DELETED', object, previous);
  }

  async function listAll(): Promise<{ items: Stored<T>[] } & Omit<InformerSync, 'first'>> {
    const items: Stored<T>[] = [];
    setup.onListing?.();
    const first = await client.list<T>(kind, { ...selection, limit });
    items.push(...first.items);
    // The version of the first page: changes made meanwhile come again through the watch, and `put` drops what is old.
    let token = first.continueToken;
    while (token !== undefined && !stopping.signal.aborted) {
      const page = await client.list<T>(kind, { ...selection, limit, continueToken: token });
      if (page.clusterUid !== first.clusterUid || page.restoreUid !== first.restoreUid) {
        throw new OrchError('Expired', 'the store changed within a list');
      }
      items.push(...page.items);
      token = page.continueToken;
    }
    const { resourceVersion, clusterUid, restoreUid } = first;
    return { items, resourceVersion, clusterUid, ...(restoreUid === undefined ? {} : { restoreUid }) };
  }

  async function relist(): Promise<boolean> {
    const { items, ...at } = await listAll();
    if (stopping.signal.aborted) return false;
    const sync: InformerSync = { ...at, first: !hasSynced, ...(isRelistDue ? { isRegular: true } : {}) };
    if (setup.acceptList && !setup.acceptList(sync, items)) {
      logger.warn('list not accepted', { clusterUid: at.clusterUid, resourceVersion: at.resourceVersion });
      failures += 1;
      return false;
    }
    const listed = new Set(items.map((item) => formatKey(keyOf(item))));
    for (const [key, object] of [...objects]) {
      if (listed.has(key)) continue;
      objects.delete(key);
      hand('DELETED', object, object);
    }
    for (const item of items) put(item, differs);
    position = { resourceVersion: at.resourceVersion, clusterUid: at.clusterUid };
    hasSynced = true;
    connected = true;
    isRelistDue = false;
    listedAt = clock.monotonic();
    relistAt = listedAt + (setup.relistMilliseconds ?? Infinity) * (0.75 + random.next() / 2);
    setup.onSync?.(sync);
    resolveSynced();
    return true;
  }

  async function follow(from: { resourceVersion: string; clusterUid: string }): Promise<void> {
    // Whoever was told of the list may have stopped us.
    if (stopping.signal.aborted) return;
    const startedAt = clock.monotonic();
    const ending = new AbortController();
    const end = (): void => ending.abort();
    stopping.signal.addEventListener('abort', end, { once: true });
    const timer = atRelist(end);
    const events = client.watch<T>(kind, { ...selection, ...from, signal: ending.signal });
    try {
      for await (const event of events) {
        if (ending.signal.aborted) break;
        connected = true;
        failures = 0;
        if (event.type === 'DELETED') remove(event.object);
        else if (event.type !== 'BOOKMARK') put(event.object, isNewer);
        const { resourceVersion } = event.object.metadata;
        if (resourceVersion) position = { ...from, resourceVersion };
      }
    } finally {
      timer.cancel();
      stopping.signal.removeEventListener('abort', end);
      failures = clock.monotonic() - startedAt >= goodWatchMilliseconds ? 1 : failures + 1;
    }
    // A watch that broke is taken up again first, with its delays: only one that was ended for it gives way to a list.
    if (isRelistDue) {
      position = undefined;
      failures = 0;
    }
  }

  /** Calls back when it is time to list again, which may become earlier meanwhile. */
  function atRelist(callback: () => void): { cancel(): void } {
    let timer: Timer | undefined;
    onRelistMoved = () => {
      timer?.cancel();
      if (relistAt === Infinity) return;
      timer = clock.setTimer(() => {
        isRelistDue = true;
        callback();
      }, relistAt - clock.monotonic());
    };
    onRelistMoved();
    return {
      cancel: () => {
        onRelistMoved = () => undefined;
        timer?.cancel();
      },
    };
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const delay = backoffDelay(retryPolicy, failures, () => random.next());
      if (delay > 0) await sleep(clock, delay, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        if (position === undefined && !(await relist())) continue;
        if (position !== undefined) await follow(position);
      } catch (error) {
        if (stopping.signal.aborted) return;
        isRelistDue = false;
        if (position === undefined) failures += 1;
        if (isPassing(error)) {
          if (connected || failures <= 1) logger.warn('watch interrupted', { error: errorMessage(error) });
          connected = false;
        } else {
          // Expired, or anything else that a resumed watch would meet again.
          logger.debug('listing again', { error: errorMessage(error) });
          if (!isOrchError(error, 'Expired')) logger.warn('watch refused', { error: errorMessage(error) });
          position = undefined;
        }
      }
    }
  }

  return {
    synced,
    get hasSynced() {
      return hasSynced;
    },
    get connected() {
      return connected;
    },
    relistSoon() {
      relistAt = Math.min(relistAt, Math.max(clock.monotonic(), listedAt + soonMilliseconds));
      onRelistMoved();
    },
    get: (key) => objects.get(formatKey(key)),
    list: () => [...objects.values()],
    start() {
      running ??= run();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function isPassing(error: unknown): boolean {
  return (
    isOrchError(error, 'ServiceUnavailable') || isOrchError(error, 'Timeout') || isOrchError(error, 'TooManyRequests')
  );
}

/** For lists, which are the truth: after a restored backup a version may be lower, too. */
function differs(object: Stored, known: Stored): boolean {
  return object.metadata.resourceVersion !== known.metadata.resourceVersion;
}

/** For events, which may come a second time. Versions of one store are whole numbers that only rise. */
function isNewer(object: Stored, known: Stored): boolean {
  return Number(object.metadata.resourceVersion) > Number(known.metadata.resourceVersion);
}
