/**
 * orch as its users have it: the built CLI, as processes, in a temp folder of its own, on the real engine. Everything made here
 * is removed by `removeAll`, containers by the cluster uid in their labels.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { waitFor } from './wait-for.js';

const orchPath = resolve(import.meta.dirname, '../../dist/orch.js');

export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface TaskView {
  metadata: { name: string; uid: string; generation: number; resourceVersion: string };
  spec: { nodeName?: string; image: string; desiredState?: string };
  status?: {
    state?: string;
    reason?: string;
    message?: string;
    containerID?: string;
    restartCount?: number;
    attempt?: number;
    exitCode?: number;
    oomKilled?: boolean;
    startTime?: string;
  };
}

/** Runs a command to its end. Never rejects on an exit code. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: { input?: string; env?: Record<string, string>; timeoutSeconds?: number } = {},
): Promise<CommandResult> {
  return new Promise((done, fail) => {
    const child = execFile(
      file,
      args,
      {
        env: { ...process.env, NO_COLOR: '1', ...options.env },
        timeout: (options.timeoutSeconds ?? 60) * 1000,
        killSignal: 'SIGKILL',
        maxBuffer: 32 * 2 ** 20,
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === 'number') done({ exitCode: code, stdout, stderr });
        else
          fail(new Error(`${file} ${args.join(' ')} did not end by itself: ${error?.message}\n${stdout}\n${stderr}`));
      },
    );
    // A command that ends without reading its input is none of our business.
    child.stdin?.on('error', () => undefined).end(options.input ?? '');
  });
}

export async function docker(...args: string[]): Promise<string> {
  const result = await runCommand('docker', args);
  if (result.exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${result.stderr}`);
  return result.stdout.trim();
}

/**
 * A port that nothing uses, below those that the system gives out by itself: a manager that is killed finds it free again,
 * whoever connects to whatever meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

export interface Daemon {
  readonly pid: number;
  /** What it logged so far. */
  log(): string;
  hasEnded(): boolean;
  /** Signals exactly this process and waits for its end; its exit code, or null when the signal ended it. */
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

export interface TestCluster {
  readonly directory: string;
  readonly port: number;
  readonly kubeconfig: string;
  /** Starts `orch up` on this cluster's folder and waits until it serves. */
  startUp(...flags: string[]): Promise<Daemon>;
  startManager(...flags: string[]): Promise<Daemon>;
  startWorker(name: string, ...flags: string[]): Promise<Daemon>;
  /** The same without waiting until it serves. */
  launchManager(...flags: string[]): Daemon;
  launchWorker(name: string, ...flags: string[]): Daemon;
  /** Starts a CLI command that goes on, like port-forward. */
  launchCommand(name: string, ...args: string[]): Daemon;
  clusterUid(): Promise<string | undefined>;
  /** Runs the CLI against this cluster; any exit code. */
  orch(args: readonly string[], input?: string): Promise<CommandResult>;
  /** Runs the CLI and rejects unless it exits with 0; gives stdout. */
  must(args: readonly string[], input?: string): Promise<string>;
  task(name: string): Promise<TaskView>;
  tasks(): Promise<TaskView[]>;
  waitForState(name: string, state: string, deadlineSeconds?: number): Promise<TaskView>;
  /** Containers of this cluster on the engine, all or only running: `name|id` of the tasks. */
  containers(options?: { running?: boolean }): Promise<{ id: string; task: string; attempt: string }[]>;
  removeAll(): Promise<void>;
}

