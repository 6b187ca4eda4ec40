import type { Stored } from '../model/api-object.js';
import { deploymentKind } from '../model/deployment.js';
import { formatLabelSelector } from '../model/label-selector.js';
import type { Deployment } from '../model/deployment.js';
import { taskKind, type StoredTask } from '../model/task.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import type { Connection } from './connection.js';
import { findKindByAlias } from '../model/kinds.js';
import { parseTaskArgument, parseNamed } from './resource-arguments.js';

/** NAME, task/NAME or deployment/NAME -> the task that is meant: of a Deployment the one that is furthest, as kubectl picks a pod. */
export async function findTask(cli: Cli, connection: Connection, word: string, verb: string): Promise<string> {
  const [alias = ''] = word.split('/');
  if (!word.includes('/') || findKindByAlias(alias) !== deploymentKind) return parseTaskArgument(word, verb);
  const { client, namespace } = connection;
  const name = parseNamed(word, deploymentKind, verb);
  const deployment = await client.get<Deployment>(deploymentKind, { namespace, name });
  const labelSelector = formatLabelSelector(deployment.spec.selector);
  const { items } = await client.list(taskKind, { namespace, labelSelector });
  const task = furthestTask(deployment, items as StoredTask[]);
  if (!task) throw new OrchError('NotFound', `deployment/${name} has no tasks`);
  if (task.count > 1) cli.note(`${word} has ${task.count} tasks: this is about task/${task.name}`);
  return task.name;
}

/** Ready before running before all others, those that are being deleted last, then by name. Pure. */
export function furthestTask(owner: Stored, tasks: readonly StoredTask[]): { name: string; count: number } | undefined {
  const own = tasks.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid));
  const rank = ({ metadata, status }: StoredTask): number => {
    if (metadata.deletionTimestamp !== undefined) return 3;
    return status?.state !== 'Running' ? 2 : status.reason === undefined ? 0 : 1;
  };
  const [first] = [...own].sort((a, b) => rank(a) - rank(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
  return first && { name: first.metadata.name, count: own.length };
}
