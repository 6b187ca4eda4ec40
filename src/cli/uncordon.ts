import type { Command } from 'commander';
import type { Cli } from './cli.js';
import { defineSchedulable } from './cordon.js';

export function defineUncordon(command: Command, cli: Cli): void {
  defineSchedulable(command, cli, 'uncordon');
  command.addHelpText('after', '\nExamples:\n  orch uncordon n1');
}
