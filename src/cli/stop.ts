import type { Command } from 'commander';
import type { Cli } from './cli.js';
import { defineDesiredState } from './desired-state.js';

export function defineStop(command: Command, cli: Cli): void {
  defineDesiredState(command, cli, { name: 'stop', desired: 'Completed', said: 'is being stopped' });
  command.addHelpText(
    'after',
    `
The task's container is stopped; the task stays, with its logs, until \`orch start\` or \`orch delete\`.

Examples:
  orch stop task/web
  orch stop web db --wait
  orch stop -l app=shop`,
  );
}
