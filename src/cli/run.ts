import type { Command } from 'commander';
import type { Task, TaskSpec } from '../model/task.js';
import { taskKind } from '../model/task.js';
import { isOrchError, OrchError } from '../support/errors.js';
import { attachTo } from './attach.js';
import type { Cli } from './cli.js';
import { collect } from './collect.js';
import type { Connection } from './connection.js';
import { withConnection } from './connection.js';
import { parseDryRun } from './dry-run.js';
import { judgeTask } from './judge-task.js';
import { printLogs } from './logs.js';
import { parseDuration } from './parse-duration.js';
import { label } from './resource-arguments.js';
import { terminalOf, type TerminalFlags } from './terminal-flags.js';
import { done, failed, isTerminating, waiting, type Verdict } from './verdict.js';

export interface RunOptions extends TerminalFlags {
  image: string;
  env?: string[];
  port?: string[];
  labels?: string;
  restart?: string;
  command?: boolean;
  rm?: boolean;
  wait?: boolean;
  timeout: string;
  dryRun?: string | true;
}

export function defineRun(command: Command, cli: Cli): void {
  command
    .usage('<name> --image=<image> [options] [-- arguments...]')
    .argument('<name>', 'of the task')
    .argument('[arguments...]', "after --: arguments of the image's program")
    .requiredOption('--image <image>', 'what to run')
    .option('--env <name=value>', 'an environment variable; may be repeated', collect)
    .option('--port <port>', 'a port that the program listens on; may be repeated', collect)
    .option('-l, --labels <labels>', 'labels of the task: a=b,c=d')
    .option('--restart <policy>', 'Always, OnFailure or Never (default: Always; with -i Never)')
    .option('--command', 'take what follows -- as the whole command')
    .option('-i, --stdin', 'attach to the program: pass on standard input, show its output, exit with its code')
    .option('-t, --tty', 'give the program a terminal')
    .option('--rm', 'delete the task when the program has ended; needs -i')
    .option('--wait', 'wait until it runs')
    .option('--timeout <time>', 'how long to wait until it runs', '5m')
    .option('--dry-run [where]', 'create nothing: "client" prints the task, "server" lets the manager judge')
    .addHelpText(
      'after',
      `
Examples:
  orch run web --image=nginx --port=80
  orch run -it --rm shell --image=busybox -- sh
  orch run job --image=busybox --restart=Never --env MODE=fast --command -- sh -c 'echo $MODE'`,
    );
  cli.run<RunOptions>(command, async ([name = '', ...words], options) => {
    if (options.rm && !options.stdin)
      throw new OrchError('BadRequest', '--rm needs -i: who does not wait cannot delete');
    const dryRun = parseDryRun(options.dryRun);
    const timeout = parseDuration(options.timeout, '--timeout');
    const streams = terminalOf(cli, options);
    return withConnection(cli.environment, options, async (connection) => {
      const task = taskOf(name, words, { ...options, tty: streams.tty }, connection.namespace);
      if (dryRun === 'client') {
        const { toYaml } = await import('./output-format.js');
        cli.printData(await toYaml(task));
        return 0;
      }
      const { warnings } = await connection.client.create<Task>(taskKind, task, {
        fieldManager: 'orch-cli',
        dryRun: dryRun === 'server',
      });
      for (const warning of warnings) cli.warn(warning);
      const said = `${label(taskKind, name)} created${dryRun === 'server' ? ' (dry run)' : ''}`;
      // The program's output is what was asked for then.
      if (options.stdin && dryRun === 'none') cli.note(said);
      else cli.print(said);
      if (dryRun !== 'none') return 0;
      if (!options.stdin) return options.wait ? waitUntil(cli, connection, name, isRunning, timeout) : 0;
      try {
        return await follow(cli, connection, name, streams, timeout);
      } finally {
        if (options.rm) await removeTask(cli, connection, name);
      }
    });
  });
}

