import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { Cli } from '../../../src/cli/cli.js';
import { openProgress } from '../../../src/cli/progress.js';
import { done, waiting } from '../../../src/cli/verdict.js';
import { createSystemRandom } from '../../../src/support/random.js';
import { ManualClock } from '../../support/manual-clock.js';

function setUp(terminal: { isTTY?: boolean; columns?: number }): {
  cli: Cli;
  clock: ManualClock;
  written: () => string;
} {
  const clock = new ManualClock();
  const stderr = Object.assign(new PassThrough(), terminal);
  const refuse = (): Promise<never> => Promise.reject(new Error('nothing is launched here'));
  const cli = new Cli({
    launchers: { up: refuse, manager: refuse, worker: refuse, restore: refuse },
    clock,
    random: createSystemRandom(),
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr,
    env: {},
  });
  return { cli, clock, written: () => (stderr.read() as Buffer | null)?.toString('utf8') ?? '' };
}

it('writes a plain line for each thing that is waited for, where nobody watches a terminal', () => {
  const { cli, clock, written } = setUp({});
  const progress = openProgress(cli);
  progress.show('task/web', waiting('Pending: no node has room'));
  progress.count(0, 2);
  progress.show('task/web', done('Running on n1'));
  progress.close();
  expect(written()).toBe('task/web Pending: no node has room\n');
  expect(clock.pendingTimers).toBe(0);
});

it('keeps one line moving on a terminal, never wider than it, and takes it away in the end', async () => {
  for (const columns of [40, 0]) {
    const { cli, clock, written } = setUp({ isTTY: true, columns });
    const progress = openProgress(cli);
    progress.count(1, 3);
    progress.show('task/web', waiting(`Scheduled: ${'pulling '.repeat(30)}`));
    await clock.advance(1_000);
    progress.close();
    const drawn = written().split('\r\u001b[2K');
    expect(drawn.at(-1)).toBe('');
    expect(drawn.at(-2)).toMatch(/^. 1 of 3 task\/web Scheduled: pulling/);
    for (const line of drawn) expect(line.length).toBeLessThan(columns || 80);
    expect(drawn.join('')).not.toContain('\n');
    expect(clock.pendingTimers).toBe(0);
  }
});
