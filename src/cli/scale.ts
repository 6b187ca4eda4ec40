import type { Command } from 'commander';
import { deploymentKind } from '../model/deployment.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { withConnection } from './connection.js';
import { label, parseNamed } from './resource-arguments.js';

interface ScaleOptions {
  replicas: string;
}

export function defineScale(command: Command, cli: Cli): void {
  command
    .argument('<deployments...>', 'NAME or deployment/NAME')
    .requiredOption('--replicas <count>', 'how many tasks there are to be')
    .addHelpText(
      'after',
      `
Examples:
  orch scale web --replicas=3
  orch scale deployment/web deployment/api --replicas=0`,
    );
  cli.run<ScaleOptions>(command, async (operands, options) => {
    const names = operands.map((word) => parseNamed(word, deploymentKind, 'orch scale'));
    if (!/^\d{1,9}$/.test(options.replicas)) {
      throw new OrchError('BadRequest', `--replicas ${options.replicas}: give a whole number, 0 or more`);
    }
    return withConnection(cli.environment, options, async ({ client, namespace }) => {
      const patch = { spec: { replicas: Number(options.replicas) } };
      for (const name of names) {
        await client.patch(deploymentKind, { namespace, name }, patch, { fieldManager: 'orch-cli' });
        cli.print(`${label(deploymentKind, name)} scaled to ${options.replicas}`);
      }
    });
  });
}
