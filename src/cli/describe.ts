import type { Command } from 'commander';
import type { Stored } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import { defaultNamespace } from '../model/namespace.js';
import type { StoredNode } from '../model/node.js';
import { nodeKind } from '../model/node.js';
import type { StoredTask } from '../model/task.js';
import { taskKind } from '../model/task.js';
import type { StoredTaskEvent } from '../model/task-event.js';
import { taskEventKind } from '../model/task-event.js';
import { isOrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import type { Connection } from './connection.js';
import { withConnection } from './connection.js';
import { describeAny, describeNode, describeTask } from './describe-object.js';
import { sortEvents } from './events.js';
import { listAll, queryFor } from './get-query.js';
import { withoutSecretValues } from './secret-values.js';
import { keyIn, parseResourceArguments } from './resource-arguments.js';

interface DescribeOptions {
  selector?: string;
  allNamespaces?: boolean;
}

const mostEvents = 50;

export function defineDescribe(command: Command, cli: Cli): void {
  command
    .argument('[kind]', 'a kind, or KIND/NAME')
    .argument('[names...]', 'names of objects of that kind')
    .option('-l, --selector <labels>', 'objects with these labels')
    .option('-A, --all-namespaces', 'of all namespaces')
    .addHelpText(
      'after',
      `
Examples:
  orch describe task web                      # its state and why, its spec, what happened
  orch describe node n1                       # what it has, what is placed on it
  orch describe tasks -l app=shop`,
    );
  cli.run<DescribeOptions>(command, async (operands, options) => {
    const selections = parseResourceArguments(operands);
    return withConnection(cli.environment, options, async (connection) => {
      let exitCode = 0;
      let printed = 0;
      for (const { kind, name } of selections) {
        try {
          const objects =
            name === undefined
              ? ((await listAll(cli, connection.client, kind, queryFor(kind, connection, options))) as Stored[])
              : [await connection.client.get(kind, keyIn(kind, connection.namespace, name))];
          for (const object of objects) {
            if (printed > 0) cli.print('\n');
            for (const line of await describe(cli, connection, kind, object)) cli.print(line);
            printed += 1;
          }
        } catch (error) {
          if (!isOrchError(error, 'NotFound')) throw error;
          cli.note(`${cli.colors.red('error:')} ${error.message}`);
          exitCode = 1;
        }
      }
      if (printed === 0 && exitCode === 0) cli.note('There is nothing to describe.');
      return exitCode;
    });
  });
}

async function describe(cli: Cli, { client }: Connection, kind: Kind, object: Stored): Promise<string[]> {
  const now = cli.environment.clock.now();
  const latest = async (fieldSelector: string, namespace?: string): Promise<StoredTaskEvent[]> => {
    const query = { fieldSelector, ...(namespace === undefined ? {} : { namespace }) };
    return sortEvents((await listAll(cli, client, taskEventKind, query)) as StoredTaskEvent[]).slice(-mostEvents);
  };
  // Those of what lies in no namespace are in `default`.
  const latestOf = ({ metadata }: Stored): Promise<StoredTaskEvent[]> =>
    latest(`task.uid=${metadata.uid}`, metadata.namespace ?? defaultNamespace);
  if (kind === taskKind) {
    const events = await latestOf(object);
    return describeTask(object as unknown as StoredTask, events, now);
  }
  if (kind === nodeKind) {
    const tasks = await listAll(cli, client, taskKind, { fieldSelector: `spec.nodeName=${object.metadata.name}` });
    return describeNode(object as unknown as StoredNode, tasks as StoredTask[], now);
  }
  return describeAny(withoutSecretValues(kind, object), await latestOf(object), now);
}
