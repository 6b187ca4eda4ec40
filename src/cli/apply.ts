import type { Command } from 'commander';
import type { Client } from '../client/client.js';
import type { Stored } from '../model/api-object.js';
import { deploymentKind, type Deployment } from '../model/deployment.js';
import type { Kind } from '../model/kind.js';
import type { Task } from '../model/task.js';
import { taskKind } from '../model/task.js';
import { errorMessage, isOrchError, OrchError } from '../support/errors.js';
import { sameForUser } from './comparable.js';
import type { Cli } from './cli.js';
import { withConnection } from './connection.js';
import { formatError } from './format-error.js';
import { inParallel } from './in-parallel.js';
import { parseDryRun } from './dry-run.js';
import { judgeDeployment } from './judge-deployment.js';
import { judgeTask } from './judge-task.js';
import type { InputObject, ManifestFlags } from './manifest-flags.js';
import { addManifestFlags } from './manifest-flags.js';
import { count } from './count.js';
import { parseDuration } from './parse-duration.js';
import { pruneTasks } from './prune.js';
import { label } from './resource-arguments.js';
import { failed, type Judge } from './verdict.js';

interface ApplyOptions extends ManifestFlags {
  dryRun?: string | true;
  wait?: boolean;
  timeout: string;
  forceConflicts?: boolean;
  fieldManager: string;
  prune?: boolean;
  selector?: string;
  yes?: boolean;
}

const atOnce = 8;

export function defineApply(command: Command, cli: Cli): void {
  addManifestFlags(command)
    .option('--dry-run [where]', 'change nothing: "client" checks the manifests here, "server" lets the manager judge')
    .option('--wait', 'wait until tasks run (those that end: until they have ended) and deployments are rolled out')
    .option('--timeout <time>', 'how long --wait waits', '5m')
    .option('--force-conflicts', 'take over fields that somebody else has set')
    .option('--field-manager <name>', 'on whose behalf fields are set', 'orch-cli')
    .option('--prune', 'also delete tasks that match -l, were applied like this before, and are not in the input')
    .option('-l, --selector <labels>', 'which tasks --prune may delete')
    .option('--yes', 'let --prune delete more than 20 tasks')
    .addHelpText(
      'after',
      `
All manifests are checked before the first is applied: if one is wrong, nothing changes.

Examples:
  orch apply -f web.yaml
  orch apply -f manifests/ --wait             # and wait until all of it runs
  cat web.yaml | orch apply -f -
  orch apply -f manifests/ --dry-run=server   # what would happen?
  orch apply -f shop/ --prune -l app=shop     # and delete tasks of the shop that are no longer in shop/`,
    );
  cli.run<ApplyOptions>(command, async (_operands, options) => {
    const dryRun = parseDryRun(options.dryRun);
    if (options.filename === undefined) {
      throw new OrchError('BadRequest', 'what should be applied? Name a file, a folder or - with -f');
    }
    if (options.prune && !options.selector) {
      throw new OrchError('BadRequest', '--prune needs -l LABELS, which says what it may delete');
    }
    const timeout = parseDuration(options.timeout, '--timeout');
    if (dryRun === 'client') {
      const { readInput } = await import('./manifest-input.js');
      const input = await readInput(cli, options, options.namespace ?? 'default');
      for (const { kind, key } of input) cli.print(`${label(kind, key.name)} valid (dry run)`);
      return 0;
    }
    return withConnection(cli.environment, options, async ({ client, namespace }) => {
      const { readInput } = await import('./manifest-input.js');
      const input = await readInput(cli, options, namespace);
      const before = await rehearse(cli, client, input, options);
      const dry = dryRun === 'server';
      const applied = await applyAll(cli, client, input, before, options, dry);
      if (applied === undefined) return 1;
      if (options.prune && options.selector) {
        await pruneTasks(cli, client, input, {
          selector: options.selector,
          fieldManager: options.fieldManager,
          allowMany: options.yes === true,
          dryRun: dry,
        });
      }
      return options.wait && !dry ? waitUntilRunning(cli, client, applied, timeout) : 0;
    });
  });
}

/**
 * Lets the manager judge everything without a change, and gives what is there now. Rejects when anything would be
 * refused, after all refusals were printed: so one bad manifest of ten changes nothing.
 */
