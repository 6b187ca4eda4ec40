import type { Command } from 'commander';
import { readLines } from '../client/json-lines.js';
import { errorFromAnswer } from '../client/status-error.js';
import { objectPath } from '../client/resource-path.js';
import type { StoredTask } from '../model/task.js';
import { taskKind } from '../model/task.js';
import { backoffDelay } from '../support/backoff.js';
import { sleep } from '../support/clock.js';
import { isOrchError, OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import type { Connection } from './connection.js';
import { withConnection } from './connection.js';
import { LogPosition, textOfLine } from './log-lines.js';
import { outputDrained } from './output-drained.js';
import { parseDuration, parseWhole } from './parse-duration.js';
import { findTask } from './task-target.js';
import type { Verdict } from './verdict.js';
import { done, explainState, waiting } from './verdict.js';

interface LogsOptions {
  follow?: boolean;
  tail?: string;
  since?: string;
  sinceTime?: string;
  previous?: boolean;
  timestamps?: boolean;
}

const maxLineBytes = 2 ** 20;

export function defineLogs(command: Command, cli: Cli): void {
  command
    .argument('<task>', 'NAME, task/NAME or deployment/NAME')
    .option('-f, --follow', 'go on and print what comes, across restarts of the container')
    .option('--tail <lines>', 'only the last lines; -1: all')
    .option('--since <time>', 'only of the last 30s, 5m, 2h')
    .option('--since-time <time>', 'only after this time: 2026-01-31T12:00:00Z')
    .option('-p, --previous', 'the output of the container before the present one')
    .option('--timestamps', 'with the time of each line')
    .addHelpText(
      'after',
      `
Examples:
  orch logs web
  orch logs -f task/web --tail 20
  orch logs web --previous                    # why did it end?`,
    );
  cli.run<LogsOptions>(command, async (operands, options) => {
    const words = operands.filter((word) => word !== 'task' && word !== 'tasks');
    const [word = '', ...more] = words.length === 0 ? operands : words;
    if (more.length > 0) throw new OrchError('BadRequest', 'logs are of one task at a time');
    const query = logQuery(cli, options);
    return withConnection(cli.environment, options, async (connection) => {
      const name = await findTask(cli, connection, word, 'orch logs');
      const task = { namespace: connection.namespace, name };
      if (options.follow && !options.previous)
        await followLogs(cli, connection, task, query, options.timestamps === true);
      else await printLogs(cli, connection, task, query);
    });
  });
}

function logQuery(cli: Cli, options: LogsOptions): Record<string, string> {
  const tail = options.tail === undefined ? -1 : parseWhole(options.tail, '--tail', -1, 10_000_000);
  if (options.sinceTime !== undefined && Number.isNaN(Date.parse(options.sinceTime))) {
    throw new OrchError('BadRequest', `--since-time ${options.sinceTime}: write it like 2026-01-31T12:00:00Z`);
  }
  const since =
    options.since === undefined
      ? options.sinceTime
      : new Date(cli.environment.clock.now() - parseDuration(options.since, '--since')).toISOString();
  return {
    ...(tail >= 0 ? { tailLines: String(tail) } : {}),
    ...(since === undefined ? {} : { sinceTime: since }),
    ...(options.previous ? { previous: 'true' } : {}),
    ...(options.timestamps ? { timestamps: 'true' } : {}),
  };
}

type TaskKey = { namespace: string; name: string };

async function openLog(
  { client }: Connection,
  key: TaskKey,
  query: Record<string, string>,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const response = await client.request({
    method: 'GET',
    path: objectPath(taskKind, key, 'log'),
    query,
    // A quiet task is quiet for as long as it likes.
    idleTimeoutMilliseconds: query['follow'] === 'true' ? 0 : 60_000,
    signal,
  });
  if (response.status >= 400) throw errorFromAnswer(response.status, await response.text());
  return response.body;
}

/** Prints what a container said so far. */
export async function printLogs(
  cli: Cli,
  connection: Connection,
  key: TaskKey,
  query: Record<string, string>,
): Promise<void> {
  const { stdout } = cli.environment;
  for await (const chunk of await openLog(connection, key, query, cli.signal)) {
    if (stdout.destroyed) return;
    if (!stdout.write(chunk)) await outputDrained(stdout);
  }
}

/**
 * Follows one container, then the next one of the same task, until the task has ended for good. A cut connection is taken
 * up again; no line is shown twice.
 */
async function followLogs(
  cli: Cli,
  connection: Connection,
  key: TaskKey,
  query: Record<string, string>,
  timestamps: boolean,
): Promise<void> {
  const { stdout, clock } = cli.environment;
  const position = new LogPosition();
  let failures = 0;
  let followed: string | undefined;
  while (!cli.signal.aborted && !stdout.destroyed) {
    const task = await nextContainer(cli, connection, key, followed);
    if (task === undefined) return;
    followed = task.status?.containerID;
    const resumed = position.since === undefined ? query : { sinceTime: position.since };
    position.restart();
    let lines = 0;
    try {
      const body = await openLog(connection, key, { ...resumed, follow: 'true', timestamps: 'true' }, cli.signal);
      for await (const line of readLines(endingWithLineFeed(body), maxLineBytes)) {
        if (!position.accept(line)) continue;
        lines += 1;
        if (!stdout.write(`${timestamps ? line : textOfLine(line)}\n`)) {
          await outputDrained(stdout);
        }
        if (stdout.destroyed) return;
      }
    } catch (error) {
      if (cli.signal.aborted) return;
      const passing = isOrchError(error, 'ServiceUnavailable') || isOrchError(error, 'Timeout');
      // A container that is being replaced has no log for a moment.
      if (!passing && !(position.since !== undefined && isOrchError(error))) throw error;
      if (failures === 0) cli.warn(`${error.message}; trying again`);
    }
    failures = lines > 0 ? 0 : failures + 1;
    const delay = backoffDelay({ initialMilliseconds: 100, maxMilliseconds: 5_000 }, failures);
    await sleep(clock, delay, cli.signal);
  }
}

/**
 * The task once it has a container that may still say something: another than `followed`, or the same while it runs.
 * Undefined when the task has ended for good or is gone.
 */
async function nextContainer(
  cli: Cli,
  connection: Connection,
  key: TaskKey,
  followed: string | undefined,
): Promise<StoredTask | undefined> {
  const { waitForObjects } = await import('./wait-for-objects.js');
  let found: StoredTask | undefined;
  let gone = false;
  const judge = (task: StoredTask | undefined): Verdict => {
    found = task;
    gone = task === undefined;
    if (task === undefined) return done('is gone');
    const { containerID, state = 'Pending' } = task.status ?? {};
    if (containerID !== undefined && (containerID !== followed || state === 'Running')) return done('has output');
    if (hasEnded(task)) return done('has ended');
    return waiting(explainState(state, task.status));
  };
  // The first look is an ordinary question, so that a task that does not exist is told as such.
  found = await connection.client.get<StoredTask>(taskKind, key).catch((error: unknown) => {
    if (followed !== undefined && isOrchError(error, 'NotFound')) return undefined;
    throw error;
  });
  if (judge(found).type === 'waiting') {
    await waitForObjects(
      cli,
      connection.client,
      [{ kind: taskKind, key }],
      (object) => judge(object as StoredTask | undefined),
      0,
    );
  }
  if (cli.signal.aborted || gone || found === undefined) return undefined;
  return found.status?.containerID === followed && hasEnded(found) ? undefined : found;
}

/** Whether no further container is to come unless somebody asks for it. */
function hasEnded({ spec, status }: StoredTask): boolean {
  return status?.state === 'Completed' || (status?.state === 'Failed' && spec.restartPolicy === 'Never');
}

/** Output need not end with a line feed; readLines would take its last line for a broken one. */
async function* endingWithLineFeed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let last: number | undefined;
  for await (const chunk of chunks) {
    yield chunk;
    last = chunk.at(-1) ?? last;
  }
  if (last !== undefined && last !== 0x0a) yield new Uint8Array([0x0a]);
}
