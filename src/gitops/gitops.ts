import { sourceKind, type Source, type StoredSource } from '../model/source.js';
import type { ObjectEvent, Registry } from '../registry/registry.js';
import type { Clock } from '../support/clock.js';
import { errorMessage } from '../support/errors.js';
import type { Logger } from '../support/logger.js';
import type { Random } from '../support/random.js';
import { kinds } from '../model/kinds.js';
import type { FileSystem } from './file-system.js';
import { identityOf } from './identity.js';
import { surveyInTime, unknownFolder, type OtherSource } from './other-sources.js';
import { nodeFileSystem } from './node-file-system.js';
import { SourceSyncer } from './source-syncer.js';

export interface GitopsOptions {
  registry: Registry;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** Folders in which Sources may read; no other is read, whatever a Source or a link names. */
  allowedFolders: readonly string[];
  /** The real disk when absent. */
  fileSystem?: FileSystem;
}

/** Kinds that no folder keeps; their many events are not listened to. */
const neverKept = new Set(['TaskEvent', 'Node']);

/**
 * gitops: Source objects in; their folders, applied, out. Follows the Sources in the registry until it is closed; what
 * goes wrong with one is told in its status and touches no other.
 */
export function startGitops(options: GitopsOptions): { close(): Promise<void> } {
  const gitops = new Gitops(options);
  gitops.start();
  return { close: () => gitops.close() };
}

class Gitops {
  readonly #syncers = new Map<string, SourceSyncer>();
  readonly #watches: { close(): void }[] = [];
  readonly #closing = new Set<Promise<void>>();
  #started: Promise<void> | undefined;
  #closed = false;

  constructor(readonly options: GitopsOptions) {}

  start(): void {
    this.#started = this.#follow().catch((error: unknown) => {
      this.options.logger.error('sources cannot be followed', { error: errorMessage(error) });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#started;
    for (const watch of this.#watches) watch.close();
    for (const name of [...this.#syncers.keys()]) this.#stop(name);
    await Promise.all(this.#closing);
  }

  async #follow(): Promise<void> {
    const { registry } = this.options;
    const { items, revision } = await registry.list<Source>(sourceKind);
    if (this.#closed) return;
    for (const source of items) this.#set(source);
    for (const kind of kinds) {
      if (neverKept.has(kind.kind) || kind.writtenBySystem !== undefined) continue;
      const onEvents = (events: ObjectEvent[]): void => {
        if (kind === sourceKind) for (const event of events) this.#onSource(event);
        for (const syncer of this.#syncers.values()) syncer.onObjectEvents(events);
      };
      this.#watches.push(registry.watch(kind, { afterRevision: revision }, onEvents));
    }
  }

  #onSource({ type, object }: ObjectEvent): void {
    if (type === 'DELETED') this.#stop(object.metadata.name);
    else this.#set(object as StoredSource);
  }

  #set(source: StoredSource): void {
    const { name, uid } = source.metadata;
    const running = this.#syncers.get(name);
    if (running?.uid === uid) return running.update(source);
    this.#stop(name);
    const { fileSystem = nodeFileSystem, ...rest } = this.options;
    const syncer = new SourceSyncer(source, {
      ...rest,
      fileSystem,
      others: (sourceName, asked) => this.#others(sourceName, asked),
    });
    this.#syncers.set(name, syncer);
    syncer.start();
  }

  #stop(name: string): void {
    const syncer = this.#syncers.get(name);
    if (!syncer) return;
    this.#syncers.delete(name);
    const closing = syncer.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  /** Looks into the folders of others only where what they keep or name may bear on the one that asks. */
  async #others(
    sourceName: string,
    { named, gone }: { named: readonly string[]; gone: readonly string[] },
  ): Promise<OtherSource[]> {
    const { registry, clock } = this.options;
    const { items } = await registry.list<Source>(sourceKind);
    const others = items.map(async ({ metadata, status }): Promise<OtherSource | undefined> => {
      const { name } = metadata;
      if (name === sourceName) return undefined;
      const keeps = new Set((status?.inventory ?? []).map(identityOf));
      if (gone.length === 0 && !named.some((identity) => keeps.has(identity))) return undefined;
      const syncer = this.#syncers.get(name);
      const folder = syncer ? await surveyInTime(clock, (signal) => syncer.survey(signal)) : unknownFolder;
      // Whoever has not taken over yet what was moved to its folder looks again.
      if (gone.some((identity) => folder.names.has(identity) && !keeps.has(identity))) syncer?.request();
      return { name, keeps, folder };
    });
    return (await Promise.all(others)).filter((other) => other !== undefined);
  }
}
