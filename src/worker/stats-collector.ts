import type { ContainerRuntime } from '../runtime/container-runtime.js';
import type { Clock } from '../support/clock.js';
import type { Usage } from './status-reporter.js';

export interface StatsCollectorOptions {
  runtime: ContainerRuntime;
  clock: Clock;
  /** The running containers of this worker's tasks. */
  running(): Running[];
  onTaskUsage(taskUid: string, usage: Usage): void;
  onNodeUsage(usage: Usage): void;
}

/** Changes below these are noise. */
const leastChange = { fraction: 0.1, cpuMillicores: 10, memoryBytes: 2 ** 20 };
const leastIntervalMilliseconds = 60_000;
const node = '';

/** The engine needs two looks, a second apart, for the first reading of a container, and looks at many in one go. */
const firstReadingsAtOnce = 10;

interface Running {
  taskUid: string;
  containerId: string;
}

/** Reads what containers use and tells it: per task, and for the node together, at most once a minute and only when it changed. */
export class StatsCollector {
  private readonly told = new Map<string, { usage: Usage; at: number }>();
  /** Containers that were read before. */
  private readonly known = new Set<string>();

  constructor(private readonly options: StatsCollectorOptions) {}

  async collectStats(): Promise<void> {
    const running = this.options.running();
    const total: Usage = { cpuMillicores: 0, memoryBytes: 0 };
    for (const batch of this.batchesOf(running)) {
      for (const usage of await Promise.all(batch.map((one) => this.read(one)))) {
        total.cpuMillicores += usage?.cpuMillicores ?? 0;
        total.memoryBytes += usage?.memoryBytes ?? 0;
      }
    }
    if (this.isNews(node, total)) this.options.onNodeUsage(total);
    const present = new Set(running.map(({ containerId }) => containerId));
    for (const id of this.known) if (!present.has(id)) this.known.delete(id);
    const uids = new Set([node, ...running.map(({ taskUid }) => taskUid)]);
    for (const uid of this.told.keys()) if (!uids.has(uid)) this.told.delete(uid);
  }

  /** New ones together; the others one after the other: statistics must not slow down what else the engine does. */
  private batchesOf(running: readonly Running[]): Running[][] {
    const isKnown = ({ containerId }: Running): boolean => this.known.has(containerId);
    const fresh = running.filter((one) => !isKnown(one));
    const batches = running.filter(isKnown).map((one) => [one]);
    for (let at = 0; at < fresh.length; at += firstReadingsAtOnce) {
      batches.push(fresh.slice(at, at + firstReadingsAtOnce));
    }
    return batches;
  }

  private async read({ taskUid, containerId }: Running): Promise<Usage | undefined> {
    const usage = await this.options.runtime.readStats(containerId).catch(() => undefined);
    if (usage) this.known.add(containerId);
    if (usage && this.isNews(taskUid, usage)) this.options.onTaskUsage(taskUid, usage);
    return usage;
  }

  private isNews(key: string, usage: Usage): boolean {
    const now = this.options.clock.monotonic();
    const before = this.told.get(key);
    if (before && now - before.at < leastIntervalMilliseconds) return false;
    if (before && !differs(before.usage, usage)) return false;
    this.told.set(key, { usage, at: now });
    return true;
  }
}

function differs(a: Usage, b: Usage): boolean {
  return (['cpuMillicores', 'memoryBytes'] as const).some(
    (name) => Math.abs(a[name] - b[name]) > Math.max(leastChange[name], a[name] * leastChange.fraction),
  );
}
