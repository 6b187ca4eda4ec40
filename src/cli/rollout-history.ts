import { keyOf } from '../model/api-object.js';
import { deploymentKind, type StoredDeployment } from '../model/deployment.js';
import { formatLabelSelector } from '../model/label-selector.js';
import { templateHash, withoutHash } from '../model/pod-template.js';
import {
  annotationsAfterUndo,
  changeCauseAnnotation,
  replicaSetKind,
  revisionOf,
  type StoredReplicaSet,
} from '../model/replica-set.js';
import { isOrchError, OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { alignRows } from './columns.js';
import type { Connection } from './connection.js';
import { describeLines, describeMembers } from './describe-lines.js';
import { listAll } from './get-query.js';
import { label } from './resource-arguments.js';

/** A template that a Deployment has brought out, by its number. */
interface Revision {
  number: number;
  record: StoredReplicaSet;
}

const maxTries = 5;

/** Prints the templates that a Deployment has brought out, the oldest first, or one of them in full. */
export async function showHistory(
  cli: Cli,
  connection: Connection,
  name: string,
  revision: number | undefined,
): Promise<void> {
  const { revisions } = await readHistory(cli, connection, name);
  if (revision !== undefined) {
    const { record } = findRevision(revisions, name, revision);
    cli.print(`${label(deploymentKind, name)} revision ${revision}:`);
    for (const line of describeLines(describeMembers(record.spec.template), 2)) cli.print(line);
    return;
  }
  const rows = revisions.map(({ number, record }) => {
    const [container] = record.spec.template.spec.containers;
    const cause = record.metadata.annotations?.[changeCauseAnnotation] ?? '<none>';
    return [String(number), String(record.status?.replicas ?? 0), container?.image ?? '', cause];
  });
  cli.print(label(deploymentKind, name));
  for (const line of alignRows([['REVISION', 'TASKS', 'IMAGE', 'CHANGE-CAUSE'], ...rows]).lines) cli.print(line);
}

/**
 * Gives a Deployment the template of an older revision again: of that one, or of the newest that is not its present template.
 * Rejects with BadRequest when there is none, or the Deployment is paused.
 */
export async function undoRollout(
  cli: Cli,
  connection: Connection,
  name: string,
  revision: number | undefined,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const { deployment, revisions } = await readHistory(cli, connection, name);
    const target = chooseTarget(deployment, revisions, revision);
    const template = withoutHash(target.record.spec.template);
    if (templateHash(template) === templateHash(deployment.spec.template)) {
      cli.print(`${label(deploymentKind, name)} has the template of revision ${target.number} already`);
      return;
    }
    const { metadata, spec } = deployment;
    const annotations = annotationsAfterUndo(deployment, target.record);
    const wanted = { ...deployment, metadata: { ...metadata, annotations }, spec: { ...spec, template } };
    try {
      await connection.client.replace(deploymentKind, keyOf(deployment), wanted, { fieldManager: 'orch-cli' });
      cli.print(`${label(deploymentKind, name)} rolled back to the template of revision ${target.number}`);
      return;
    } catch (error) {
      // Its status is written often while it changes: then it is looked at again.
      if (!isOrchError(error, 'Conflict') || tries >= maxTries) throw error;
    }
  }
}

async function readHistory(
  cli: Cli,
  { client, namespace }: Connection,
  name: string,
): Promise<{ deployment: StoredDeployment; revisions: Revision[] }> {
  const deployment = await client.get<StoredDeployment>(deploymentKind, { namespace, name });
  const labelSelector = formatLabelSelector(deployment.spec.selector);
  const records = (await listAll(cli, client, replicaSetKind, { namespace, labelSelector })) as StoredReplicaSet[];
  const revisions = records
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === deployment.metadata.uid))
    .flatMap((record): Revision[] => {
      const number = revisionOf(record);
      return number === undefined ? [] : [{ number, record }];
    })
    .sort((a, b) => a.number - b.number);
  return { deployment, revisions };
}

function chooseTarget(
  { metadata, spec }: StoredDeployment,
  revisions: readonly Revision[],
  revision: number | undefined,
): Revision {
  if (spec.paused) {
    const message = `${label(deploymentKind, metadata.name)} is paused: resume it first (orch rollout resume ${metadata.name})`;
    throw new OrchError('BadRequest', message);
  }
  if (revision !== undefined) return findRevision(revisions, metadata.name, revision);
  const present = templateHash(spec.template);
  const target = revisions.findLast(({ record }) => templateHash(withoutHash(record.spec.template)) !== present);
  if (target) return target;
  throw new OrchError('BadRequest', `${label(deploymentKind, metadata.name)} has no older template to go back to`);
}

function findRevision(revisions: readonly Revision[], name: string, wanted: number): Revision {
  const found = revisions.find(({ number }) => number === wanted);
  if (found) return found;
  const known = revisions.map(({ number }) => number).join(', ');
  throw new OrchError(
    'BadRequest',
    `${label(deploymentKind, name)} has no revision ${wanted}: ${known === '' ? 'there is none yet' : `there are ${known}`}`,
  );
}
