import { findKind } from '../model/kinds.js';
import { sourceKind, type InventoryEntry, type Source, type StoredSource } from '../model/source.js';
import type { ObjectEvent, Registry } from '../registry/registry.js';
import { backoffDelay } from '../support/backoff.js';
import { toTimestamp, type Clock, type Timer } from '../support/clock.js';
import { errorMessage, isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import { executeSync } from './execute-sync.js';
import { FileCache } from './file-cache.js';
import type { FileSystem } from './file-system.js';
import { entryOf, identityOf, keyOfEntry } from './identity.js';
import { isVisible, type FolderLook } from './look-at-folder.js';
import { goneEntries, planSync, type SyncInput, type SyncPlan } from './plan-sync.js';
import { settleFolder } from './settle-folder.js';
import { nextStatus } from './source-status.js';

/** Hints come in bursts: an editor's save is three, a checkout thousands. */
const debounceMilliseconds = 50;
/** How often the folder itself is looked at: a watcher does not see that its root was replaced. */
const rootLookMilliseconds = 1000;
/** How often the folder is listed when there are no hints. */
const blindLookMilliseconds = 5000;

const retryPolicy = { initialMilliseconds: 1000, maxMilliseconds: 60_000, jitterFraction: 0.1 };
/** Somebody who keeps changing an owned field gets slower answers, not a race. */
const driftPolicy = { initialMilliseconds: 100, maxMilliseconds: 30_000 };
const driftForgottenMilliseconds = 60_000;

export interface SyncerOptions {
  registry: Registry;
  fileSystem: FileSystem;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** Identity -> source, for what the other sources keep. */
  keptByOthers: (sourceName: string) => Promise<Map<string, string>>;
}

/**
 * One Source: looks at its folder on hints, on time and on drift, and makes the cluster as the folder says. One sync at a
 * time; what comes in meanwhile makes another one follow.
 */
export class SourceSyncer {
  readonly #options: SyncerOptions;
  readonly #logger: Logger;
  readonly #cache: FileCache;
  readonly #aborter = new AbortController();
  readonly #timers = new Map<'sync' | 'interval' | 'root' | 'drift', Timer>();
  #source: StoredSource;
  #running: Promise<void> | undefined;
  #wanted: { distrust: boolean } | undefined;
  /** The look that the last sync without open questions was made from. */
  #lastLook: FolderLook | undefined;
  #watcher: { rootId: string; alive: boolean; close(): Promise<void> } | undefined;
  #inventory: readonly InventoryEntry[];
  #owned = new Set<string>();
  #failures = 0;
  #driftPending = false;
  #drifts = 0;
  #lastDrift = 0;

  constructor(source: StoredSource, options: SyncerOptions) {
    this.#source = source;
    this.#options = options;
    this.#logger = options.logger.with({ source: source.metadata.name });
    this.#cache = new FileCache(options.fileSystem);
    this.#inventory = source.status?.inventory ?? [];
    this.#owned = new Set(this.#inventory.map(identityOf));
  }

  get uid(): string {
    return this.#source.metadata.uid;
  }

  start(): void {
    this.#request({ distrust: true });
    this.#scheduleRootLook();
  }

  /** A new spec. */
  update(source: StoredSource): void {
    const changed = source.metadata.generation !== this.#source.metadata.generation;
    this.#source = source;
    if (!changed) return;
    this.#lastLook = undefined;
    this.#failures = 0;
    this.#request({ distrust: true });
  }

  /** What happened to objects of any kind; only what this source keeps, and only what it says of it, matters. */
  onObjectEvents(events: readonly ObjectEvent[]): void {
    if (this.#source.spec.suspend || !events.some((event) => this.#isDrift(event)) || this.#timers.has('drift')) return;
    const { clock } = this.#options;
    if (clock.monotonic() - this.#lastDrift > driftForgottenMilliseconds) this.#drifts = 0;
    const delay = Math.max(debounceMilliseconds, backoffDelay(driftPolicy, this.#drifts));
    this.#setTimer('drift', delay, () => this.#request({ distrust: false }, true));
  }

  async close(): Promise<void> {
    this.#aborter.abort();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    await this.#running;
    await this.#watcher?.close();
  }

  #isDrift({ type, object, previous }: ObjectEvent): boolean {
    const kind = findKind(object.apiVersion, object.kind);
    if (!kind || !this.#owned.has(identityOf(entryOf(kind, object)))) return false;
    if (type !== 'MODIFIED' || !previous) return type === 'DELETED';
    const { metadata } = object;
    return (
      metadata.generation !== previous.metadata.generation ||
      JSON.stringify([metadata.labels, metadata.annotations]) !==
        JSON.stringify([previous.metadata.labels, previous.metadata.annotations])
    );
  }

  #setTimer(name: 'sync' | 'interval' | 'root' | 'drift', delay: number, callback: () => void): void {
    this.#timers.get(name)?.cancel();
    if (this.#aborter.signal.aborted) return;
    const timer = this.#options.clock.setTimer(() => {
      this.#timers.delete(name);
      callback();
    }, delay);
    this.#timers.set(name, timer);
  }

  #onHint(): void {
    // Not pushed back by every further hint: under a storm the sync must come all the same.
    if (!this.#timers.has('sync'))
      this.#setTimer('sync', debounceMilliseconds, () => this.#request({ distrust: false }));
  }

  #request(wanted: { distrust: boolean }, drift = false): void {
    if (this.#aborter.signal.aborted) return;
    if (drift) this.#driftPending = true;
    this.#wanted = { distrust: wanted.distrust || (this.#wanted?.distrust ?? false) };
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async #run(): Promise<void> {
    while (this.#wanted && !this.#aborter.signal.aborted) {
      const { distrust } = this.#wanted;
      this.#wanted = undefined;
      const drift = this.#driftPending;
      this.#driftPending = false;
      try {
        const { again, applied } = await this.#sync(distrust);
        if (drift && applied > 0) {
          this.#drifts++;
          this.#lastDrift = this.#options.clock.monotonic();
          this.#logger.info('drift put back', { objects: applied });
        }
        this.#failures = again ? this.#failures + 1 : 0;
      } catch (error) {
        this.#failures++;
        this.#logger.warn('sync failed', { error: errorMessage(error) });
      }
      this.#scheduleNext();
    }
  }

  #scheduleNext(): void {
    const { intervalSeconds = 60, suspend } = this.#source.spec;
    if (suspend) return;
    const { random } = this.#options;
    const delay =
      this.#failures > 0
        ? Math.min(
            intervalSeconds * 1000,
            backoffDelay(retryPolicy, this.#failures, () => random.next()),
          )
        : intervalSeconds * 1000;
    this.#setTimer('interval', delay, () => this.#request({ distrust: true }));
  }

  async #sync(distrust: boolean): Promise<{ again: boolean; applied: number }> {
    const source = this.#source;
    const { registry, fileSystem, clock } = this.#options;
    const { signal } = this.#aborter;
    const { name } = source.metadata;
    if (source.spec.suspend) {
      await this.#stopWatching();
      await this.#report(source, { steps: [], errors: [] }, [], '', true);
      return { again: false, applied: 0 };
    }
    const { look, settled, moving } = await settleFolder(
      fileSystem,
      source.spec.folder.path,
      this.#lastLook,
      clock,
      signal,
    );
    if (signal.aborted) return { again: false, applied: 0 };
    await this.#watch(look);
    const present = look.state === 'present';
    const { files, contentHash } = present
      ? await this.#cache.read(look.files, { distrust, moving })
      : { files: [], contentHash: source.status?.contentHash ?? '' };
    const input: SyncInput = {
      source: { name, spec: source.spec },
      folder: present ? { state: 'present' } : look,
      files,
      problems: present ? look.problems : [],
      settled,
      inventory: this.#inventory,
      live: present ? await this.#live(goneEntries(files, this.#inventory)) : new Map(),
      keptByOthers: await this.#options.keptByOthers(name),
    };
    const plan = planSync(input);
    const result = await executeSync(registry, name, plan, this.#inventory, signal);
    this.#inventory = result.inventory;
    this.#owned = new Set(result.inventory.map(identityOf));
    await this.#report(source, plan, result.applyErrors, contentHash, false);
    this.#lastLook = settled ? look : undefined;
    if (result.applied + result.pruned > 0) {
      this.#logger.info('synced', { applied: result.applied, pruned: result.pruned });
    }
    return { again: result.applyErrors.length > 0 || !settled, applied: result.applied };
  }

  async #live(entries: readonly InventoryEntry[]): Promise<Map<string, { uid: string }>> {
    const live = new Map<string, { uid: string }>();
    for (const entry of entries) {
      const kind = findKind(entry.apiVersion, entry.kind);
      if (!kind) continue;
      try {
        const { metadata } = await this.#options.registry.get(kind, keyOfEntry(entry));
        live.set(identityOf(entry), { uid: metadata.uid });
      } catch (error) {
        if (!isOrchError(error, 'NotFound')) throw error;
      }
    }
    return live;
  }

  async #report(
    source: StoredSource,
    plan: SyncPlan,
    applyErrors: Parameters<typeof nextStatus>[1]['applyErrors'],
    contentHash: string,
    suspended: boolean,
  ): Promise<void> {
    const { registry, clock } = this.#options;
    const { name, uid, generation } = source.metadata;
    const outcome = { plan, applyErrors, inventory: this.#inventory, contentHash, generation, suspended };
    try {
      await registry.mutate<Source>(
        sourceKind,
        { name },
        (current) => {
          if (current.metadata.uid !== uid) return undefined;
          const status = nextStatus(current.status, outcome, toTimestamp(clock.now()));
          return status && { ...current, status };
        },
        { source: 'gitops' },
      );
    } catch (error) {
      // The source was deleted meanwhile: its objects stay, and nobody is left to tell.
      if (!isOrchError(error, 'NotFound')) throw error;
    }
  }

  /** Watches the folder that is there now; a folder that was replaced is watched anew. */
  async #watch(look: FolderLook): Promise<void> {
    if (look.state !== 'present') return look.state === 'missing' ? this.#stopWatching() : undefined;
    if (this.#watcher?.rootId === look.rootId) return;
    await this.#stopWatching();
    const watcher = { rootId: look.rootId, alive: true };
    const hints = this.#options.fileSystem.watch(
      look.realRoot,
      isVisible,
      () => this.#onHint(),
      (error) => {
        if (watcher.alive)
          this.#logger.warn('folder cannot be watched: looking at it every few seconds instead', { error });
        watcher.alive = false;
      },
    );
    this.#watcher = Object.assign(watcher, { close: () => hints.close() });
  }

  async #stopWatching(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    await watcher?.close();
  }

  #scheduleRootLook(): void {
    const blind = this.#watcher?.alive === false;
    this.#setTimer('root', blind ? blindLookMilliseconds : rootLookMilliseconds, () => {
      void this.#lookAtRoot().finally(() => this.#scheduleRootLook());
    });
  }

  async #lookAtRoot(): Promise<void> {
    if (this.#source.spec.suspend) return;
    const { fileSystem } = this.#options;
    const rootId = await fileSystem
      .resolve(this.#source.spec.folder.path)
      .then((root) => fileSystem.look(root))
      .then(
        (look) => look.id,
        () => undefined,
      );
    if (this.#watcher?.alive === false || rootId !== this.#watcher?.rootId) this.#onHint();
  }
}
