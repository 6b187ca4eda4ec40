import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { MutatedCopy } from './mutated-copy.js';
import type { Mutation } from './mutations.js';
import { mutations } from './mutations.js';

/**
 * `npm run mutate [-- --only WORD] [--seeds N]`: breaks one guard at a time, in a copy, and shows what goes red. Exit code 1 when
 * something that a mutation names stays green: a checker or test that catches nothing is worthless.
 */
const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, seeds: { type: 'string' } },
});

/** A broken guard may also make a run endless. */
const deadlineMilliseconds = 600_000;

interface Outcome {
  isCaught: boolean;
  by: string;
  seedsNeeded?: number;
}

function run(folder: string, args: readonly string[]): Promise<{ code: number | undefined; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMilliseconds);
    let output = '';
    const take = (data: Buffer): void => {
      output = (output + data.toString()).slice(-200_000);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? undefined, output });
    });
  });
}

/** One seed after the other until one is red. */
async function trySeeds(folder: string, seeds: NonNullable<Mutation['seeds']>): Promise<Outcome> {
  const { from = 1, count, http, hostile } = seeds;
  const limit = values.seeds === undefined ? count : Number(values.seeds);
  const choice = [
    ...(http === undefined ? [] : [http ? '--http' : '--no-http']),
    ...(hostile === undefined ? [] : ['--hostile', hostile]),
  ];
  const script = ['.ci/simulate.mjs', '--until-bad', '--from', String(from), ...choice];
  const { code, output } = await run(folder, [...script, '--seeds', String(limit)]);
  const [, seed, rule] = /^seed (\d+): ([^:]+):/m.exec(output) ?? [];
  if (seed !== undefined) return { isCaught: true, by: `seed ${seed}: ${rule}`, seedsNeeded: Number(seed) - from + 1 };
  if (code === 0) return { isCaught: false, by: `NOT by ${limit} seeds` };
  const last = output.trim().split('\n').at(-1) ?? '';
  // It may be endless, or only slow: to be looked at.
  if (code === undefined) return { isCaught: false, by: `NOT within ${deadlineMilliseconds / 1000} s` };
  return { isCaught: true, by: `a run that breaks: ${last}` };
}

async function tryTest(folder: string, test: string): Promise<Outcome> {
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', '.vitest.config.ts', '--project'];
  const project = /^test\/(unit|simulation)\//.test(test) ? 'unit' : 'contract';
  const { code, output } = await run(folder, [...vitest, project, test]);
  if (code === 0) return { isCaught: false, by: `NOT by ${test}` };
  const failed = /Tests\s.*?(\d+) failed/.exec(output)?.[1];
  // Red for another reason, a file that is not there say, is no catch.
  return { isCaught: failed !== undefined, by: failed === undefined ? `NOT by ${test}: it did not run` : test };
}

async function tryOut(copy: MutatedCopy, mutation: Mutation): Promise<Outcome[]> {
  return copy.with(mutation, async () => [
    ...(mutation.seeds ? [await trySeeds(copy.folder, mutation.seeds)] : []),
    ...(mutation.test ? [await tryTest(copy.folder, mutation.test)] : []),
  ]);
}

function print(name: string, outcome: Outcome): void {
  console.log(`${name.padEnd(62)} | ${String(outcome.seedsNeeded ?? '').padStart(5)} | ${outcome.by}`);
}

const copy = await MutatedCopy.make();
const missed: string[] = [];
try {
  const chosen = mutations.filter(({ name }) => name.includes(values.only));
  console.log(`${'mutation'.padEnd(62)} | seeds | caught by`);
  for (const mutation of chosen) {
    const outcomes = await tryOut(copy, mutation);
    outcomes.forEach((outcome, index) => print(index === 0 ? mutation.name : '', outcome));
    if (outcomes.some(({ isCaught }) => !isCaught)) missed.push(mutation.name);
  }
  console.log(`${chosen.length} mutations, ${missed.length} not caught${missed.map((name) => `\n  ${name}`).join('')}`);
} finally {
  await copy.remove();
}
process.exitCode = missed.length > 0 ? 1 : 0;
