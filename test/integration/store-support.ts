import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLevelStore } from '../../src/store/level/open-level-store.js';
import type { Store } from '../../src/store/store.js';
import { createSystemClock } from '../../src/support/clock.js';
import { errorMessage } from '../../src/support/errors.js';
import { silentLogger } from '../../src/support/logger.js';
import { createSystemRandom } from '../../src/support/random.js';

export function openStore(directory: string, options: { historyLimit?: number; uid?: string } = {}): Promise<Store> {
  const random = createSystemRandom();
  const { uid = random.uuid() } = options;
  return openLevelStore({
    directory,
    random: { ...random, uuid: () => uid },
    clock: createSystemClock(),
    logger: silentLogger,
    ...options,
  });
}

/** Runs `work` with a new folder and removes it afterwards. */
export async function withFolder(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'orch-store-'));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Why the store does not open. */
export async function refusalToOpen(directory: string): Promise<string> {
  try {
    const store = await openStore(directory);
    await store.close();
  } catch (error) {
    return errorMessage(error);
  }
  return 'it opened';
}

/** A process that runs store-writer.ts. */
export interface Writer {
  readonly pid: number;
  /** Whole lines it has printed so far. */
  lines(): string[];
  /** Resolves with the first line that starts so; rejects when the process ends without one. */
  line(start: string): Promise<string>;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** `before` is shell text before the command, `through` a program that runs it in its own process, as `strace -D` does. */
export function startWriter(
  directory: string,
  round: string,
  { before = '', through = '' }: { before?: string; through?: string } = {},
): Writer {
  const script = fileURLToPath(new URL('store-writer.ts', import.meta.url));
  const command = `${before} exec ${through} "$0" --import tsx "$@"`;
  const child: ChildProcessWithoutNullStreams = spawn('sh', [
    '-c',
    command,
    process.execPath,
    script,
    directory,
    round,
  ]);
  let output = '';
  let complaints = '';
  let ended = false;
  const changed = new Set<() => void>();
  const change = (): void => changed.forEach((listener) => listener());
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
    change();
  });
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const gone = new Promise<void>((resolve) => {
    child.on('close', () => {
      ended = true;
      change();
      resolve();
    });
  });
  const lines = (): string[] => output.split('\n').slice(0, -1);
  return {
    pid: child.pid as number,
    lines,
    line: (start) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines().find((line) => line.startsWith(start));
          if (found === undefined && !ended) return;
          changed.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`the writer ended without "${start}": ${complaints}`));
        };
        changed.add(look);
        look();
      }),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Text without repetitions, always the same for the same arguments: it does not compress. */
export function noise(length: number, seed: number): string {
  let state = seed + 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCharCode(33 + (Math.floor(state / 1_000) % 90));
  }).join('');
}
