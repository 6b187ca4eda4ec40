import { createInformer } from '../client/informer.js';
import type { Client } from '../client/client.js';
import { objectPath } from '../client/resource-path.js';
import type { Stored } from '../model/api-object.js';
import { deploymentKind } from '../model/deployment.js';
import { taskKind, type StoredTask } from '../model/task.js';
import { silentLogger } from '../support/logger.js';
import type { Cli } from './cli.js';
import type { Target } from './verdict.js';
import { hasLastWords, worstTask } from './worst-task.js';

/**
 * Says why targets are not there yet: the worst task of a Deployment, and the last line that a task printed before it ended.
 * Follows the tasks of the namespaces while it is open; `onChange` is called when it has something else to say.
 */
export interface TroubleWatch {
  explain(target: Target, object: Stored | undefined): string | undefined;
  /** Resolves when everything that was asked for has come, or not. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export function watchTrouble(cli: Cli, client: Client, targets: readonly Target[], onChange: () => void): TroubleWatch {
  const { clock, random } = cli.environment;
  const namespaces = new Set(targets.filter(({ kind }) => kind === deploymentKind).map(({ key }) => key.namespace));
  const lastWords = new Map<string, string>();
  const asking = new Set<Promise<void>>();
  const informers = [...namespaces].map((namespace) => {
    const informer = createInformer<StoredTask>({
      client,
      kind: taskKind,
      options: namespace === undefined ? {} : { namespace },
      clock,
      random,
      logger: silentLogger,
      onEvent: onChange,
      onSync: onChange,
    });
    informer.start();
    return informer;
  });
  const wordsOf = (task: StoredTask): string => {
    if (!hasLastWords(task)) return '';
    const id = `${task.metadata.uid} ${task.status?.restartCount ?? 0} ${task.status?.containerID ?? ''}`;
    const known = lastWords.get(id);
    if (known === undefined) {
      lastWords.set(id, '');
      const asked = lastLine(client, task).then((line) => {
        lastWords.set(id, line);
        asking.delete(asked);
        if (line !== '') onChange();
      });
      asking.add(asked);
    }
    return known === undefined || known === '' ? '' : `, its last line: ${JSON.stringify(known)}`;
  };
  return {
    explain: ({ kind }, object) => {
      if (object === undefined) return undefined;
      if (kind === taskKind) return wordsOf(object as unknown as StoredTask).slice(2) || undefined;
      const worst = worstTask(
        object,
        informers.flatMap((informer) => informer.list()),
      );
      return worst && `${worst.text}${wordsOf(worst.task)}`;
    },
    settled: async () => void (await Promise.all(asking)),
    close: async () => void (await Promise.all(informers.map((informer) => informer.stop()))),
  };
}

const maxLineCharacters = 200;

/** '' when there is none to be had: this is only to help. */
async function lastLine(client: Client, { metadata }: StoredTask): Promise<string> {
  try {
    const path = objectPath(taskKind, { namespace: metadata.namespace ?? '', name: metadata.name }, 'log');
    const response = await client.request({
      method: 'GET',
      path,
      query: { tailLines: '1', limitBytes: '4096' },
      timeoutMilliseconds: 5_000,
      idleTimeoutMilliseconds: 5_000,
    });
    const text = await response.text();
    return response.status >= 400 ? '' : text.trim().slice(0, maxLineCharacters);
  } catch {
    return '';
  }
}
