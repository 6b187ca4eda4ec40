import { createInformer } from '../client/informer.js';
import type { Client } from '../client/client.js';
import type { Stored } from '../model/api-object.js';
import { formatKey, keyOf } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import { silentLogger } from '../support/logger.js';
import type { Cli } from './cli.js';
import type { Judge, Target, Verdict } from './verdict.js';
import { waiting } from './verdict.js';
import { openProgress } from './progress.js';
import { label } from './resource-arguments.js';
import { watchTrouble } from './trouble-watch.js';

interface WaitResult {
  target: Target;
  verdict: Verdict;
}

/**
 * Follows the targets until each is done or has failed, or the time is up (0: no limit); shows the progress meanwhile.
 * With `explainsTrouble` the verdicts say which task holds a Deployment up, and what a task said last. Resolves with the last verdict of each, those that are still waiting among them. A manager that is away is waited for.
 */
export async function waitForObjects(
  cli: Cli,
  client: Client,
  targets: readonly Target[],
  judge: Judge,
  timeoutMilliseconds: number,
  options: { explainsTrouble?: boolean } = {},
): Promise<WaitResult[]> {
  if (targets.length === 0) return [];
  const { clock, random } = cli.environment;
  const results: WaitResult[] = targets.map((target) => ({ target, verdict: waiting('not looked at yet') }));
  const progress = openProgress(cli);
  const finished = new AbortController();
  const finish = (): void => finished.abort();
  cli.signal.addEventListener('abort', finish, { once: true });
  if (cli.signal.aborted) finish();
  const timer = timeoutMilliseconds > 0 ? clock.setTimer(finish, timeoutMilliseconds) : undefined;

  const looks: (() => void)[] = [];
  const trouble = options.explainsTrouble
    ? watchTrouble(cli, client, targets, () => {
        for (const look of looks) look();
      })
    : undefined;
  const explained = (target: Target, object: Stored | undefined): Verdict => {
    const verdict = judge(object, target);
    const why = verdict.type === 'done' ? undefined : trouble?.explain(target, object);
    return why === undefined ? verdict : { ...verdict, text: `${verdict.text}; ${why}` };
  };
  const informers = groupByCollection(results).map((group) => {
    const judgeAll = (): void => {
      if (!informer.hasSynced && !syncing) return;
      for (const result of group.results) {
        const verdict = explained(result.target, informer.get(result.target.key));
        if (verdict.type === result.verdict.type && verdict.text === result.verdict.text) continue;
        result.verdict = verdict;
        progress.show(label(result.target.kind, result.target.key.name), verdict);
      }
      progress.count(results.filter(({ verdict }) => verdict.type !== 'waiting').length, results.length);
      if (results.every(({ verdict }) => verdict.type !== 'waiting')) finish();
    };
    let syncing = false;
    const names = new Set(group.results.map(({ target }) => formatKey(target.key)));
    const [only] = group.results;
    const informer = createInformer<Stored>({
      client,
      kind: group.kind,
      options: {
        ...(group.namespace === undefined ? {} : { namespace: group.namespace }),
        ...(group.results.length === 1 && only ? { fieldSelector: `metadata.name=${only.target.key.name}` } : {}),
      },
      clock,
      random,
      logger: silentLogger,
      onEvent: ({ object }) => {
        if (informer.hasSynced && names.has(formatKey(keyOf(object)))) judgeAll();
      },
      onSync: () => {
        syncing = true;
        judgeAll();
      },
    });
    looks.push(judgeAll);
    informer.start();
    return informer;
  });

  await new Promise<void>((resolve) => {
    if (finished.signal.aborted) resolve();
    else finished.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  timer?.cancel();
  // What failed for good has ended the wait before its last words have come.
  await trouble?.settled();
  for (const look of looks) look();
  cli.signal.removeEventListener('abort', finish);
  progress.close();
  await Promise.all([trouble?.close(), ...informers.map((informer) => informer.stop())]);
  return results;
}

function groupByCollection(
  results: readonly WaitResult[],
): { kind: Kind; namespace: string | undefined; results: WaitResult[] }[] {
  const groups = new Map<string, { kind: Kind; namespace: string | undefined; results: WaitResult[] }>();
  for (const result of results) {
    const { kind, key } = result.target;
    const id = `${kind.group}/${kind.plural}/${key.namespace ?? ''}`;
    const group = groups.get(id) ?? { kind, namespace: key.namespace, results: [] };
    group.results.push(result);
    groups.set(id, group);
  }
  return [...groups.values()];
}
