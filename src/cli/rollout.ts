import type { Command } from 'commander';
import { deploymentKind, type Deployment } from '../model/deployment.js';
import type { JsonObject } from '../model/json.js';
import { toTimestamp } from '../support/clock.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import type { Connection } from './connection.js';
import { withConnection } from './connection.js';
import { judgeDeployment } from './judge-deployment.js';
import { parseDuration } from './parse-duration.js';
import { label, parseNamed } from './resource-arguments.js';
import { failed } from './verdict.js';
import { own } from '../support/own.js';

interface RolloutOptions {
  timeout: string;
  revision?: string;
  toRevision?: string;
}

const actions = 'status, history, undo, restart, pause or resume';
/** The annotation that `kubectl rollout restart` writes: another template, so all tasks are made anew. */
const restartedAt = 'kubectl.kubernetes.io/restartedAt';

export function defineRollout(command: Command, cli: Cli): void {
  command
    .argument('<action>', actions)
    .argument('<deployments...>', 'NAME or deployment/NAME')
    .option('--timeout <time>', 'how long `status` waits; 0 for ever', '0')
    .option('--revision <number>', 'of which revision `history` shows the template')
    .option('--to-revision <number>', 'to which revision `undo` goes back')
    .addHelpText(
      'after',
      `
  status    waits until the tasks are all of the present template and available; fails when that makes no progress
  history   lists the templates that were brought out, or shows one of them
  undo      goes back to the template of before, or to that of a revision
  restart   makes all tasks anew, within the bounds of the strategy
  pause     brings no change of the template out until \`resume\`

Examples:
  orch rollout status web --timeout 2m
  orch rollout history web --revision=2
  orch rollout undo web --to-revision=2
  orch rollout restart deployment/web`,
    );
  cli.run<RolloutOptions>(command, async ([action = '', ...words], options) => {
    const timeout = parseDuration(options.timeout, '--timeout');
    const names = words.map((word) => parseNamed(word, deploymentKind, 'orch rollout'));
    const [revision, toRevision] = [
      parseRevision('--revision', options.revision),
      parseRevision('--to-revision', options.toRevision),
    ];
    const change = own(changes, action);
    if (!['status', 'history', 'undo'].includes(action) && change === undefined) {
      throw new OrchError('BadRequest', `orch rollout ${action}: choose ${actions}`);
    }
    return withConnection(cli.environment, options, async (connection) => {
      if (action === 'history' || action === 'undo') {
        const { showHistory, undoRollout } = await import('./rollout-history.js');
        for (const name of names) {
          if (action === 'history') await showHistory(cli, connection, name, revision);
          else await undoRollout(cli, connection, name, toRevision);
        }
        return 0;
      }
      if (change === undefined) return waitForRollout(cli, connection, names, timeout);
      const { client, namespace } = connection;
      for (const name of names) {
        const patch = { spec: change.spec(toTimestamp(cli.environment.clock.now())) };
        await client.patch(deploymentKind, { namespace, name }, patch, { fieldManager: 'orch-cli' });
        cli.print(`${label(deploymentKind, name)} ${change.said}`);
      }
      return 0;
    });
  });
}

/** As kubectl: 0 is the same as none. */
function parseRevision(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new OrchError('BadRequest', `${option} ${text}: give the number of a revision`);
  return Number(text) === 0 ? undefined : Number(text);
}

const changes: Readonly<Record<string, { said: string; spec(now: string): JsonObject }>> = {
  restart: {
    said: 'restarted',
    spec: (now) => ({ template: { metadata: { annotations: { [restartedAt]: now } } } }),
  },
  pause: { said: 'paused', spec: () => ({ paused: true }) },
  resume: { said: 'resumed', spec: () => ({ paused: null }) },
};

async function waitForRollout(
  cli: Cli,
  { client, namespace }: Connection,
  names: readonly string[],
  timeout: number,
): Promise<number> {
  const { waitForObjects } = await import('./wait-for-objects.js');
  const results = await waitForObjects(
    cli,
    client,
    names.map((name) => ({ kind: deploymentKind, key: { namespace, name } })),
    (object) => (object === undefined ? failed('is not there') : judgeDeployment(object as unknown as Deployment)),
    timeout,
    { explainsTrouble: true },
  );
  for (const { target, verdict } of results) {
    const name = label(deploymentKind, target.key.name);
    if (verdict.type === 'done') cli.print(`${name} ${verdict.text}`);
    else cli.note(`${cli.colors.red('error:')} ${name}: ${verdict.text}`);
  }
  return results.every(({ verdict }) => verdict.type === 'done') ? 0 : 1;
}
