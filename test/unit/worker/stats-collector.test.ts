import { beforeEach, describe, expect, it } from 'vitest';
import type { ContainerRuntime, ContainerStats } from '../../../src/runtime/container-runtime.js';
import { StatsCollector } from '../../../src/worker/stats-collector.js';
import type { Usage } from '../../../src/worker/status-reporter.js';
import { ManualClock } from '../../support/manual-clock.js';

const containers = Array.from({ length: 25 }, (_, index) => ({ taskUid: `t${index}`, containerId: `c${index}` }));

let clock: ManualClock;
let running: { taskUid: string; containerId: string }[];
let stats: ContainerStats | undefined;
let isAway: boolean;
let told: [string, Usage][];
let collector: StatsCollector;
/** How many readings are under way, and were at most. */
let reading: { now: number; most: number };

/** An engine that takes a second for each reading, however many there are. */
async function readStats(): Promise<ContainerStats | undefined> {
  reading.now += 1;
  reading.most = Math.max(reading.most, reading.now);
  await new Promise<void>((resolve) => void clock.setTimer(resolve, 1_000));
  reading.now -= 1;
  if (isAway) throw new Error('the engine is away');
  return stats;
}

/** Collects once. What it took, in seconds. */
async function collect(): Promise<number> {
  reading = { now: 0, most: 0 };
  const from = clock.monotonic();
  let end: number | undefined;
  void collector.collectStats().then(() => (end = clock.monotonic()));
  await clock.advance(59_000);
  return ((end ?? NaN) - from) / 1000;
}

beforeEach(() => {
  clock = new ManualClock();
  running = containers.slice();
  stats = { cpuMillicores: 5, memoryBytes: 1000 };
  isAway = false;
  told = [];
  collector = new StatsCollector({
    runtime: { readStats } as unknown as ContainerRuntime,
    clock,
    running: () => running,
    onTaskUsage: (taskUid, usage) => told.push([taskUid, usage]),
    onNodeUsage: (usage) => told.push(['node', usage]),
  });
});

describe('what containers use', () => {
  it('is told of each and of all together', async () => {
    await collect();
    expect(told).toHaveLength(26);
    expect(told[0]).toEqual(['t0', { cpuMillicores: 5, memoryBytes: 1000 }]);
    expect(told.at(-1)).toEqual(['node', { cpuMillicores: 125, memoryBytes: 25_000 }]);
  });

  it('is read for the first time of ten together, as that takes the engine a second, and later one after the other', async () => {
    expect([await collect(), reading.most]).toEqual([3, 10]);
    expect([await collect(), reading.most]).toEqual([25, 1]);
  });

  it('is read as of a new one where a container was made anew', async () => {
    await collect();
    running = running.map((one) => ({ ...one, containerId: `${one.containerId}-2` }));
    expect([await collect(), reading.most]).toEqual([3, 10]);
  });

  it('is read for the first time again where that failed', async () => {
    isAway = true;
    await collect();
    isAway = false;
    expect([await collect(), reading.most]).toEqual([3, 10]);
  });

  it('is told again when it changed by more than noise, not within a minute', async () => {
    await collect();
    told = [];
    await collect();
    stats = { cpuMillicores: 500, memoryBytes: 1000 };
    running = running.slice(0, 1);
    await collect();
    expect(told.map(([who]) => who)).toEqual(['t0', 'node']);
  });
});

it.each<[string, () => void]>([
  ['that does not run', () => (stats = undefined)],
  ['whose reading fails', () => (isAway = true)],
])('a container %s is left out', async (_what, happen) => {
  happen();
  await collect();
  expect(told).toEqual([['node', { cpuMillicores: 0, memoryBytes: 0 }]]);
});
