import { findKind } from '../model/kinds.js';
import type { InventoryEntry, StoredSource } from '../model/source.js';
import type { ObjectEvent, Registry } from '../registry/registry.js';
import { backoffDelay } from '../support/backoff.js';
import type { Clock, Timer } from '../support/clock.js';
import { errorMessage, isOrchError } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import { resolveAllowed } from './allowed-folders.js';
import { executeSync } from './execute-sync.js';
import { FileCache } from './file-cache.js';
import type { FileSystem } from './file-system.js';
import { entryOf, identityOf, identityOfDocument, keyOfEntry } from './identity.js';
import { FolderWatcher } from './folder-watcher.js';
import { unknownFolder, type FolderSurvey, type OtherSource } from './other-sources.js';
import { sameLook, type FolderLook } from './look-at-folder.js';
import { goneEntries, planSync, type SyncInput } from './plan-sync.js';
import { settleFolder } from './settle-folder.js';
import { recordSyncEvent, reportSync } from './report-sync.js';
import type { SyncOutcome } from './source-status.js';
import { syncFailed, type SyncedChanges } from './sync-events.js';

/** Hints come in bursts: an editor's save is three, a checkout thousands. */
const debounceMilliseconds = 50;
const retryPolicy = { initialMilliseconds: 1000, maxMilliseconds: 60_000, jitterFraction: 0.1 };
/** Somebody who keeps changing an owned field gets slower answers, not a race. */
const driftPolicy = { initialMilliseconds: 100, maxMilliseconds: 30_000 };
const driftForgottenMilliseconds = 60_000;

const nothing: SyncedChanges = { applied: [], pruned: [], isDrift: false };

type TimerName = 'sync' | 'interval' | 'drift';

/** Full: read everything again. Drift: apply again what is known. Hint: see whether the folder changed. */
type Why = 'full' | 'drift' | 'hint';

export interface SyncerOptions {
  registry: Registry;
  fileSystem: FileSystem;
  allowedFolders: readonly string[];
  clock: Clock;
  random: Random;
  logger: Logger;
  /** The other sources that keep, or whose folders might name, one of these; `gone` are those that this folder does not name any more. */
  others: (sourceName: string, asked: { named: readonly string[]; gone: readonly string[] }) => Promise<OtherSource[]>;
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
  readonly #timers = new Map<TimerName, Timer>();
  #source: StoredSource;
  #running: Promise<void> | undefined;
  readonly #wanted = new Set<Why>();
  /** The look that the last sync without open questions was made from. */
  #lastLook: FolderLook | undefined;
  readonly #watcher: FolderWatcher;
  #inventory: readonly InventoryEntry[];
  #owned = new Set<string>();
  #failures = 0;
  #toldFailure: string | undefined;
  #drifts = 0;
  #lastDrift = 0;

  constructor(source: StoredSource, options: SyncerOptions) {
    this.#source = source;
    this.#options = options;
    this.#logger = options.logger.with({ source: source.metadata.name });
    this.#cache = new FileCache(options.fileSystem);
    this.#watcher = new FolderWatcher({ ...options, logger: this.#logger }, () => this.#onHint());
    this.#inventory = source.status?.inventory ?? [];
    this.#owned = new Set(this.#inventory.map(identityOf));
  }

  get uid(): string {
    return this.#source.metadata.uid;
  }

  start(): void {
    this.#request('full');
  }

  /** A new spec. */
  update(source: StoredSource): void {
    const changed = source.metadata.generation !== this.#source.metadata.generation;
    this.#source = source;
    if (!changed) return;
    this.#lastLook = undefined;
    this.#failures = 0;
    this.#request('full');
  }

  /** Look again: another source waits for this one to take over what was moved to its folder. */
  request(): void {
    this.#request('full');
  }

  /** What the folder names now, whatever was applied of it. Rejects when it cannot be looked at. */
  async survey(signal: AbortSignal): Promise<FolderSurvey> {
    const { fileSystem, allowedFolders, clock } = this.#options;
    const { look, settled, moving } = await settleFolder(
      fileSystem,
      this.#source.spec.folder.path,
      allowedFolders,
      undefined,
      clock,
      signal,
    );
    if (look.state !== 'present') return unknownFolder;
    const { files } = await this.#cache.read(look.files, { root: look.realRoot, distrust: false, moving });
    const isWhole = look.problems.length === 0 && files.every(({ errors }) => errors.length === 0);
    const names = new Set(files.flatMap(({ documents }) => documents.map(identityOfDocument)));
    return { state: settled ? (isWhole ? 'clear' : 'unknown') : 'changing', names };
  }

