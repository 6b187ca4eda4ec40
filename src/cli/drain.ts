import type { Command } from 'commander';
import type { Client } from '../client/client.js';
import { formatKey, keyOf } from '../model/api-object.js';
import { nodeKind } from '../model/node.js';
import { taskKind, type StoredTask } from '../model/task.js';
import { isOrchError, OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { withConnection } from './connection.js';
import { setUnschedulable } from './cordon.js';
import { listAll } from './get-query.js';
import { inParallel } from './in-parallel.js';
import { parseDuration } from './parse-duration.js';
import { label, parseNamed } from './resource-arguments.js';
import { done, explainState, waiting } from './verdict.js';

interface DrainOptions {
  dryRun?: boolean;
  wait: boolean;
  timeout: string;
}

export function defineDrain(command: Command, cli: Cli): void {
  command
    .argument('<nodes...>', 'NAME or node/NAME')
    .option('--dry-run', 'only say what would leave')
    .option('--no-wait', 'do not wait until the tasks have left')
    .option('--timeout <time>', 'how long to wait', '5m')
    .addHelpText(
      'after',
      `
Cordons the nodes and asks their tasks to leave. The manager stops each one there and places it on another node; a task that
fits nowhere else stays Pending. One that was put on its node by hand (spec.nodeName) is not moved: delete it instead.

Examples:
  orch drain n1                               # before maintenance
  orch drain n1 --dry-run
  orch uncordon n1                            # and back`,
    );
  cli.run<DrainOptions>(command, async (operands, options) => {
    const names = operands.map((word) => parseNamed(word, nodeKind, 'orch drain'));
    if (names.length === 0) throw new OrchError('BadRequest', 'which nodes? `orch drain NAME`');
    const timeout = parseDuration(options.timeout, '--timeout');
    return withConnection(cli.environment, options, async ({ client }) => {
      let isWell = true;
      for (const name of names) isWell = (await drainNode(cli, client, name, options, timeout)) && isWell;
      return isWell ? 0 : 1;
    });
  });
}

/** Whether every task has left (or, without waiting, was asked to). */
async function drainNode(
  cli: Cli,
  client: Client,
  name: string,
  options: DrainOptions,
  timeoutMilliseconds: number,
): Promise<boolean> {
  const node = label(nodeKind, name);
  if (options.dryRun) await client.get(nodeKind, { name });
  else {
    await setUnschedulable(client, name, true);
    cli.print(`${node} cordoned`);
  }
  const tasks = (await listAll(cli, client, taskKind, { fieldSelector: `spec.nodeName=${name}` })) as StoredTask[];
  const leaving = (await evictAll(cli, client, tasks, options.dryRun === true)).filter((task) => task !== undefined);
  const refused = tasks.length - leaving.length;
  if (refused > 0) cli.note(`${cli.colors.red('error:')} ${refused} of ${tasks.length} tasks stay on ${node}`);
  if (options.dryRun || !options.wait) return refused === 0;

  const { waitForObjects } = await import('./wait-for-objects.js');
  const targets = leaving.map((task) => ({ kind: taskKind, key: keyOf(task) }));
  const results = await waitForObjects(
    cli,
    client,
    targets,
    (object) => {
      const task = object as StoredTask | undefined;
      if (task?.spec.nodeName === name) return waiting(explainState(task.status?.state ?? 'Pending', task.status));
      return done(task?.spec.nodeName === undefined ? `left ${name}` : `left ${name} for ${task.spec.nodeName}`);
    },
    timeoutMilliseconds,
  );
  const staying = results.filter(({ verdict }) => verdict.type !== 'done');
  for (const { target, verdict } of staying) {
    cli.note(`${cli.colors.red('error:')} ${formatKey(target.key)} is still on ${name}: ${verdict.text}`);
  }
  if (refused > 0 || staying.length > 0) return false;
  cli.print(`${node} drained`);
  return true;
}

/** Those that were asked to leave; undefined in the place of one that may not be moved. */
async function evictAll(
  cli: Cli,
  client: Client,
  tasks: readonly StoredTask[],
  dryRun: boolean,
): Promise<(StoredTask | undefined)[]> {
  const { evictTask } = await import('../client/evict-task.js');
  return inParallel(tasks, 8, async (task) => {
    const what = `${label(taskKind, task.metadata.name)} in ${task.metadata.namespace ?? ''}`;
    try {
      await evictTask(client, keyOf(task), { dryRun });
    } catch (error) {
      if (isOrchError(error, 'NotFound')) return task; // it has ended and gone meanwhile
      if (!isOrchError(error, 'Forbidden')) throw error;
      cli.note(`${cli.colors.red('error:')} ${what}: ${error.message}`);
      return undefined;
    }
    cli.print(`${what} ${dryRun ? 'would be asked to leave (dry run)' : 'is asked to leave'}`);
    return task;
  });
}
