import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect } from 'vitest';
import { waitFor } from '../support/wait-for.js';

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
  remove(): Promise<void>;
}

interface KubectlOptions {
  env?: Record<string, string>;
  stdin?: string;
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
  kill(): void;
}

const deadlineMilliseconds = 25_000;

/** Skips every test of the file, and says so, where there is no kubectl. */
export function skipWithoutKubectl(): void {
  const isThere = spawnSync('kubectl', ['version', '--client']).status === 0;
  beforeEach((context) => {
    if (!isThere) context.skip('kubectl IS NOT INSTALLED on this machine: nothing below was tested');
  });
}

export async function startKubectl(kubeconfig: string): Promise<Kubectl> {
  const home = await mkdtemp(join(tmpdir(), 'orch-kubectl-'));
  await writeFile(join(home, 'config'), kubeconfig, { mode: 0o600 });
  const environment = { ...process.env, HOME: home, KUBECONFIG: join(home, 'config') };
  const file = (name: string): string => join(home, name);
  const run: Kubectl['run'] = (words, { env, stdin } = {}) =>
    new Promise((resolve) => {
      const settings = { cwd: home, env: { ...environment, ...env }, timeout: deadlineMilliseconds };
      const child = execFile('kubectl', words, settings, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
      });
      child.stdin?.end(stdin ?? '');
    });
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
    follow(...words) {
      const child = spawn('kubectl', words, { cwd: home, env: environment });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      return {
        child,
        async lines(count) {
          await waitFor(`${count} lines of kubectl ${words.join(' ')}`, () => text.split('\n').length > count, 20);
          return text.trimEnd().split('\n');
        },
        kill: () => void child.kill(),
      };
    },
    remove: () => rm(home, { recursive: true, force: true }),
  };
}
