import type { ContainerRuntime } from '../runtime/container-runtime.js';
import type { Clock } from '../support/clock.js';
import type { Usage } from './status-reporter.js';

export interface StatsCollectorOptions {
  runtime: ContainerRuntime;
  clock: Clock;
  /** The running containers of this worker's tasks. */
  running(): { taskUid: string; containerId: string }[];
  onTaskUsage(taskUid: string, usage: Usage): void;
  onNodeUsage(usage: Usage): void;
}

/** Changes below these are noise. */
const leastChange = { fraction: 0.1, cpuMillicores: 10, memoryBytes: 2 ** 20 };
const leastIntervalMilliseconds = 60_000;
const node = '';

/** Reads what containers use and tells it: per task, and for the node together, at most once a minute and only when it changed. */
export class StatsCollector {
  private readonly told = new Map<string, { usage: Usage; at: number }>();

  constructor(private readonly options: StatsCollectorOptions) {}

  async collectStats(): Promise<void> {
    const { runtime } = this.options;
    const total: Usage = { cpuMillicores: 0, memoryBytes: 0 };
    const running = this.options.running();
    // One after the other: statistics must not slow down what else the engine does.
    for (const { taskUid, containerId } of running) {
      const usage = await runtime.readStats(containerId).catch(() => undefined);
      if (!usage) continue;
      total.cpuMillicores += usage.cpuMillicores;
      total.memoryBytes += usage.memoryBytes;
      if (this.isNews(taskUid, usage)) this.options.onTaskUsage(taskUid, usage);
    }
    if (this.isNews(node, total)) this.options.onNodeUsage(total);
    const known = new Set([node, ...running.map(({ taskUid }) => taskUid)]);
    for (const uid of this.told.keys()) if (!known.has(uid)) this.told.delete(uid);
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
