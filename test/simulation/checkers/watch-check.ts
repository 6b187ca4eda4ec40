import type { ClientEvent } from '../../../src/client/client.js';
import type { ApiObject } from '../../../src/model/api-object.js';
import type { StoreEvent } from '../../../src/store/store.js';
import type { Violated } from './checker.js';
import type { StoreLog } from './store-log.js';

export interface WatchCheckOptions {
  /** For people. */
  who: string;
  prefix: string;
  afterRevision: number;
  log: StoreLog;
  violated: Violated;
  /** Which objects the watcher asked for; all when absent. */
  selects?: (value: StoreEvent['value']) => boolean;
}

interface Visible {
  revision: number;
  key: string;
  type: ClientEvent<ApiObject>['type'];
}

/**
 * One watch stream, held against the log: it tells what comes after its revision, in order, each once, none left out, whether
 * the store remembers that time or not. A bookmark may only name what was told.
 */
export class WatchCheck {
  private position: number;
  private readonly told: Visible[] = [];

  constructor(private readonly options: WatchCheckOptions) {
    this.position = options.afterRevision;
  }

  /** A whole transaction's events from the store. */
  takeTransaction(events: readonly StoreEvent[]): void {
    const types = { put: 'MODIFIED', delete: 'DELETED' } as const;
    const got = events.map(({ revision, key, type }) => `${types[type]} ${key} ${revision}`);
    const wanted = this.nextTransaction().map(
      ({ revision, key, type }) => `${type === 'ADDED' ? 'MODIFIED' : type} ${key} ${revision}`,
    );
    if (got.join() !== wanted.join()) this.wrong(got.join(', '), wanted.join(', '));
    this.position = events.at(-1)?.revision ?? this.position;
  }

  /** One event from the API. */
  take({ type, object }: ClientEvent<ApiObject>): void {
    const { name, resourceVersion } = object.metadata;
    if (this.told.length === 0) this.told.push(...this.nextTransaction());
    const [next] = this.told;
    if (type === 'BOOKMARK') {
      if (next !== undefined && next.revision <= Number(resourceVersion)) {
        this.wrong(`a bookmark at ${resourceVersion}`, `${next.type} ${next.key} ${next.revision}`);
      }
      return;
    }
    const isRight =
      next !== undefined &&
      next.type === type &&
      next.revision === Number(resourceVersion) &&
      next.key.endsWith(`/${name}`);
    if (!isRight) {
      this.wrong(`${type} ${name} ${resourceVersion}`, next ? `${next.type} ${next.key} ${next.revision}` : 'nothing');
      return;
    }
    this.told.shift();
    this.position = next.revision;
  }

  /** The first event that should have been told since before this time; undefined when there is none. */
  overdue(beforeSeconds: number): string | undefined {
    const position = this.position;
    const [next] = this.told.length > 0 ? this.told : this.nextTransaction();
    this.position = position;
    if (next === undefined || (this.options.log.at(next.revision)?.atSeconds ?? Infinity) > beforeSeconds)
      return undefined;
    return `${this.options.who}: ${next.type} ${next.key} ${next.revision} was never told`;
  }

  /** What the next transaction that matters to this watcher means to it; moves on to there. */
  private nextTransaction(): Visible[] {
    const { log } = this.options;
    for (let revision = this.position + 1; revision <= log.revision; revision++) {
      const visible = (log.at(revision)?.events ?? []).flatMap((event) => this.visible(event));
      if (visible.length === 0) continue;
      this.position = revision;
      return visible;
    }
    return [];
  }

  private visible({ key, type, value, previous, revision }: StoreEvent): Visible[] {
    const { prefix, selects = () => true } = this.options;
    if (!key.startsWith(prefix)) return [];
    const was = previous !== undefined && selects(previous);
    const is = type === 'put' && selects(value);
    if (!was && !is) return [];
    return [{ key, revision, type: !is ? 'DELETED' : was ? 'MODIFIED' : 'ADDED' }];
  }

  private wrong(got: string, wanted: string): void {
    this.options.violated(
      'watches are ordered, unique and gap-free',
      `${this.options.who} got ${got}; due was ${wanted}`,
    );
  }
}