async function rehearse(
  cli: Cli,
  client: Client,
  input: readonly InputObject[],
  options: ApplyOptions,
): Promise<(Stored | undefined)[]> {
  const comingNamespaces = new Set(input.filter(({ kind }) => kind.kind === 'Namespace').map(({ key }) => key.name));
  let refused = 0;
  let conflicts = false;
  const before = await inParallel(input, atOnce, async ({ kind, key, object, place }) => {
    const live = await getIfThere(client, { kind, key });
    try {
      await client.apply(kind, key, object, { ...applyOptionsOf(options), dryRun: true });
    } catch (error) {
      if (!isOrchError(error) || error.code === 'ServiceUnavailable' || error.code === 'Timeout') throw error;
      // It lives in a namespace that this very input makes.
      if (error.code === 'NotFound' && key.namespace !== undefined && comingNamespaces.has(key.namespace)) return live;
      refused += 1;
      conflicts ||= error.code === 'Conflict';
      cli.note(`${place}: ${label(kind, key.name)}: ${formatError(error, cli.colors).replace(/^\S*error:\S* /, '')}`);
    }
    return live;
  });
  if (refused === 0) return before;
  const advice = conflicts
    ? '\nSomebody else has set those fields. Leave them out of the manifest, give them the same values, or take them over with --force-conflicts.'
    : '';
  throw new OrchError('Invalid', `${count(refused, 'object')} would be refused: nothing was changed${advice}`);
}

/** The applied objects, or undefined when some failed after all; what was done and what was not has been printed. */
async function applyAll(
  cli: Cli,
  client: Client,
  input: readonly InputObject[],
  before: readonly (Stored | undefined)[],
  options: ApplyOptions,
  dryRun: boolean,
): Promise<{ input: InputObject; object: Stored }[] | undefined> {
  const suffix = dryRun ? ' (dry run)' : '';
  const firstOther = input.findIndex(({ kind }) => kind.kind !== 'Namespace');
  const namespaces = firstOther < 0 ? input : input.slice(0, firstOther);
  const applyOne = async (item: InputObject, index: number): Promise<Stored | undefined> => {
    const name = label(item.kind, item.key.name);
    try {
      const result = await client.apply(item.kind, item.key, item.object, { ...applyOptionsOf(options), dryRun });
      const old = before[index];
      const what =
        old === undefined || old.metadata.uid !== result.object.metadata.uid
          ? 'created'
          : sameForUser(old, result.object)
            ? 'unchanged'
            : 'configured';
      cli.print(`${name} ${what}${suffix}`);
      for (const warning of result.warnings) cli.warn(`${name}: ${warning}`);
      return result.object;
    } catch (error) {
      if (dryRun && isOrchError(error, 'NotFound')) {
        // In a namespace that the input makes, but only in earnest.
        cli.print(`${name} created${suffix}`);
        return undefined;
      }
      cli.note(`${name} not applied: ${errorMessage(error)}`);
      return undefined;
    }
  };
  const objects: (Stored | undefined)[] = [];
  for (const [index, item] of namespaces.entries()) objects.push(await applyOne(item, index));
  const others = input.slice(namespaces.length);
  objects.push(...(await inParallel(others, atOnce, (item, index) => applyOne(item, index + namespaces.length))));
  const applied = input.flatMap((item, index) => {
    const object = objects[index];
    return object === undefined ? [] : [{ input: item, object }];
  });
  return applied.length === input.length || dryRun ? applied : undefined;
}

async function waitUntilRunning(
  cli: Cli,
  client: Client,
  applied: readonly { input: InputObject }[],
  timeout: number,
): Promise<number> {
  const { waitForObjects } = await import('./wait-for-objects.js');
  const targets = applied.map(({ input }) => input).filter(({ kind }) => waitedFor.includes(kind));
  const results = await waitForObjects(cli, client, targets, judge, timeout, { explainsTrouble: true });
  let exitCode = 0;
  for (const { target, verdict } of results) {
    const name = label(target.kind, target.key.name);
    if (verdict.type === 'done') cli.print(`${name} ${verdict.text}`);
    else {
      exitCode = 1;
      const late = verdict.type === 'waiting' ? `not ready after ${timeout / 1000} s: ` : '';
      cli.note(`${cli.colors.red('error:')} ${name} ${late}${verdict.text}`);
    }
  }
  if (exitCode !== 0) {
    const failedKinds = results.filter(({ verdict }) => verdict.type !== 'done').map(({ target }) => target.kind);
    const describes = [...new Set(failedKinds)].map(({ singular }) => `\`orch describe ${singular} NAME\``);
    cli.note(`${describes.join(', ')} and \`orch logs NAME\` tell more.`);
  }
  return exitCode;
}

/** What gets anywhere after it was applied. */
const waitedFor: readonly Kind[] = [taskKind, deploymentKind];

const judge: Judge = (object, { kind }) => {
  if (object === undefined) return failed('is gone');
  return kind === deploymentKind
    ? judgeDeployment(object as unknown as Deployment)
    : judgeTask(object as unknown as Task);
};

function applyOptionsOf(options: ApplyOptions): { fieldManager: string; force: boolean } {
  return { fieldManager: options.fieldManager, force: options.forceConflicts === true };
}

async function getIfThere(
  client: Client,
  { kind, key }: Pick<InputObject, 'kind' | 'key'>,
): Promise<Stored | undefined> {
  try {
    return await client.get(kind, key);
  } catch (error) {
    if (isOrchError(error, 'NotFound')) return undefined;
    throw error;
  }
}
