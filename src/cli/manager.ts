import type { Command } from 'commander';
import type { Cli } from './cli.js';
import type { ManagerFlags } from './daemon-flags.js';
import { addManagerFlags, toManagerLaunch } from './daemon-flags.js';

export function defineManager(command: Command, cli: Cli): void {
  addManagerFlags(command, cli.environment).addHelpText(
    'after',
    `
Workers join with \`orch worker\`; they need DIR/pki/ca.crt and DIR/join-token of this manager's data folder, or a token of
\`orch token create\`.

Examples:
  orch manager --data /var/lib/orch --host 10.0.0.5
  orch manager --scheduler binpack --node-grace-seconds 10`,
  );
  cli.run<ManagerFlags>(command, (_operands, flags) => cli.environment.launchers.manager(toManagerLaunch(flags, cli)));
}
