import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import pc from 'picocolors';
import type { Clock } from '../support/clock.js';
import type { Random } from '../support/random.js';
import type { Launchers } from './launchers.js';
import { visible } from './visible.js';

/** All that a command may touch, so that a test can own it. */
export interface CliEnvironment {
  launchers: Launchers;
  clock: Clock;
  random: Random;
  stdin: Readable & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown };
  stdout: TerminalStream;
  stderr: TerminalStream;
  env: Readonly<Record<string, string | undefined>>;
  /** Opens an editor, a shell command, on a file; resolves with its exit code when it is left. */
  openEditor?: (editor: string, file: string) => Promise<number>;
  /** Of this build. */
  version?: string;
  /** Ends what would go on for ever (-w, -f): for tests; people press Ctrl-C. */
  signal?: AbortSignal;
}

export type TerminalStream = Writable & { isTTY?: boolean; columns?: number; rows?: number };

/** Options that every command knows. */
export interface CommonOptions {
  config?: string;
  namespace?: string;
}

/** One run of the command line: where its verbs write, and what it exits with. */
export class Cli {
  exitCode = 0;
  /** Colours, or none when nobody would see them. */
  readonly colors: ReturnType<typeof pc.createColors>;
  /** What would go on for ever ends with it: the environment's, or when nobody reads stdout any more. */
  readonly signal: AbortSignal;
  readonly #unread = new AbortController();

  constructor(readonly environment: CliEnvironment) {
    const { env, stdout, signal } = environment;
    this.colors = pc.createColors(stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb');
    this.signal = AbortSignal.any([this.#unread.signal, ...(signal ? [signal] : [])]);
  }

  /** A line of what was asked for. */
  print(line = ''): void {
    this.environment.stdout.write(`${visible(line, this.colors.isColorSupported)}\n`);
  }

  /** What a program may read (JSON, YAML, a template's text): as it is, unless a terminal shows it. */
  printData(text: string): void {
    const { stdout } = this.environment;
    stdout.write(stdout.isTTY === true ? visible(text) : text);
  }

  /** Who reads us has seen enough (`orch get tasks | head`): ends what goes on, without a word. */
  endUnread(): void {
    this.#unread.abort();
  }

  /** A line about it: warnings, progress, errors. */
  note(line: string): void {
    if (this.#unread.signal.aborted) return;
    this.environment.stderr.write(`${visible(line, this.colors.isColorSupported)}\n`);
  }

  warn(line: string): void {
    this.note(`${this.colors.yellow('warning:')} ${line}`);
  }

  /** Defines what a command does. `run` gets the operands and the options; a number is the exit code. */
  run<T extends object>(
    command: Command,
    run: (operands: string[], options: T & CommonOptions) => Promise<number | void>,
  ): void {
    command.action(async () => {
      this.exitCode = (await run(command.args, command.optsWithGlobals<T & CommonOptions>())) ?? 0;
    });
  }
}
