import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, type TestContext } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { startTestApi, type TestApi } from './api-harness.js';

/** The real kubectl, with a home of its own: what it caches of one server must not reach the next on the same port. */
export interface Kubectl {
  /** Where `file` and `write` put files; the current folder of every command. */
  home: string;
  file(name: string): string;
  write(name: string, text: string): Promise<string>;
  run(words: readonly string[], options?: KubectlOptions): Promise<KubectlOutput>;
  /** Expects exit code 0 and gives what was printed. */
  succeeds(...words: string[]): Promise<string>;
  /** Expects a failure and gives what was printed as an error. */
  fails(...words: string[]): Promise<string>;
  /** A command that goes on until it is killed. */
  follow(...words: string[]): FollowedKubectl;
  /** The same with options; its input stays open. */
  start(words: readonly string[], options?: KubectlOptions): FollowedKubectl;
  remove(): Promise<void>;
}

interface KubectlOptions {
  env?: Record<string, string>;
  stdin?: string;
  /** One of the older binaries beside the dispatcher: '1.29'. */
  version?: string;
}

interface KubectlOutput {
  code: number;
  stdout: string;
  stderr: string;
}

interface FollowedKubectl {
  child: ChildProcess;
  /** Resolves with what was printed as soon as it has this many lines. */
  lines(count: number): Promise<string[]>;
  stdout(): string;
  stderr(): string;
  exited: Promise<number>;
  kill(): void;
}

const deadlineMilliseconds = 25_000;

/**
 * What the tests of a file share: started before the first, closed after the last. Where there is no kubectl nothing is
 * started and every test is skipped, and says so.
 */
export function useKubectl<T extends { kubectl: Kubectl; close(): Promise<void> }>(
  start: () => Promise<T>,
  onStarted: (started: T) => void | Promise<void>,
): void {
  const isThere = spawnSync('kubectl', ['version', '--client']).status === 0;
  let started: T | undefined;
  beforeAll(async () => {
    if (!isThere) return;
    started = await start();
    await onStarted(started);
  });
  afterAll(() => started?.close());
  beforeEach((context) => {
    if (!isThere) context.skip('kubectl IS NOT INSTALLED on this machine: nothing below was tested');
  });
}

/** An API over a store in memory, with no manager behind it, and the real kubectl against it. */
export async function startApiWithKubectl(): Promise<{ api: TestApi; kubectl: Kubectl; close(): Promise<void> }> {
  const api = await startTestApi();
  const kubectl = await startKubectl(api.kubeconfig);
  return {
    api,
    kubectl,
    close: async () => {
      await kubectl.remove();
      await api.close();
    },
  };
}

/** Skips one test, and says so, where this older kubectl is missing. */
export function needsKubectlVersion(context: TestContext, version: string): void {
  if (!existsSync(binary(version))) {
    context.skip(`kubectl ${version} IS NOT INSTALLED on this machine: this was not tested`);
  }
}

export async function startKubectl(kubeconfig: string): Promise<Kubectl> {
  const home = await mkdtemp(join(tmpdir(), 'orch-kubectl-'));
  await writeFile(join(home, 'config'), kubeconfig, { mode: 0o600 });
  // kubectl keeps what an edit could not save among its temporary files.
  const environment = { ...process.env, HOME: home, TMPDIR: home, KUBECONFIG: join(home, 'config') };
  const file = (name: string): string => join(home, name);
  const run: Kubectl['run'] = (words, { env, stdin, version } = {}) =>
    new Promise((resolve) => {
      const settings = {
        cwd: home,
        env: { ...environment, ...env },
        timeout: deadlineMilliseconds,
        maxBuffer: 64 * 2 ** 20,
      };
      const child = execFile(binary(version), words, settings, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
      });
      child.stdin?.on('error', () => undefined); // it may end before it has read everything
      child.stdin?.end(stdin ?? '');
    });
  const start: Kubectl['start'] = (words, { env, version } = {}) => {
    const child = spawn(binary(version), words, { cwd: home, env: { ...environment, ...env } });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.on('error', () => undefined);
    return {
      child,
      async lines(count) {
        await waitFor(`${count} lines of kubectl ${words.join(' ')}`, () => stdout.split('\n').length > count, 20);
        return stdout.trimEnd().split('\n');
      },
      stdout: () => stdout,
      stderr: () => stderr,
      exited: new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1))),
      kill: () => void child.kill(),
    };
  };
  return {
    home,
    file,
    async write(name, text) {
      await writeFile(file(name), text);
      return file(name);
    },
    run,
    async succeeds(...words) {
      const { code, stdout, stderr } = await run(words);
      expect(code, `kubectl ${words.join(' ')}: ${stderr}`).toBe(0);
      return stdout;
    },
    async fails(...words) {
      const { code, stdout, stderr } = await run(words);
      expect(code, `kubectl ${words.join(' ')}: ${stdout}`).not.toBe(0);
      return stderr;
    },
    follow: (...words) => start(words),
    start,
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

function binary(version: string | undefined): string {
  return version === undefined ? 'kubectl' : join(siblings() ?? '', `kubectl.${version}`);
}

/** Where the kubectl lies that is really run, with its siblings of other versions. */
function siblings(): string | undefined {
  const found = spawnSync('which', ['kubectl'], { encoding: 'utf8' });
  return found.status === 0 ? dirname(realpathSync(found.stdout.trim())) : undefined;
}
