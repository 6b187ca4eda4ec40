import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { Cli } from './cli.js';
import type { LogFlags, RuntimeFlags } from './daemon-flags.js';
import { addLogFlags, addRuntimeFlags, parseLabels, toLogLaunch, toRuntimeLaunch } from './daemon-flags.js';
import { defaultWorkerDataDirectory } from './default-paths.js';
import { workerName } from './up.js';

interface WorkerFlags extends RuntimeFlags, LogFlags {
  manager: string;
  caFile: string;
  joinTokenFile?: string;
  data?: string;
  name: string;
}

export function defineWorker(command: Command, cli: Cli): void {
  addRuntimeFlags(
    command
      .requiredOption('--manager <url>', "the manager's address: https://host:7443")
      .requiredOption('--ca-file <file>', "the manager's authority: pki/ca.crt of its data folder")
      .option('--join-token-file <file>', 'a file with a join token: read to join, and to join again')
      .option(
        '--data <dir>',
        "the worker's own data folder (default: a folder for its name in ~/.local/share/orch-worker)",
      )
      .option('--name <node>', "the worker's name", workerName(hostname())),
  );
  addLogFlags(command).addHelpText(
    'after',
    `
The token is join-token of the manager's data folder, or one of \`orch token create\`, which can also give labels to the node. Once
it has joined, the worker has a certificate that it renews by itself, until its node is deleted.

A worker stops a container only when its own manager says that its task is gone. It keeps all of them while the manager
is away, is of another cluster, or has an older store (condition StoreRewound of its node); and those that a
store restored from a backup does not know (StoreRestored), until \`orch accept-restore\`.

Examples:
  orch worker --manager https://10.0.0.5:7443 --ca-file ca.crt --join-token-file join-token
  orch worker --manager https://10.0.0.5:7443 --ca-file ca.crt --join-token-file join-token \\
    --name db-1 --data /var/lib/orch-worker`,
  );
  cli.run<WorkerFlags>(command, (_operands, flags) =>
    cli.environment.launchers.worker({
      ...toRuntimeLaunch(flags),
      server: flags.manager,
      caFile: flags.caFile,
      ...(flags.joinTokenFile === undefined ? {} : { joinTokenFile: flags.joinTokenFile }),
      name: flags.name,
      dataDirectory: flags.data ?? defaultWorkerDataDirectory(cli.environment.env, flags.name),
      labels: parseLabels(flags.labels),
      ...toLogLaunch(flags, cli),
    }),
  );
}
