import type { StoredSource } from '../../../src/model/source.js';
import { sourceKind } from '../../../src/model/source.js';
import { canonicalJson } from '../../../src/model/json.js';
import type { StoredTask } from '../../../src/model/task.js';
import { taskKind } from '../../../src/model/task.js';
import { storePrefix } from '../../../src/registry/store-keys.js';
import type { StoreEntry } from '../../../src/store/store.js';
import type { SimulatedFolder } from '../simulated-folder.js';
import type { Violated } from './checker.js';

/** How long after a clear look a deletion may still come of it. */
const lookSeconds = 60;

/**
 * A folder deletes only the very objects that it applied, and only those that it was seen not to name any more, while nothing
 * about it was in doubt: neither a file half written or broken, nor the folder missing, unreadable or empty.
 */
export class Prunes {
  private readonly applied = new Set<string>();
  /** By task: the last time that the folder clearly did not name it. */
  private readonly absentAt = new Map<string, number>();
  private readonly known = new Set<string>();

  constructor(
    private readonly folder: SimulatedFolder,
    private readonly seconds: () => number,
    private readonly violated: Violated,
  ) {}

  /** Before and after each change of the folder. */
  onFolder(): void {
    for (const { name } of this.folder.tasks()) this.known.add(name);
    if (!this.folder.isClear || this.folder.tasks().length === 0) return;
    for (const name of this.known) if (!this.folder.names(name)) this.absentAt.set(name, this.seconds());
  }

  onApplied(uid: string): void {
    this.applied.add(uid);
  }

  onDeleted(name: string, uid: string): void {
    this.onFolder();
    if (!this.applied.has(uid)) {
      this.violated('prune touches only what it applied', `${name} (${uid.slice(0, 4)}) was deleted`);
    }
    if (this.seconds() - (this.absentAt.get(name) ?? -Infinity) > lookSeconds) {
      this.violated('prune needs a clear absence', `${name} was deleted`);
    }
  }

  /** What is not as the folder says, once nothing is wrong any more. */
  notSynced(entries: readonly StoreEntry[]): string[] {
    const values = <T>(prefix: string): T[] =>
      entries.filter(({ key }) => key.startsWith(prefix)).map(({ value }) => value as T);
    const tasks = new Map(values<StoredTask>(storePrefix(taskKind)).map((task) => [task.metadata.name, task] as const));
    const [source] = values<StoredSource>(storePrefix(sourceKind));
    // What nobody could have told the folder's keeper of is not kept; an empty folder deletes nothing.
    const kept = this.folder.tasks().length === 0 ? [] : (source?.status?.inventory ?? []);
    return [
      ...this.folder.tasks().flatMap(({ name, spec }) => {
        const stored = tasks.get(name);
        if (stored === undefined || stored.metadata.deletionTimestamp !== undefined) return [`${name} is missing`];
        const wrong = Object.entries({ desiredState: 'Running', ...spec }).filter(
          ([field, value]) =>
            canonicalJson(value) !== canonicalJson((stored.spec as unknown as Record<string, unknown>)[field]),
        );
        return wrong.map(([field]) => `${name} has another ${field} than its file`);
      }),
      ...kept
        .filter(({ name, uid }) => !this.folder.names(name) && tasks.get(name)?.metadata.uid === uid)
        .map(({ name }) => `${name} is still there`),
    ];
  }
}
