import type { Command } from 'commander';
import type { Task } from '../model/task.js';
import { taskKind } from '../model/task.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import type { Connection } from './connection.js';
import { withConnection } from './connection.js';
import { listAll } from './get-query.js';
import { judgeTask } from './judge-task.js';
import { parseDuration } from './parse-duration.js';
import { label, parseTaskArgument } from './resource-arguments.js';
import { failed } from './verdict.js';

interface DesiredStateOptions {
  selector?: string;
  wait?: boolean;
  timeout: string;
}

/** `stop` and `start`: the same but for the state that is wished for. */
export function defineDesiredState(
  command: Command,
  cli: Cli,
  verb: { name: string; desired: 'Running' | 'Completed'; said: string },
): void {
  command
    .argument('[tasks...]', 'NAME or task/NAME')
    .option('-l, --selector <labels>', 'tasks with these labels')
    .option('--wait', 'wait until it is so')
    .option('--timeout <time>', 'how long --wait waits', '2m');
  cli.run<DesiredStateOptions>(command, async (operands, options) => {
    const timeout = parseDuration(options.timeout, '--timeout');
    // "stop task web", as with get and delete.
    const words =
      operands.length > 1 && ['task', 'tasks', 'tk'].includes(operands[0] ?? '') ? operands.slice(1) : operands;
    const named = words.map((word) => parseTaskArgument(word, `orch ${verb.name}`));
    if (named.length > 0 === (options.selector !== undefined)) {
      throw new OrchError('BadRequest', `which tasks? \`orch ${verb.name} task/NAME\`, or -l LABELS`);
    }
    return withConnection(cli.environment, options, async (connection) => {
      const names = options.selector === undefined ? named : await selectTasks(cli, connection, options.selector);
      if (names.length === 0) cli.note(`No task in the namespace ${connection.namespace} has these labels.`);
      for (const name of names) {
        const key = { namespace: connection.namespace, name };
        await connection.client.patch(
          taskKind,
          key,
          { spec: { desiredState: verb.desired } },
          { fieldManager: 'orch-cli' },
        );
        cli.print(`${label(taskKind, name)} ${verb.said}`);
      }
      return options.wait ? waitForTasks(cli, connection, names, timeout) : 0;
    });
  });
}

async function selectTasks(cli: Cli, { client, namespace }: Connection, labelSelector: string): Promise<string[]> {
  const tasks = await listAll(cli, client, taskKind, { namespace, labelSelector });
  return tasks.map((task) => task.metadata.name ?? '');
}

async function waitForTasks(
  cli: Cli,
  connection: Connection,
  names: readonly string[],
  timeout: number,
): Promise<number> {
  const { waitForObjects } = await import('./wait-for-objects.js');
  const results = await waitForObjects(
    cli,
    connection.client,
    names.map((name) => ({ kind: taskKind, key: { namespace: connection.namespace, name } })),
    (object) => (object === undefined ? failed('is gone') : judgeTask(object as unknown as Task)),
    timeout,
  );
  for (const { target, verdict } of results) {
    const name = label(taskKind, target.key.name);
    if (verdict.type === 'done') cli.print(`${name} ${verdict.text}`);
    else cli.note(`${cli.colors.red('error:')} ${name} after ${timeout / 1000} s: ${verdict.text}`);
  }
  return results.every(({ verdict }) => verdict.type === 'done') ? 0 : 1;
}