  /** What happened to objects of any kind; only what this source keeps, and only what it says of it, matters. */
  onObjectEvents(events: readonly ObjectEvent[]): void {
    if (this.#source.spec.suspend || !events.some((event) => this.#isDrift(event)) || this.#timers.has('drift')) return;
    const { clock } = this.#options;
    if (clock.monotonic() - this.#lastDrift > driftForgottenMilliseconds) this.#drifts = 0;
    const delay = Math.max(debounceMilliseconds, backoffDelay(driftPolicy, this.#drifts));
    this.#setTimer('drift', delay, () => this.#request('drift'));
  }

  async close(): Promise<void> {
    this.#aborter.abort();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    await this.#running;
    await this.#watcher.close();
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

  #setTimer(name: TimerName, delay: number, callback: () => void): void {
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
    if (!this.#timers.has('sync')) this.#setTimer('sync', debounceMilliseconds, () => this.#request('hint'));
  }

  #request(why: Why): void {
    if (this.#aborter.signal.aborted) return;
    this.#wanted.add(why);
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async #run(): Promise<void> {
    while (this.#wanted.size > 0 && !this.#aborter.signal.aborted) {
      const wanted = new Set(this.#wanted);
      this.#wanted.clear();
      try {
        const { again, applied } = await this.#sync(wanted);
        if (wanted.has('drift') && applied > 0) {
          this.#drifts++;
          this.#lastDrift = this.#options.clock.monotonic();
          this.#logger.info('drift put back', { objects: applied });
        }
        this.#failures = again ? this.#failures + 1 : 0;
        this.#toldFailure = undefined;
      } catch (error) {
        this.#failures++;
        this.#lastLook = undefined;
        const message = errorMessage(error);
        this.#logger.warn('sync failed', { error: message });
        // The same thing at every try is told once.
        if (message !== this.#toldFailure)
          await recordSyncEvent(this.#options.registry, this.#source, syncFailed(message));
        this.#toldFailure = message;
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
    this.#setTimer('interval', delay, () => this.#request('full'));
  }

  async #sync(wanted: ReadonlySet<Why>): Promise<{ again: boolean; applied: number }> {
    const source = this.#source;
    const { registry, fileSystem, allowedFolders, clock } = this.#options;
    const { signal } = this.#aborter;
    const { name } = source.metadata;
    if (source.spec.suspend) {
      await this.#watcher.pause();
      const plan = { steps: [], errors: [] };
      await this.#report(source, { plan, applyErrors: [], contentHash: '', suspended: true }, nothing);
      return { again: false, applied: 0 };
    }
    const { look, settled, moving } = await settleFolder(
      fileSystem,
      source.spec.folder.path,
      allowedFolders,
      this.#lastLook,
      clock,
      signal,
    );
    if (signal.aborted) return { again: false, applied: 0 };
    await this.#watcher.follow(source.spec.folder.path, look);
    // Nothing is new: what was applied then is still right, or its drift would have called.
    const onlyHinted = !wanted.has('full') && !wanted.has('drift');
    if (onlyHinted && this.#lastLook && sameLook(this.#lastLook, look)) {
      return { again: this.#failures > 0, applied: 0 };
    }
    const present = look.state === 'present';
    const { files, contentHash } = present
      ? await this.#cache.read(look.files, { root: look.realRoot, distrust: wanted.has('full'), moving })
      : { files: [], contentHash: source.status?.contentHash ?? '' };
    const gone = present ? goneEntries(files, this.#inventory) : [];
    const named = files.flatMap(({ documents }) => documents.map(identityOfDocument));
    const asked = { named: named.filter((identity) => !this.#owned.has(identity)), gone: gone.map(identityOf) };
    const input: SyncInput = {
      source: { name, spec: source.spec },
      folder: present ? { state: 'present' } : look,
      files,
      problems: present ? look.problems : [],
      settled,
      inventory: this.#inventory,
      live: await this.#live(gone),
      others: await this.#options.others(name, asked),
      allowed: await resolveAllowed(fileSystem, allowedFolders),
    };
    const plan = planSync(input);
    const result = await executeSync(registry, name, plan, this.#inventory, signal);
    this.#inventory = result.inventory;
    this.#owned = new Set(result.inventory.map(identityOf));
    const { applied, pruned, applyErrors } = result;
    // Only what is known was applied again, so whatever it changed was changed by somebody else.
    const isDrift = wanted.has('drift') && this.#lastLook !== undefined && sameLook(this.#lastLook, look);
    await this.#report(source, { plan, applyErrors, contentHash, suspended: false }, { applied, pruned, isDrift });
    this.#lastLook = settled ? look : undefined;
    if (applied.length + pruned.length > 0) {
      this.#logger.info('synced', { applied: applied.length, pruned: pruned.length });
    }
    const isWaiting = !settled || plan.hold?.reason === 'HandingOver';
    return { again: applyErrors.length > 0 || isWaiting, applied: applied.length };
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

  #report(
    source: StoredSource,
    outcome: Pick<SyncOutcome, 'plan' | 'applyErrors' | 'contentHash' | 'suspended'>,
    changes: SyncedChanges,
  ): Promise<void> {
    const { registry, clock } = this.#options;
    const { generation } = source.metadata;
    return reportSync(registry, clock, source, { ...outcome, generation, inventory: this.#inventory }, changes);
  }
}
