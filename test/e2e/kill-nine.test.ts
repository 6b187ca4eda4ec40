import { expect, it } from 'vitest';
import { runCrashes } from '../crashes/run-crashes.js';

// A few here; `npm run crashes -- --kills 200` for a person. ORCH_CRASH_KILLS and ORCH_CRASH_SEED change both numbers.
const { ORCH_CRASH_KILLS: kills = '10', ORCH_CRASH_SEED: seed = '1' } = process.env;

it(
  'CT-01, ST-01, ND-02: kill -9 of manager and worker, anywhere: nothing acknowledged is lost, nothing doubled, nothing left over',
  async () => {
    const report = await runCrashes({ kills: Number(kills), seed: Number(seed) });
    expect(report.violations).toEqual([]);
    expect(report.counts.acknowledged).toBeGreaterThan(Number(kills));
    expect(report.containers.created).toBeGreaterThan(Number(kills) / 2);
  },
  60_000 + Number(kills) * 15_000,
);