/** The task that `run` creates. Throws BadRequest for what cannot be one. Pure. */
export function taskOf(name: string, words: readonly string[], options: RunOptions, namespace: string): Task {
  const { image, env = [], port = [], labels, restart = options.stdin ? 'Never' : undefined, stdin, tty } = options;
  if (options.command && words.length === 0) throw new OrchError('BadRequest', '--command needs a command after --');
  if (restart !== undefined && !policies.some((policy) => policy === restart)) {
    throw new OrchError('BadRequest', `--restart ${restart}: choose ${policies.join(', ')}`);
  }
  const spec: TaskSpec = {
    image,
    ...(words.length === 0 ? {} : options.command ? { command: [...words] } : { args: [...words] }),
    ...(env.length === 0 ? {} : { env: env.map(parseVariable) }),
    ...(port.length === 0 ? {} : { ports: port.map((text) => ({ containerPort: parsePort(text) })) }),
    ...(restart === undefined ? {} : { restartPolicy: restart as (typeof policies)[number] }),
    ...(stdin ? { stdin: true, stdinOnce: true } : {}),
    ...(tty ? { tty: true } : {}),
  };
  const metadata = { name, namespace, labels: { run: name, ...parseLabels(labels) } };
  return { apiVersion: 'orch.dev/v1', kind: 'Task', metadata, spec };
}

const policies = ['Always', 'OnFailure', 'Never'] as const;

function parseVariable(text: string): { name: string; value: string } {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new OrchError('BadRequest', `--env ${text}: write NAME=VALUE`);
  return { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new OrchError('BadRequest', `--port ${text}: give a number from 1 to 65535`);
}

function parseLabels(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  const pairs = text.split(',').map((pair): [string, string] => {
    const equals = pair.indexOf('=');
    if (equals <= 0) throw new OrchError('BadRequest', `--labels ${text}: write a=b,c=d`);
    return [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return Object.fromEntries(pairs);
}

/** Attaches once it runs; of a program that has ended before that, prints what it said. Resolves with its exit code. */
async function follow(
  cli: Cli,
  connection: Connection,
  name: string,
  streams: Parameters<typeof attachTo>[3],
  timeout: number,
): Promise<number> {
  const key = { namespace: connection.namespace, name };
  const started = await waitUntil(cli, connection, name, hasStarted, timeout);
  if (started !== 0) return started;
  if (streams.tty) cli.note('If there is no prompt, press Enter.');
  try {
    await attachTo(cli, connection, name, streams);
  } catch (error) {
    // It was too quick to attach to: its log has all that it said.
    if (!isOrchError(error, 'Conflict')) throw error;
    await printLogs(cli, connection, key, {});
  }
  const ended = await waitUntil(cli, connection, name, hasEnded, timeout);
  if (ended !== 0) return ended;
  const { status } = await connection.client.get<Task>(taskKind, key);
  return status?.exitCode ?? (status?.state === 'Failed' ? 1 : 0);
}

function isRunning(task: Task): Verdict {
  return judgeTask(task);
}

function hasStarted(task: Task): Verdict {
  const { state = 'Pending', containerID } = task.status ?? {};
  const hasOutput = containerID !== undefined && state !== 'Pending' && state !== 'Scheduled';
  return hasOutput ? done(state) : judgeTask(task);
}

/** Of one that is started again nobody waits for the last end. */
function hasEnded(task: Task): Verdict {
  const { state = 'Pending' } = task.status ?? {};
  const isOver = state === 'Completed' || state === 'Failed' || task.spec.restartPolicy !== 'Never';
  return isOver || isTerminating(task) ? done(state) : waiting(state);
}

async function waitUntil(
  cli: Cli,
  { client, namespace }: Connection,
  name: string,
  judge: (task: Task) => Verdict,
  timeout: number,
): Promise<number> {
  const { waitForObjects } = await import('./wait-for-objects.js');
  const target = { kind: taskKind, key: { namespace, name } };
  const judgeObject = (object: unknown): Verdict => (object === undefined ? failed('is gone') : judge(object as Task));
  const [result] = await waitForObjects(cli, client, [target], judgeObject, timeout, { explainsTrouble: true });
  const { type, text } = result?.verdict ?? failed('is gone');
  if (type === 'done') return 0;
  cli.note(`${cli.colors.red('error:')} ${label(taskKind, name)} ${type === 'failed' ? '' : 'does not run: '}${text}`);
  return 1;
}

async function removeTask(cli: Cli, { client, namespace }: Connection, name: string): Promise<void> {
  await client.delete(taskKind, { namespace, name }).catch((error: unknown) => {
    if (!isOrchError(error, 'NotFound')) throw error;
  });
  cli.note(`${label(taskKind, name)} deleted`);
}
