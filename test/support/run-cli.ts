import { PassThrough, Readable } from 'node:stream';
import type { CliEnvironment } from '../../src/cli/cli.js';
import { main } from '../../src/cli/main.js';
import { createSystemClock } from '../../src/support/clock.js';
import { createSystemRandom } from '../../src/support/random.js';

export interface CliRun {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface RunningCli {
  readonly stdout: string;
  readonly stderr: string;
  stdin: PassThrough;
  /** Ctrl-C. */
  stop(): void;
  ended: Promise<CliRun>;
}

const refuse = async (): Promise<never> => {
  throw new Error('nothing is launched in this test');
};

/** The command line in this process, with streams that can be read while it runs. */
export function startCli(args: readonly string[], options: Partial<CliEnvironment> = {}): RunningCli {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const stdin = new PassThrough();
  const stopping = new AbortController();
  let out = '';
  let err = '';
  stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  const ended = main(args, {
    launchers: { up: refuse, manager: refuse, worker: refuse, restore: refuse },
    clock: createSystemClock(),
    random: createSystemRandom(),
    stdin,
    stdout,
    stderr,
    env: {},
    version: '1.2.3',
    signal: stopping.signal,
    ...options,
  }).then((exitCode) => ({ exitCode, stdout: out, stderr: err }));
  return {
    get stdout() {
      return out;
    },
    get stderr() {
      return err;
    },
    stdin,
    stop: () => stopping.abort(),
    ended,
  };
}

/** Runs the command line to its end. */
export function runCli(
  args: readonly string[],
  options: Partial<CliEnvironment> & { input?: string } = {},
): Promise<CliRun> {
  const { input, ...environment } = options;
  return startCli(args, {
    ...(input === undefined ? {} : { stdin: Readable.from([Buffer.from(input)]) }),
    ...environment,
  }).ended;
}
