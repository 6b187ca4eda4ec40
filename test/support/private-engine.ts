/**
 * A Docker Engine of a test's own in a network namespace of its own, as a second machine would have it. Needs root, dockerd, ip
 * and nsenter. It never touches the engine that others use.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning, killLeftBehind } from './kill-left-behind.js';
import { runCommand } from './orch-process.js';
import { waitFor } from './wait-for.js';

export interface PrivateEngine {
  readonly socket: string;
  /** Where its images and containers lie. */
  readonly dataFolder: string;
  /** `docker ARGS` on this engine; rejects unless it exits with 0. */
  docker(...args: string[]): Promise<string>;
  /** Signals the engine's process; for SIGKILL and SIGTERM waits for its end. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same data. */
  restart(): Promise<void>;
  remove(): Promise<void>;
}

async function must(file: string, ...args: string[]): Promise<string> {
  const result = await runCommand(file, args, { timeoutSeconds: 60 });
  if (result.exitCode !== 0) throw new Error(`${file} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout.trim();
}

export interface PrivateEngineOptions {
  /** Whether containers go on while the engine is down; true by default. */
  liveRestore?: boolean;
  /** Gives the engine's data a disk of its own of so many MiB. */
  diskMebibytes?: number;
}

export async function startPrivateEngine(name: string, options: PrivateEngineOptions = {}): Promise<PrivateEngine> {
  const directory = await mkdtemp(join(tmpdir(), `orch-engine-${name}-`));
  const namespace = `orch-${process.pid}-${name}`;
  const socket = join(directory, 'docker.sock');
  const logPath = join(directory, 'dockerd.log');
  const dataFolder = join(directory, 'data');
  let child: ChildProcess;
  let ended: Promise<unknown>;

  const docker = (...args: string[]): Promise<string> => must('docker', '--host', `unix://${socket}`, ...args);

  async function start(): Promise<void> {
    const out = openSync(logPath, 'a');
    child = spawn(
      'nsenter',
      [
        ...[`--net=/run/netns/${namespace}`, 'dockerd', '--data-root', dataFolder],
        ...['--exec-root', join(directory, 'exec'), '--pidfile', join(directory, 'pid'), '--host', `unix://${socket}`],
        ...['--cgroup-parent', `/${namespace}`, ...(options.liveRestore === false ? [] : ['--live-restore'])],
      ],
      { stdio: ['ignore', out, out] },
    );
    closeSync(out);
    ended = once(child, 'exit');
    await waitFor(`the engine ${name} to answer`, () => docker('version').then(() => true), 60).catch(
      (error: unknown) => {
        throw new Error(`dockerd did not come up:\n${readFileSync(logPath, 'utf8').slice(-2000)}`, { cause: error });
      },
    );
  }

  await must('ip', 'netns', 'add', namespace);
  const engine: PrivateEngine = {
    socket,
    dataFolder,
    docker,
    signal: async (signal) => {
      child.kill(signal);
      if (signal !== 'SIGKILL' && signal !== 'SIGTERM') return;
      await ended;
      // The engine's containerd dies with it, a moment later, and may stay a zombie for long. The next engine would take either for
      // alive by its pid file, and wait for it in vain.
      const pidFile = join(directory, 'exec', 'containerd', 'containerd.pid');
      const pid = readPid(pidFile);
      if (pid !== undefined) await waitFor('containerd to end', () => !isRunning(pid), 15);
      await rm(pidFile, { force: true });
    },
    restart: start,
    remove: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGCONT');
        const ids = await docker('ps', '--all', '--quiet').catch(() => '');
        if (ids !== '') await docker('rm', '--force', ...ids.split('\n')).catch(() => undefined);
        child.kill('SIGTERM');
        await ended;
      }
      // A killed engine leaves its containerd, the shims of its containers, and a bind mount on its data behind.
      await stopContainerd(join(directory, 'exec', 'containerd', 'containerd.pid'));
      await killLeftBehind(directory, namespace);
      await runCommand('sh', ['-c', `grep -o '${directory}[^ ]*' /proc/self/mounts | sort -r | xargs -r -n 1 umount`]);
      await must('ip', 'netns', 'delete', namespace);
      await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await must('nsenter', `--net=/run/netns/${namespace}`, 'ip', 'link', 'set', 'lo', 'up');
    if (options.diskMebibytes !== undefined) {
      await mkdir(dataFolder);
      await must('mount', '-t', 'tmpfs', '-o', `size=${options.diskMebibytes}m`, 'tmpfs', dataFolder);
    }
    await start();
    const archive = join(directory, 'busybox.tar');
    await must('docker', 'save', '--output', archive, 'busybox:latest');
    await docker('load', '--input', archive);
    return engine;
  } catch (error) {
    await engine.remove();
    throw error;
  }
}

async function stopContainerd(pidFile: string): Promise<void> {
  const pid = readPid(pidFile);
  if (pid === undefined || !isRunning(pid)) return;
  process.kill(pid, 'SIGTERM');
  await waitFor('containerd to end', () => !isRunning(pid), 15);
}

function readPid(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
