import type { ApiObject, ObjectKey, Stored } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import { compileSelectors } from '../model/selectors.js';
import type { Store, StoreEntry } from '../store/store.js';
import { decodeEvent, decodeObject, type AnyStored } from './object-codec.js';
import {
  continueExpired,
  decodeContinueToken,
  encodeContinueToken,
  entriesAfter,
  ListSnapshots,
  type PagePosition,
} from './paging.js';
import { notFound } from './registry-errors.js';
import type { ListOptions, ListResult, ObjectEvent } from './registry.js';
import { isPossibleKey, storeKey, storePrefix } from './store-keys.js';

/** The reading half of the registry: entries of the store as objects of a kind. */
export class ObjectReader {
  private readonly snapshots = new ListSnapshots();

  constructor(private readonly store: Store) {}

  /** Undefined when there is none, or when no object could have that name. */
  async find(kind: Kind, key: ObjectKey): Promise<AnyStored | undefined> {
    const entry = await this.findEntry(kind, key);
    return entry && decodeObject(entry.value, entry.revision);
  }

  async findEntry(kind: Kind, key: ObjectKey): Promise<StoreEntry | undefined> {
    return isPossibleKey(kind, key) ? this.store.get(storeKey(kind, key)) : undefined;
  }

  async get<T extends ApiObject>(kind: Kind, key: ObjectKey): Promise<Stored<T>> {
    const object = await this.find(kind, key);
    if (!object) throw notFound(kind, key.name);
    return object as unknown as Stored<T>;
  }

  async list<T extends ApiObject>(kind: Kind, options: ListOptions = {}): Promise<ListResult<T>> {
    const { namespace, limit = 0, continueToken } = options;
    const matches = compileSelectors(kind, options);
    const prefix = storePrefix(kind, namespace);
    const position = continueToken ? decodeContinueToken(continueToken, prefix) : undefined;
    const { revision, entries } = await this.listEntries(prefix, position);
    const rest = position ? entriesAfter(entries, position.afterKey) : entries;
    const items: Stored<T>[] = [];
    for (const [index, entry] of rest.entries()) {
      const object = decodeObject(entry.value, entry.revision);
      if (!matches(object)) continue;
      items.push(object as unknown as Stored<T>);
      if (limit <= 0 || items.length < limit) continue;
      const remaining = rest.length - index - 1;
      if (remaining === 0) break;
      this.snapshots.remember(prefix, revision, entries);
      const counted = options.labelSelector || options.fieldSelector ? {} : { remainingItemCount: remaining };
      return { items, revision, continueToken: encodeContinueToken({ revision, afterKey: entry.key }), ...counted };
    }
    return { items, revision };
  }

  private async listEntries(
    prefix: string,
    position: PagePosition | undefined,
  ): Promise<{ revision: number; entries: readonly StoreEntry[] }> {
    const remembered = position?.revision === undefined ? undefined : this.snapshots.find(prefix, position.revision);
    if (position?.revision !== undefined && remembered) return { revision: position.revision, entries: remembered };
    const now = await this.store.list(prefix);
    if (position?.revision !== undefined && position.revision !== now.revision) throw continueExpired(position);
    return now;
  }

  watch<T extends ApiObject>(
    kind: Kind,
    options: { namespace?: string; afterRevision: number },
    onEvents: (events: ObjectEvent<T>[]) => void,
  ): { close(): void } {
    return this.store.watch(storePrefix(kind, options.namespace), options.afterRevision, (events) =>
      onEvents(events.map((event) => decodeEvent(event) as unknown as ObjectEvent<T>)),
    );
  }
}