export async function createTestCluster(): Promise<TestCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'orch-e2e-'));
  const port = await freePort();
  const data = join(directory, 'data');
  const kubeconfig = join(data, 'kubeconfig');
  const daemons: { child: ChildProcess; name: string }[] = [];

  function launch(name: string, args: readonly string[]): Daemon {
    const logPath = join(directory, `${name}.log`);
    const out = openSync(logPath, 'a');
    const child = spawn(process.execPath, [orchPath, ...args], { stdio: ['ignore', out, out] });
    closeSync(out);
    const { pid } = child;
    if (pid === undefined) throw new Error(`${name} did not start`);
    daemons.push({ child, name });
    const log = (): string => readFileSync(logPath, 'utf8');
    const ended = once(child, 'exit');
    return {
      pid,
      log,
      hasEnded: () => child.exitCode !== null || child.signalCode !== null,
      kill: async (signal) => {
        child.kill(signal);
        await ended;
        return child.exitCode;
      },
    };
  }

  async function start(name: string, args: readonly string[], isUp: () => Promise<boolean>): Promise<Daemon> {
    const daemon = launch(name, args);
    await waitFor(`${name} to be up`, async () => {
      if (daemon.hasEnded()) throw new Error(`${name} ended:\n${daemon.log()}`);
      return isUp();
    });
    return daemon;
  }

  const env = { ORCH_CONFIG: kubeconfig };
  const orch = (args: readonly string[], input?: string): Promise<CommandResult> =>
    runCommand(process.execPath, [orchPath, ...args], { env, ...(input === undefined ? {} : { input }) });
  const must = async (args: readonly string[], input?: string): Promise<string> => {
    const result = await orch(args, input);
    if (result.exitCode !== 0)
      throw new Error(`orch ${args.join(' ')}: ${result.exitCode}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const serves = async (): Promise<boolean> => existsSync(kubeconfig) && (await orch(['get', 'nodes'])).exitCode === 0;
  const isReady = async (node?: string): Promise<boolean> => {
    const list = JSON.parse(await must(['get', 'nodes', '-o', 'json'])) as {
      items: { metadata: { name: string }; status?: { conditions?: { type: string; status: string }[] } }[];
    };
    return list.items.some(
      (item) =>
        (node === undefined || item.metadata.name === node) &&
        item.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
    );
  };
  const clusterUid = async (): Promise<string | undefined> => {
    const path = join(data, 'store', 'store.json');
    if (!existsSync(path)) return undefined;
    return (JSON.parse(readFileSync(path, 'utf8')) as { clusterUid: string }).clusterUid;
  };

  const managerArgs = (flags: readonly string[]): string[] => [
    ...['manager', '--data', data, '--port', String(port)],
    ...flags,
  ];
  const workerArgs = (name: string, flags: readonly string[]): string[] => [
    ...['worker', '--manager', `https://127.0.0.1:${port}`, '--name', name, '--data', join(directory, name)],
    ...['--ca-file', join(data, 'pki/ca.crt'), '--join-token-file', join(data, 'join-token'), ...flags],
  ];

  const cluster: TestCluster = {
    directory,
    port,
    kubeconfig,
    startUp: (...flags) =>
      start(
        'up',
        ['up', '--data', data, '--port', String(port), '--name', 'node-1', ...flags],
        async () => (await serves()) && (await isReady()),
      ),
    startManager: (...flags) => start('manager', managerArgs(flags), serves),
    startWorker: (name, ...flags) => start(name, workerArgs(name, flags), () => isReady(name)),
    launchManager: (...flags) => launch('manager', managerArgs(flags)),
    launchWorker: (name, ...flags) => launch(name, workerArgs(name, flags)),
    launchCommand: (name, ...args) => launch(name, [...args, '--config', kubeconfig]),
    clusterUid,
    orch,
    must,
    task: async (name) => JSON.parse(await must(['get', 'task', name, '-o', 'json'])) as TaskView,
    tasks: async () => (JSON.parse(await must(['get', 'tasks', '-A', '-o', 'json'])) as { items: TaskView[] }).items,
    waitForState: (name, state, deadlineSeconds = 40) =>
      waitFor(
        `task ${name} to be ${state}`,
        async () => {
          const task = await cluster.task(name);
          if (task.status?.state === state) return task;
          throw new Error(`it is ${JSON.stringify(task.status)}`);
        },
        deadlineSeconds,
      ),
    containers: async ({ running = false } = {}) => {
      const uid = await clusterUid();
      if (uid === undefined) return [];
      const format = '{{.ID}} {{.Label "orch.dev/task"}} {{.Label "orch.dev/attempt"}}';
      const all = running ? [] : ['--all'];
      const text = await docker(
        'ps',
        ...all,
        '--no-trunc',
        '--filter',
        `label=orch.dev/cluster-uid=${uid}`,
        '--format',
        format,
      );
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [id = '', task = '', attempt = ''] = line.split(' ');
          return { id, task, attempt };
        });
    },
    removeAll: async () => {
      for (const { child } of daemons) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      const uid = await clusterUid();
      const ids = (await cluster.containers()).map(({ id }) => id);
      // Without a uid there never was a worker.
      const own = uid === undefined ? [] : ['--filter', `label=orch.dev/own-cluster-uid=${uid}`];
      const listed = async (...words: string[]): Promise<string[]> =>
        own.length === 0 ? [] : (await docker(...words, ...own)).split('\n').filter((line) => line !== '');
      const all = [...ids, ...(await listed('ps', '--all', '--quiet', '--no-trunc'))];
      if (all.length > 0) await docker('rm', '--force', '--volumes', ...all);
      const volumes = await listed('volume', 'ls', '--quiet');
      if (volumes.length > 0) await docker('volume', 'rm', '--force', ...volumes);
      await rm(directory, { recursive: true, force: true });
    },
  };
  return cluster;
}

/** A Task manifest as YAML would give it. */
export function taskManifest(name: string, spec: Record<string, unknown> = {}): string {
  return JSON.stringify({
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: { name },
    spec: {
      image: 'busybox:latest',
      command: ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 1 & wait $!; done'],
      hostNetwork: true,
      terminationGracePeriodSeconds: 1,
      ...spec,
    },
  });
}

/** Several manifests as one input. */
export function manifests(...texts: string[]): string {
  return texts.join('\n---\n');
}
