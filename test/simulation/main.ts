import { parseArgs } from 'node:util';
import { makeScenario, type ScenarioChoice } from './scenario.js';
import { hostileOf } from './hostile/add-hostile.js';
import type { SimulationResult } from './run-simulation.js';
import { runScenario, runSeed } from './run-simulation.js';
import { shrink } from './shrink.js';

/**
 * `npm run simulate -- --seeds 1000 [--from N] [--every N] [--until-bad]`, or `--seed N [--trace] [--shrink]` for one. Over HTTP is every tenth
 * seed, with `--http` each, with `--no-http` none. Every seventh has somebody hostile; `--hostile worker,client` says who, in each.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    every: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    'until-bad': { type: 'boolean', default: false },
    http: { type: 'boolean' },
    hostile: { type: 'string' },
  },
  allowNegative: true,
});

const progressSeeds = 500;

const choice: ScenarioChoice = {
  hasHttp: values.http,
  ...(values.hostile === undefined ? {} : { hostile: hostileOf(values.hostile) }),
};

/** What nobody awaits ends a real process: it belongs to the seed, and to the end of the search. */
let current = 'no seed yet';
process.on('unhandledRejection', (error) => {
  console.log(`${current}: a rejection that nobody handles: ${error instanceof Error ? error.stack : String(error)}`);
  process.exit(1);
});

function print(result: SimulationResult): void {
  const { seed } = result.scenario;
  if (values.trace) console.log(result.trace.join('\n'));
  for (const { rule, what, atSeconds } of result.violations) {
    console.log(`seed ${seed}: ${rule}: ${what} (at ${atSeconds.toFixed(3)} s)`);
  }
}

async function runOne(seed: number): Promise<boolean> {
  const result = values.shrink
    ? await runScenario(await shrink(makeScenario(seed, choice), runScenario))
    : await runSeed(seed, choice);
  print(result);
  console.log(`seed ${seed}: ${result.violations.length === 0 ? 'good' : 'BAD'}, digest ${result.digest.slice(0, 16)}`);
  return result.violations.length === 0;
}

async function runMany(first: number, count: number): Promise<boolean> {
  const started = process.hrtime.bigint();
  const bad: number[] = [];
  let virtualSeconds = 0;
  let seeds = 0;
  for (let seed = first; seeds < count; seed += Number(values.every)) {
    if (values['until-bad'] && bad.length > 0) break;
    current = `seed ${seed}`;
    const result = await runSeed(seed, choice);
    seeds += 1;
    virtualSeconds += result.virtualSeconds;
    if (result.violations.length > 0) bad.push(seed);
    print(result);
    if (seeds % progressSeeds === 0 && seeds < count) console.log(`${seeds} of ${count} seeds, ${bad.length} bad`);
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  console.log(
    `${seeds} seeds, ${bad.length} bad${bad.length > 0 ? ` (${bad.join(', ')})` : ''}; ` +
      `${(virtualSeconds / 3600).toFixed(1)} virtual hours in ${seconds.toFixed(1)} s`,
  );
  return bad.length === 0;
}

const isGood =
  values.seed === undefined
    ? await runMany(Number(values.from), Number(values.seeds))
    : await runOne(Number(values.seed));
process.exitCode = isGood ? 0 : 1;
