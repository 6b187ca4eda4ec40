/** A task that waits for a worker. */
interface Waiting {
  key: string;
  priority: number;
  createdAt: string;
  arrival: number;
  generation: number;
}

/**
 * Keys of tasks that wait for a worker: higher priority first, within one priority first come, first served. A task that
 * does not fit never holds up those behind it: whoever iterates goes on with the next.
 */
export class PendingQueue {
  private readonly waiting = new Map<string, Waiting>();
  private sorted: string[] | undefined;
  private arrivals = 0;
  private changes = 0;

  get length(): number {
    return this.waiting.size;
  }

  has(key: string): boolean {
    return this.waiting.has(key);
  }

  /** Rises when a key comes or what it asks for changes: then it is worth trying again. */
  get revision(): number {
    return this.changes;
  }

  /** A key that waits already keeps its place, unless its priority changed. */
  add(key: string, task: { priority: number; createdAt: string; generation: number }): void {
    const old = this.waiting.get(key);
    if (old?.generation === task.generation) return;
    this.waiting.set(key, { key, ...task, arrival: old?.arrival ?? this.arrivals++ });
    this.sorted = undefined;
    this.changes++;
  }

  delete(key: string): void {
    if (this.waiting.delete(key)) this.sorted = undefined;
  }

  /** All keys in the order in which they are to be placed. */
  keys(): readonly string[] {
    this.sorted ??= [...this.waiting.values()].sort(compare).map(({ key }) => key);
    return this.sorted;
  }
}

function compare(a: Waiting, b: Waiting): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  return a.arrival - b.arrival;
}
