import type { ContainerStats } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { compareVersions } from './api-version.js';
import type { CpuSample } from './container-views.js';
import { cpuSamples, statsBetween } from './container-views.js';
import type { EngineConnection } from './engine-connection.js';
import { RecentlySeen } from './recently-seen.js';

/** Two samples closer than this say nothing about the use of a CPU. */
const leastSampleNanoseconds = 200_000_000;

/**
 * Reads what containers use. The first reading of a container lets the engine take two samples, a second apart; later
 * ones are one cheap sample each, compared with the sample before.
 */
export class StatsReader {
  readonly #connection: EngineConnection;
  readonly #readings = new RecentlySeen<{ sample: CpuSample; stats: ContainerStats }>(10_000);

  constructor(connection: EngineConnection) {
    this.#connection = connection;
  }

  /** Undefined for a container that does not run. */
  async read(id: string): Promise<ContainerStats | undefined> {
    const before = this.#readings.get(id);
    const apiVersion = await this.#connection.apiVersion(deadlines.ping);
    const oneShot = before !== undefined && compareVersions(apiVersion, '1.41') >= 0;
    const stats = await this.#connection.call('stats', deadlines.stats, (engine, abortSignal) =>
      engine.getContainer(id).stats({ stream: false, ...(oneShot && { 'one-shot': true }), abortSignal }),
    );
    const samples = stats && cpuSamples(stats);
    if (!samples) {
      this.forget(id);
      return undefined;
    }
    const { current, previous = current } = samples;
    // Less CPU time than before: it was started again in between.
    const earlier = before && current.usedNanoseconds >= before.sample.usedNanoseconds ? before : undefined;
    if (earlier && current.atNanoseconds - earlier.sample.atNanoseconds < leastSampleNanoseconds) return earlier.stats;
    const reading = statsBetween(earlier?.sample ?? previous, current, stats);
    this.#readings.set(id, { sample: current, stats: reading });
    return reading;
  }

  forget(id: string): void {
    this.#readings.delete(id);
  }
}
