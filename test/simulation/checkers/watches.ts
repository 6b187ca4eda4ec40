import type { Client, ClientEvent } from '../../../src/client/client.js';
import type { ApiObject } from '../../../src/model/api-object.js';
import type { Kind } from '../../../src/model/kind.js';
import type { StoredNode } from '../../../src/model/node.js';
import type { StoredTask } from '../../../src/model/task.js';
import { taskKind } from '../../../src/model/task.js';
import { storePrefix } from '../../../src/registry/store-keys.js';
import type { Store } from '../../../src/store/store.js';
import type { Violated } from './checker.js';
import type { StoreLog } from './store-log.js';
import { WatchCheck } from './watch-check.js';

/** All watch streams of a run, those within the manager and those to workers. */
export class Watches {
  private readonly open = new Set<WatchCheck>();

  constructor(
    private readonly log: StoreLog,
    private readonly violated: Violated,
  ) {}

  /** The same store, with every watch looked at. */
  check(store: Store): Store {
    return {
      ...store,
      watch: (prefix, afterRevision, onEvents) => {
        const check = this.add({ who: `a watch of ${prefix}`, prefix, afterRevision });
        try {
          const watch = store.watch(prefix, afterRevision, (events) => {
            check.takeTransaction(events);
            onEvents(events);
          });
          return {
            close: () => {
              this.open.delete(check);
              watch.close();
            },
          };
        } catch (error) {
          this.open.delete(check);
          throw error;
        }
      },
    };
  }

  /** A stream to a worker, which is told of its own objects only. */
  ofWorker(
    name: string,
    kind: Kind,
    { resourceVersion }: Parameters<Client['watch']>[1],
    onTask: (event: ClientEvent<StoredTask>) => void,
  ): { take(event: ClientEvent<ApiObject>): void; end(): void } {
    const isTask = kind === taskKind;
    const check = this.add({
      who: `${name}'s watch of ${kind.plural}`,
      prefix: storePrefix(kind),
      afterRevision: Number(resourceVersion),
      selects: (value) =>
        isTask
          ? (value as unknown as StoredTask).spec.nodeName === name
          : (value as unknown as StoredNode).metadata.name === name,
    });
    return {
      take: (event) => {
        check.take(event);
        if (isTask) onTask(event as ClientEvent<StoredTask>);
      },
      end: () => void this.open.delete(check),
    };
  }

  /** Every stream that is open has told everything that was written before this time. */
  checkComplete(beforeSeconds: number): void {
    for (const check of this.open) {
      const overdue = check.overdue(beforeSeconds);
      if (overdue !== undefined) this.violated('watches tell everything', overdue);
    }
  }

  private add(options: Omit<ConstructorParameters<typeof WatchCheck>[0], 'log' | 'violated'>): WatchCheck {
    const check = new WatchCheck({ ...options, log: this.log, violated: this.violated });
    this.open.add(check);
    return check;
  }
}
