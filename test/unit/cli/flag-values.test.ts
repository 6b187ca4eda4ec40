import { Command } from 'commander';
import { expect, it } from 'vitest';
import { readFlagValues } from '../../../src/cli/flag-values.js';

const { options } = new Command()
  .option('-w, --watch', 'a flag')
  .option('-A, --all-namespaces', 'a flag')
  .option('--no-wait', 'a flag that is on')
  .option('-o, --output <format>', 'no flag')
  .option('--dry-run [where]', 'no flag');

it.each<[string, string]>([
  ['--watch=true', '--watch'],
  ['--watch=false', ''],
  ['-w=True', '-w'],
  ['-w=0', ''],
  ['-A=true', '-A'],
  ['-A=f', ''],
  ['--wait=false', '--no-wait'],
  ['--wait=true', ''],
  ['--wait', ''],
  ['--no-wait=false', ''],
  ['--no-wait=true', '--no-wait'],
  ['task web --wait=f --watch=t', 'task web --no-wait --watch'],
  ['--no-wait --wait=true', ''],
  ['--watch -w=false', ''],
  ['-w=false --watch x', '--watch x'],
])('%s is understood as kubectl understands it', (typed, read) => {
  expect(readFlagValues(typed.split(' '), options)).toEqual(read.split(' ').filter((word) => word !== ''));
});

it.each([
  '--watch',
  '--no-wait',
  '--output=true',
  '--dry-run=false',
  '--unknown=false',
  'task=true',
  '-- sh --watch=true',
])('%s is left as it is', (typed) => {
  expect(readFlagValues(typed.split(' '), options)).toEqual(typed.split(' '));
});

it('a value that is neither is told', () => {
  expect(() => readFlagValues(['--wait=maybe'], options)).toThrow('--wait=maybe: write --wait=true or --wait=false');
});
