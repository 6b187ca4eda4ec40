import type { Command } from 'commander';
import type { Cli } from './cli.js';
import { defineDesiredState } from './desired-state.js';

export function defineStart(command: Command, cli: Cli): void {
  defineDesiredState(command, cli, { name: 'start', desired: 'Running', said: 'is being started' });
  command.addHelpText(
    'after',
    `
Undoes \`orch stop\`: the task is placed and run again.

Examples:
  orch start task/web
  orch start -l app=shop --wait`,
  );
}
