import type { Command } from 'commander';
import type { Client } from '../client/client.js';
import type { Stored } from '../model/api-object.js';
import { keyOf } from '../model/api-object.js';
import { resourceName } from '../model/kind.js';
import { isOrchError, OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import type { Connection } from './connection.js';
import { withConnection } from './connection.js';
import { parseDryRun } from './dry-run.js';
import { listAll, queryFor } from './get-query.js';
import { inParallel } from './in-parallel.js';
import type { ManifestFlags } from './manifest-flags.js';
import { addManifestFlags } from './manifest-flags.js';
import { parseDuration, parseWhole } from './parse-duration.js';
import { keyIn, label, parseResourceArguments } from './resource-arguments.js';
import type { Target } from './verdict.js';
import { done, explainState, waiting } from './verdict.js';

interface DeleteOptions extends ManifestFlags {
  selector?: string;
  all?: boolean;
  wait: boolean;
  timeout: string;
  gracePeriod?: string;
  force?: boolean;
  ignoreNotFound?: boolean;
  dryRun?: string | true;
}

interface Doomed extends Target {
  uid: string;
}

export function defineDelete(command: Command, cli: Cli): void {
  addManifestFlags(
    command.argument('[kind]', 'a kind, or KIND/NAME').argument('[names...]', 'names of objects of that kind'),
  )
    .option('-l, --selector <labels>', 'those with these labels')
    .option('--all', 'all of that kind in the namespace')
    .option('--no-wait', 'do not wait until they are gone; also --wait=false')
    .option('--timeout <time>', 'how long to wait', '5m')
    .option('--grace-period <seconds>', 'time that containers get to end by themselves')
    .option('--force', 'remove tasks from the records at once, whether or not their containers are gone')
    .option('--ignore-not-found', 'it is no error when one does not exist')
    .option('--dry-run [where]', 'delete nothing: "client" or "server"')
    .addHelpText(
      'after',
      `
A task is gone when its container is: delete stops it, removes it, and waits for that.

Examples:
  orch delete -f manifests/
  orch delete task web
  orch delete task/web task/db --no-wait
  orch delete tasks -l app=shop
  orch delete node n2                         # a machine that will not come back: its tasks move`,
    );
  cli.run<DeleteOptions>(command, async (operands, options) => {
    const gracePeriodSeconds = graceOf(options);
    const timeout = parseDuration(options.timeout, '--timeout');
    const dryRun = parseDryRun(options.dryRun) !== 'none';
    return withConnection(cli.environment, options, async (connection) => {
      const { found, missing } = await findDoomed(cli, connection, operands, options);
      if (options.force && found.length > 0 && !dryRun) {
        cli.warn(
          '--force does not wait for the containers. One whose worker is away goes on running until that worker is back; a new task of that name may run beside it.',
        );
      }
      const failures = await inParallel(found, 8, (doomed) =>
        deleteOne(connection.client, doomed, {
          dryRun,
          ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
        }),
      );
      const accepted = found.filter((_, index) => failures[index] === undefined);
      for (const failure of failures) if (failure) cli.note(`${cli.colors.red('error:')} ${failure.message}`);
      const failed = missing > 0 || accepted.length < found.length;
      if (dryRun) for (const { kind, key } of accepted) cli.print(`${label(kind, key.name)} deleted (dry run)`);
      else if (!options.wait) {
        for (const { kind, key } of accepted) cli.print(`${label(kind, key.name)} is being deleted`);
      } else if (!(await waitUntilGone(cli, connection.client, accepted, timeout))) return 1;
      return failed ? 1 : 0;
    });
  });
}

function graceOf(options: DeleteOptions): number | undefined {
  if (options.gracePeriod === undefined) return options.force ? 0 : undefined;
  const seconds = parseWhole(options.gracePeriod, '--grace-period', 0, 86_400);
  if (seconds === 0 && !options.force) {
    throw new OrchError(
      'BadRequest',
      '--grace-period 0 removes without waiting for the container: say --force if that is meant',
    );
  }
  if (seconds > 0 && options.force) {
    throw new OrchError('BadRequest', '--force gives no grace period: leave out one of --force and --grace-period');
  }
  return seconds;
}

async function findDoomed(
  cli: Cli,
  connection: Connection,
  operands: readonly string[],
  options: DeleteOptions & { namespace?: string },
): Promise<{ found: Doomed[]; missing: number }> {
  const { client, namespace } = connection;
  const targets: Target[] = [];
  if (options.filename !== undefined) {
    if (operands.length > 0) throw new OrchError('BadRequest', 'name objects, or files with -f, not both');
    const { readInput } = await import('./manifest-input.js');
    // What lives in a namespace goes before the namespace.
    targets.push(...(await readInput(cli, options, namespace)).reverse());
  } else {
    const selections = parseResourceArguments(operands);
    const whole = selections.filter(({ name }) => name === undefined);
    if (whole.length > 0 && !options.all && !options.selector) {
      throw new OrchError('BadRequest', 'which ones? Give names, -l LABELS, or --all');
    }
    if (whole.length === 0 && (options.all || options.selector)) {
      throw new OrchError('BadRequest', 'give names, or -l LABELS or --all, not both');
    }
    for (const { kind, name } of selections) {
      if (name !== undefined) targets.push({ kind, key: keyIn(kind, namespace, name) });
      else {
        const objects = await listAll(cli, client, kind, queryFor(kind, connection, options));
        targets.push(...objects.map((object) => ({ kind, key: keyOf(object) })));
      }
    }
    if (targets.length === 0) cli.note('There is nothing to delete.');
  }
  let missing = 0;
  const found = await inParallel(targets, 8, async ({ kind, key }): Promise<Doomed[]> => {
    try {
      const object = await client.get(kind, key);
      return [{ kind, key, uid: object.metadata.uid }];
    } catch (error) {
      if (!isOrchError(error, 'NotFound')) throw error;
      if (!options.ignoreNotFound) {
        cli.note(`${cli.colors.red('error:')} ${resourceName(kind)} "${key.name}" not found`);
        missing += 1;
      }
      return [];
    }
  });
  return { found: found.flat(), missing };
}

/** The error that kept the object from being deleted, if any. Never one of the same name that is newer. */
async function deleteOne(
  client: Client,
  { kind, key, uid }: Doomed,
  options: { gracePeriodSeconds?: number; dryRun: boolean },
): Promise<Error | undefined> {
  try {
    await client.delete(kind, key, { uid, ...options });
    return undefined;
  } catch (error) {
    if (isOrchError(error, 'NotFound')) return undefined;
    if (isOrchError(error)) return error;
    throw error;
  }
}

async function waitUntilGone(cli: Cli, client: Client, doomed: readonly Doomed[], timeout: number): Promise<boolean> {
  // Most are gone at once; asking costs less than watching.
  const still = await inParallel(doomed, 8, async (one): Promise<Doomed[]> => {
    try {
      const object = await client.get(one.kind, one.key);
      if (object.metadata.uid === one.uid) return [one];
    } catch (error) {
      if (!isOrchError(error, 'NotFound')) throw error;
    }
    cli.print(`${label(one.kind, one.key.name)} deleted`);
    return [];
  });
  const left = still.flat();
  if (left.length === 0) return true;
  const { waitForObjects } = await import('./wait-for-objects.js');
  const uids = new Map(left.map(({ kind, key, uid }) => [`${kind.plural} ${key.namespace ?? ''}/${key.name}`, uid]));
  const isSame = (object: Stored | undefined, { kind, key }: Target): object is Stored =>
    object !== undefined && object.metadata.uid === uids.get(`${kind.plural} ${key.namespace ?? ''}/${key.name}`);
  const results = await waitForObjects(
    cli,
    client,
    left,
    (object, target) => (isSame(object, target) ? waiting(describeLeft(object)) : done('deleted')),
    timeout,
  );
  let gone = true;
  for (const { target, verdict } of results) {
    const name = label(target.kind, target.key.name);
    if (verdict.type === 'done') cli.print(`${name} deleted`);
    else {
      gone = false;
      cli.note(
        `${cli.colors.red('error:')} ${name} is not gone after ${timeout / 1000} s: ${verdict.text}. The deletion goes on by itself; if its worker will not come back, delete the node, or use --force.`,
      );
    }
  }
  return gone;
}

/** What a deletion waits for, as far as the object tells. */
function describeLeft(object: Stored): string {
  const { finalizers } = object.metadata;
  if (finalizers && finalizers.length > 0) return `waits for ${finalizers.join(', ')}`;
  const { spec, status } = object as {
    spec?: { nodeName?: string };
    status?: { state?: string; reason?: string; message?: string };
  };
  const where = spec?.nodeName === undefined ? '' : ` on ${spec.nodeName}`;
  return status?.state === undefined
    ? 'is being deleted'
    : `is being stopped${where} (${explainState(status.state, status)})`;
}
