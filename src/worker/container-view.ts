/**
 * The worker's picture of its containers. In: full lists (every 30 s and after hints), inspections, and what the worker
 * itself does; out: per task the details of its containers, as fresh as the last hint. Always holds: a container counts as
 * gone only when the engine, asked for this very one, said so.
 */
import type { ContainerDetails, ContainerRuntime, ContainerSummary } from '../runtime/container-runtime.js';
import { RuntimeError } from '../runtime/container-runtime.js';
import type { Clock, Timer } from '../support/clock.js';
import { errorMessage } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import { containerName } from './container-name.js';

export interface ContainerViewOptions {
  runtime: ContainerRuntime;
  nodeName: string;
  clock: Clock;
  logger: Logger;
  /** Whether the checkpoint knows the container as this worker's, whatever its name is now. */
  remembers(taskUid: string, containerId: string): boolean;
  /** Something may have changed for the task with this key. */
  onChange(taskKey: string): void;
}

interface Entry {
  summary: ContainerSummary;
  details?: ContainerDetails;
  /** To be inspected before it is believed. */
  isStale: boolean;
  /** Count of lists begun when it was last added or inspected. */
  seenAt: number;
}

/** Hints come in bursts: a container that is being made causes three. */
const hintDebounceMilliseconds = 200;

export class ContainerView {
  private readonly entries = new Map<string, Entry>();
  private listsBegun = 0;
  private listing: Promise<void> | undefined;
  private nextListing: Promise<void> | undefined;
  private hints: { close(): void } | undefined;
  private relistTimer: Timer | undefined;
  private readonly unknownIds = new Set<string>();

  constructor(private readonly options: ContainerViewOptions) {}

  /** Takes hints from now on. */
  start(): void {
    this.hints = this.options.runtime.watchHints(({ containerId }) => this.onHint(containerId));
  }

  stop(): void {
    this.hints?.close();
    this.relistTimer?.cancel();
  }

  /** Lists everything. A call during a list begins another one after it, so what it sees is newer than the call. */
  relist(): Promise<void> {
    if (!this.listing) {
      this.listing = this.list().finally(() => {
        this.listing = undefined;
      });
      return this.listing;
    }
    this.nextListing ??= this.listing
      .catch(() => undefined)
      .then(() => {
        this.nextListing = undefined;
        return this.relist();
      });
    return this.nextListing;
  }

  /** The containers of a task, inspected where something may have changed. Rejects when the engine does not answer. */
  async refresh(taskUid: string): Promise<ContainerDetails[]> {
    const mine = this.of(taskUid);
    await Promise.all(mine.filter((entry) => entry.isStale || !entry.details).map((entry) => this.inspect(entry)));
    return this.of(taskUid).flatMap(({ details }) => (details ? [details] : []));
  }

  /** A container that the worker has just made. */
  add(summary: ContainerSummary): void {
    this.unknownIds.delete(summary.id);
    this.entries.set(summary.id, { summary, isStale: true, seenAt: this.listsBegun });
  }

  /** The container changed, or may have. */
  invalidate(id: string): void {
    const entry = this.entries.get(id);
    if (entry) entry.isStale = true;
  }

  /** The container is confirmed gone. */
  remove(id: string): void {
    this.entries.delete(id);
  }

  /** What is known without asking. */
  known(taskUid: string): ContainerDetails[] {
    return this.of(taskUid).flatMap(({ details }) => (details ? [details] : []));
  }

  /** The container of one attempt. */
  idOf(taskUid: string, attempt: number): string | undefined {
    return this.of(taskUid).find(({ summary }) => summary.identity.attempt === attempt)?.summary.id;
  }

  /** Uids of tasks with this key that have containers. */
  uidsOf(taskKey: string): string[] {
    return this.identities((entry) => entry.summary.identity.taskKey === taskKey).map(({ taskUid }) => taskUid);
  }

  /** Every task that has a container here. */
  tasks(): { taskUid: string; taskKey: string }[] {
    return this.identities(() => true);
  }

  private identities(filter: (entry: Entry) => boolean): { taskUid: string; taskKey: string }[] {
    const byUid = new Map<string, { taskUid: string; taskKey: string }>();
    for (const entry of this.entries.values()) {
      const { taskUid, taskKey } = entry.summary.identity;
      if (filter(entry)) byUid.set(taskUid, { taskUid, taskKey });
    }
    return [...byUid.values()];
  }

  private of(taskUid: string): Entry[] {
    return [...this.entries.values()].filter((entry) => entry.summary.identity.taskUid === taskUid);
  }

  private async list(): Promise<void> {
    this.listsBegun += 1;
    const begun = this.listsBegun;
    const summaries = (await this.options.runtime.listContainers()).filter((summary) => this.isMine(summary));
    const changed = new Set<string>();
    const listed = new Set<string>();
    for (const summary of summaries) {
      listed.add(summary.id);
      const entry = this.entries.get(summary.id);
      if (!entry) this.entries.set(summary.id, { summary, isStale: true, seenAt: begun });
      // Whoever made it stale looks at it anyway: to be called for that once more would undo the back-off after a failure.
      else if (entry.details?.phase === summary.phase) continue;
      else entry.isStale = true;
      changed.add(summary.identity.taskKey);
    }
    for (const [id, entry] of this.entries) {
      // Made or inspected since the list began: the list is older.
      if (listed.has(id) || entry.seenAt >= begun) continue;
      entry.isStale = true;
      changed.add(entry.summary.identity.taskKey);
    }
    for (const key of changed) this.options.onChange(key);
  }

  private async inspect(entry: Entry): Promise<void> {
    const { id } = entry.summary;
    entry.isStale = false;
    try {
      entry.details = await this.options.runtime.inspectContainer(id);
      entry.summary = entry.details;
      entry.seenAt = this.listsBegun;
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'NotFound') this.entries.delete(id);
      else {
        entry.isStale = true;
        throw error;
      }
    }
  }

  private isMine({ id, name, identity }: ContainerSummary): boolean {
    if (this.entries.has(id) || this.options.remembers(identity.taskUid, id)) return true;
    const { taskKey, taskUid, attempt } = identity;
    return name === containerName({ taskKey, taskUid, attempt, nodeName: this.options.nodeName });
  }

  private onHint(containerId: string | undefined): void {
    const entry = containerId === undefined ? undefined : this.entries.get(containerId);
    if (entry) {
      entry.isStale = true;
      this.options.onChange(entry.summary.identity.taskKey);
      return;
    }
    this.unknownIds.add(containerId ?? '');
    this.relistTimer ??= this.options.clock.setTimer(() => {
      this.relistTimer = undefined;
      // What the worker was making meanwhile is known by now.
      const isWanted = this.unknownIds.size > 0;
      this.unknownIds.clear();
      if (!isWanted) return;
      this.relist().catch((error: unknown) => {
        this.options.logger.warn('listing containers failed', { error: errorMessage(error) });
      });
    }, hintDebounceMilliseconds);
  }
}
