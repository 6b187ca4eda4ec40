import type { Command } from 'commander';
import { objectLines } from './backup.js';
import type { Cli } from './cli.js';
import { defaultDataDirectory } from './default-paths.js';

export function defineRestore(command: Command, cli: Cli): void {
  command
    .argument('<file>', 'a backup, made by `orch backup`')
    .option(
      '--data <dir>',
      'the data folder to fill: empty, or not there yet',
      defaultDataDirectory(cli.environment.env),
    )
    .addHelpText(
      'after',
      `
Works without a manager, and refuses a folder that holds anything. Nothing is written before the whole file was checked.

Afterwards start the manager on the folder, at the address where workers and users know it. It is the same cluster: same
uid, same authority, same tokens. Revisions begin far above all that were ever handed out, so every watcher lists again.

Containers go on. Workers take over those that the backup knows. What it does not know, because it was made later, stays
and is named by the condition StoreRestored of its node, until \`orch accept-restore\` lets it go. Stop the old manager
for good before you start the restored one: two managers of one cluster must never run.

Examples:
  orch restore orch-2026-01-31.backup --data ./data
  orch up --data ./data`,
    );
  cli.run<{ data: string }>(command, async ([file = ''], { data }) => {
    const report = await cli.environment.launchers.restore({ file, dataDirectory: data });
    cli.print(`restored cluster ${report.clusterUid} into ${data}`);
    cli.print(`taken ${report.takenAt} at revision ${report.backupRevision}; revisions go on from ${report.revision}`);
    for (const line of objectLines(report.objects)) cli.print(line);
  });
}
