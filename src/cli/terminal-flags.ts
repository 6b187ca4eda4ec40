import type { Cli } from './cli.js';
import type { SessionStreams } from './command-session.js';

/** -i and -t of exec, attach and run. */
export interface TerminalFlags {
  stdin?: boolean;
  tty?: boolean;
}

/** The streams of this process, as the flags say; -t without a terminal is told and left out. */
export function terminalOf(cli: Cli, flags: TerminalFlags): SessionStreams {
  const { stdin, stdout, stderr } = cli.environment;
  const tty = flags.tty === true && stdin.isTTY === true;
  if (flags.tty && !tty) cli.warn('standard input is no terminal: going on without -t');
  return { ...(flags.stdin ? { stdin } : {}), stdout, stderr, tty };
}
