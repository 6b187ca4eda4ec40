import type { Command } from 'commander';
import { objectLines } from './backup.js';
import type { Cli } from './cli.js';
import { collect } from './collect.js';
import { defaultDataDirectory } from './default-paths.js';

export function defineRestore(command: Command, cli: Cli): void {
  command
    .argument('<file>', 'a backup, made by `orch backup`')
    .option(
      '--data <dir>',
      'the data folder to fill: empty, or not there yet',
      defaultDataDirectory(cli.environment.env),
    )
    .option('--without-node <name>', 'a node that you deleted after the backup: it stays out; repeatable', collect)
    .addHelpText(
      'after',
      `
Works without a manager, and refuses a folder that holds anything. Nothing is written before the whole file was checked.

Afterwards start the manager on the folder, at the address where workers and users know it. It is the same cluster: same
uid, same authority, same admin token. Join tokens do not come back: the manager makes a new one. Nodes do, and their workers
go on with the certificates that they hold: name those that you put out since with --without-node. Revisions begin far above all that were ever handed out, so every watcher lists again.

Containers go on. Workers take over those that the backup knows. What it does not know, because it was made later, stays
and is named by the condition StoreRestored of its node, until \`orch accept-restore\` lets it go. Stop the old manager
for good before you start the restored one: two managers of one cluster must never run.

Examples:
  orch restore orch-2026-01-31.backup --data ./data
  orch restore orch-2026-01-31.backup --data ./data --without-node stolen-1
  orch up --data ./data`,
    );
  cli.run<{ data: string; withoutNode?: string[] }>(command, async ([file = ''], { data, withoutNode = [] }) => {
    const report = await cli.environment.launchers.restore({ file, dataDirectory: data, withoutNodes: withoutNode });
    cli.print(`restored cluster ${report.clusterUid} into ${data}`);
    cli.print(`taken ${report.takenAt} at revision ${report.backupRevision}; revisions go on from ${report.revision}`);
    for (const line of objectLines(report.objects)) cli.print(line);
    if (report.droppedTokens > 0) {
      cli.print(`left out: ${report.droppedTokens} join tokens; the manager makes a new one at its start`);
    }
    if (report.nodes.length > 0) {
      cli.print(`members again: ${report.nodes.join(', ')}; delete those that you put out after the backup`);
    }
  });
}
