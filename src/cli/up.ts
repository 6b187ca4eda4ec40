import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { Cli } from './cli.js';
import type { ManagerFlags, RuntimeFlags } from './daemon-flags.js';
import { addManagerFlags, addRuntimeFlags, parseLabels, toManagerLaunch, toRuntimeLaunch } from './daemon-flags.js';

interface UpFlags extends ManagerFlags, RuntimeFlags {
  name?: string;
}

export function defineUp(command: Command, cli: Cli): void {
  addRuntimeFlags(addManagerFlags(command, cli.environment))
    .option('--name <node>', "the worker's name", workerName(hostname()))
    .addHelpText(
      'after',
      `
The manager listens with TLS and writes DIR/kubeconfig, which orch and kubectl use. With the default data folder every
orch command of this user finds it by itself. Ctrl-C or SIGTERM stops orch; containers go on running.

Examples:
  orch up                                     # data in the default place, https://127.0.0.1:7443
  orch up --data ./data --port 7444           # a second one beside it
  orch up --watch ./manifests                 # and keep what is in this folder applied
  orch up --runtime simulated                 # try it without a Docker Engine`,
    );
  cli.run<UpFlags>(command, (_operands, flags) =>
    cli.environment.launchers.up({
      ...toManagerLaunch(flags, cli),
      ...toRuntimeLaunch(flags),
      name: flags.name ?? workerName(hostname()),
      labels: parseLabels(flags.labels),
    }),
  );
}

/** A node's name from a host's: lower case, without what names may not have. */
export function workerName(host: string): string {
  const name = host
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63)
    .replace(/[^a-z0-9]+$/, '');
  return name === '' ? 'node' : name;
}
