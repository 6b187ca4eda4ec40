import type { ApiObject, Stored } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import type { ObjectEvent, Registry } from '../registry/registry.js';
import { isOrchError } from '../support/errors.js';

export interface WatchedKindOptions<T extends ApiObject> {
  registry: Registry;
  kind: Kind;
  /** Everything there is as of a revision: whatever is not in it and is not newer is gone. */
  onList: (items: Stored<T>[], revision: number) => void;
  onEvents: (events: ObjectEvent<T>[]) => void;
}

/**
 * All objects of a kind: a list, then changes as they come. The watch only shortens the latency; `resync` brings the
 * truth again, however much was missed.
 */
export class WatchedKind<T extends ApiObject> {
  private watch: { close(): void } | undefined;
  private closed = false;

  constructor(private readonly options: WatchedKindOptions<T>) {}

  /** Lists and begins to watch; lists again when history has gone on too far meanwhile. */
  async start(): Promise<void> {
    const { registry, kind, onEvents } = this.options;
    for (;;) {
      const afterRevision = await this.resync();
      if (this.closed) return;
      try {
        this.watch = registry.watch<T>(kind, { afterRevision }, onEvents);
        return;
      } catch (error) {
        if (!isOrchError(error, 'Expired')) throw error;
      }
    }
  }

  /** Lists everything. Resolves with the revision of the list. */
  async resync(): Promise<number> {
    const { items, revision } = await this.options.registry.list<T>(this.options.kind);
    if (!this.closed) this.options.onList(items, revision);
    return revision;
  }

  close(): void {
    this.closed = true;
    this.watch?.close();
  }
}
